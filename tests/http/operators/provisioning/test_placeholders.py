"""Placeholders: the known ones, tables of values, copies."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.fleet.records import Role
from daemon.http.operators.provisioning.placeholders import MAX_VALUES
from daemon.provisioning.sealing import open_values
from daemon.provisioning.templates.check import MASK
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.operators_desk import DeskWithFleet
from tests.support.provisioned import SEALER

URL = "/api/v1/placeholders"
DEVICE = f"{URL}/device/{MAC}"


def item(answer: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in answer.json()["items"] if each["name"] == name)
    return found


async def test_every_known_placeholder_is_there_with_its_default() -> None:
    async with DeskWithFleet().script(Role.MONITOR) as client:
        answer = await client.get(URL)
    assert item(answer, "LDAPMaxHits") == {
        "name": "LDAPMaxHits",
        "description": "results at most",
        "takes": "a whole number from 1 to 1000",
        "family": "system",
        "default": "50",
        "computed": "",
        "secret": False,
        "value": "50",
        "origin": "",
    }
    assert (item(answer, "KeepAlivePeriod")["value"], item(answer, "KeepAlivePeriod")["computed"]) == (
        None,
        "keep_alive.period",
    )


async def test_the_most_specific_scope_wins_and_is_named() -> None:
    desk = DeskWithFleet(record(site="hq"))
    scopes = ("system", "template/420HD", "tenant/acme", "site/acme/hq", f"device/{MAC}")
    families = []
    async with desk.at_socket() as client:
        for number, scope in enumerate(scopes):
            put = await client.put(f"{URL}/{scope}", json={"values": {"VLANID": str(number)}})
            assert put.json() == {"values": {"VLANID": str(number)}}
            found = item(await client.get(URL, params={"device": MAC}), "VLANID")
            families.append((found["origin"], found["value"]))
        for scope in scopes:
            assert (await client.get(f"{URL}/{scope}")).json()["values"] != {}
            assert (await client.delete(f"{URL}/{scope}")).status_code == 204
            assert (await client.get(f"{URL}/{scope}")).json() == {"values": {}}
    assert families == [("system", "0"), ("template", "1"), ("tenant", "2"), ("site", "3"), ("device", "4")]
    assert desk.fleet.device(MAC).record.number == "2041"  # type: ignore[union-attr]


async def test_some_values_are_changed_and_the_others_stay() -> None:
    desk = DeskWithFleet()
    async with desk.at_socket() as client:
        await client.put(f"{URL}/system", json={"values": {"VLANID": "7", "Language": "German", "Mine": "x"}})
        changed = await client.patch(f"{URL}/system", json={"VLANID": "8", "Mine": None})
    assert changed.json() == {"values": {"VLANID": "8", "Language": "German"}}
    assert desk.provisioner.maker.library.values() == {"Language": "German", "VLANID": "8"}


async def test_secrets_are_sealed_masked_and_shown_to_administrators_alone() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        written = await client.put(DEVICE, json={"values": {"LDAPPassword": "rosebud", "VLANID": "7"}})
        assert written.json() == {"values": {"LDAPPassword": MASK, "VLANID": "7"}}
        assert (await client.get(f"{DEVICE}?secrets=true")).status_code == 403
        assert item(await client.get(URL, params={"device": MAC}), "LDAPPassword")["value"] == MASK
        kept = await client.patch(DEVICE, json={"VLANID": "8"})
        assert kept.json()["values"]["LDAPPassword"] == MASK
        masked = await client.put(DEVICE, json={"values": {"LDAPPassword": MASK}})
        assert masked.json()["errors"][0]["wrong"] == "stands masked in place of a secret"
    device = desk.fleet.device(MAC)
    assert device is not None
    assert "rosebud" not in device.record.placeholders["LDAPPassword"]
    assert open_values(device.record.placeholders, SEALER.open)["LDAPPassword"] == "rosebud"
    async with desk.script(Role.ADMINISTRATOR) as client:
        assert (await client.get(f"{DEVICE}?secrets=true")).json()["values"]["LDAPPassword"] == "rosebud"


async def test_every_value_that_will_not_do_is_named_and_none_is_taken() -> None:
    desk = DeskWithFleet()
    async with desk.at_socket() as client:
        values = {"SRTP": "yes", "DayLightOffset": "181", "Language": "Klingon", "Mine": "a\nb", "VLANID": "7"}
        refused = await client.put(f"{URL}/tenant/acme", json={"values": values})
        assert refused.status_code == 422
        assert {error["key"] for error in refused.json()["errors"]} == {"SRTP", "DayLightOffset", "Language", "Mine"}
        many = {f"N{number}": "x" for number in range(MAX_VALUES + 1)}
        assert (await client.put(f"{URL}/system", json={"values": many})).status_code == 422
        assert (await client.patch(f"{URL}/system", json={"no name": "x"})).status_code == 422
    assert desk.heard == []


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        ("tenant/nobody", 404),
        ("site/acme/nowhere", 404),
        ("device/00908f999999", 404),
        ("device/x", 404),
        ("system/x", 422),
        ("template/a/b", 422),
        ("galaxy", 422),
    ],
)
async def test_a_scope_that_is_not_there_is_said(scope: str, status: int) -> None:
    async with DeskWithFleet().at_socket() as client:
        assert (await client.get(f"{URL}/{scope}")).status_code == status
        assert (await client.delete(f"{URL}/{scope}")).status_code == status


async def test_a_devices_values_are_copied_to_many_over_what_they_have() -> None:
    desk = DeskWithFleet(
        record(placeholders={"A": "1", "B": "2"}), record(OTHER_MAC, number="2042", placeholders={"A": "0", "C": "3"})
    )
    async with desk.at_socket() as client:
        copied = await client.post(f"{DEVICE}/copy", json={"to": [OTHER_MAC, MAC], "names": ["A"]})
        assert copied.json() == {"names": ["A"], "devices": 1}
        missing = await client.post(f"{DEVICE}/copy", json={"to": [OTHER_MAC], "names": ["Z"]})
        assert missing.json()["detail"] == f"device {MAC} has no value for Z"
    other = desk.fleet.device(OTHER_MAC)
    assert other is not None
    assert other.record.placeholders == {"A": "1", "C": "3"}
