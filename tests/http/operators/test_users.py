from __future__ import annotations

from typing import Any

import pytest

from daemon.fleet.acts import InventoryApplied
from daemon.fleet.model import Mac
from daemon.fleet.records import Inventory, Role, User
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.operators_desk import DeskWithFleet
from tests.support.provisioned import SEALER

PATH = "/api/v1/users"
THIRD = Mac("00908f000003")
ALICE = User("alice", "acme", "Alice A.", "2041", SEALER.seal("0123"))


def desk_with_alice() -> DeskWithFleet:
    desk = DeskWithFleet(record(display_name="Alice A."), record(OTHER_MAC, user="bob", number="2042"))
    desk.deliver(InventoryApplied(Inventory(users=(ALICE,)), "test"))
    desk.heard.clear()
    return desk


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["alice", "bob"]),
        ("?search=Alice%20A", ["alice"]),
        (f"?search={MAC.upper()}", ["alice"]),
        ("?search=00:90:8f:00", ["bob"]),
        ("?search=2042", ["bob"]),
        ("?tenant=globex", []),
        ("?defined=false", ["bob"]),
        ("?limit=1&sort=-name", ["bob"]),
    ],
)
async def test_users_are_found_by_name_number_or_phone(query: str, names: list[str]) -> None:
    async with desk_with_alice().script(Role.MONITOR) as client:
        answer = await client.get(PATH + query)
    assert [item["name"] for item in answer.json()["items"]] == names


@pytest.mark.parametrize("body", [b"{", b"[", b'"x"', b"[" * 10_000, b"\xff"])
async def test_what_is_no_object_makes_no_user(body: bytes) -> None:
    async with desk_with_alice().script(Role.OPERATOR) as client:
        assert (await client.put(f"{PATH}/acme/alice", content=body)).status_code == 422


async def test_a_user_is_made_shown_changed_and_deleted() -> None:
    desk = desk_with_alice()
    async with desk.script(Role.OPERATOR) as client:
        made = await client.post(PATH, json={"name": "carol", "tenant": "acme", "sip_password": "hush"})
        assert (made.status_code, made.json()["has_password"]) == (201, True)
        assert (await client.post(PATH, json={"name": "carol", "tenant": "acme"})).status_code == 409
        assert (await client.post(PATH, json={"name": "a/b", "colour": "red"})).status_code == 422
        moved = await client.put(f"{PATH}/acme/carol", json={"name": "caroline", "display_name": "C."})
        assert (moved.status_code, moved.json()["key"]) == (200, "acme/caroline")
        assert SEALER.open(desk.fleet.users["acme/caroline"].sip_password) == "hush"
        assert (await client.get(f"{PATH}/acme/carol")).status_code == 404
        assert (await client.delete(f"{PATH}/acme/caroline")).status_code == 204
        assert (await client.get(f"{PATH}/acme/alice")).json()["devices"][0]["mac"] == MAC
        nowhere: Any = await client.put(f"{PATH}/-/nobody", json={})
        assert nowhere.status_code == 404


async def test_a_user_with_phones_goes_with_them_or_not_at_all() -> None:
    desk = desk_with_alice()
    async with desk.script(Role.OPERATOR) as client:
        assert (await client.delete(f"{PATH}/acme/alice")).status_code == 409
        assert (await client.delete(f"{PATH}/acme/bob")).status_code == 409
        assert (await client.delete(f"{PATH}/acme/alice?with_devices=true")).status_code == 204
    assert [device.mac for device in desk.fleet.devices()] == [OTHER_MAC]


async def test_a_phone_that_is_added_takes_what_it_does_not_say_from_its_user() -> None:
    desk = desk_with_alice()
    async with desk.script(Role.OPERATOR) as client:
        assert (await client.post(PATH, json={"name": "carol", "tenant": "acme", "number": "2043"})).status_code == 201
        free = await client.post(f"{PATH}/acme/carol/devices", json={"mac": THIRD, "model": "450HD"})
        taken = await client.post(f"{PATH}/acme/alice/devices", json={"mac": "00908f000004"})
        again = await client.post(f"{PATH}/acme/alice/devices", json={"mac": MAC})
        other = await client.post(f"{PATH}/acme/alice/devices", json={"mac": "00908f000005", "user": "bob"})
    assert (free.json()["number"], free.json()["user"], free.json()["tenant"]) == ("2043", "carol", "acme")
    assert (taken.json()["number"], taken.json()["display_name"]) == ("", "Alice A.")
    assert (again.status_code, other.status_code) == (409, 422)
