from __future__ import annotations

from typing import Any

import pytest

from daemon.config.settings import Settings
from daemon.fleet.acts import SecretRenewed, TokenIssued
from daemon.fleet.records import Role
from daemon.provisioning.tokens import LENGTH, token_hash
from tests.support.builders import MAC, NOW, OTHER_MAC, record
from tests.support.operators_desk import DeskWithFleet

DEVICE = f"/api/v1/devices/{MAC}"


async def test_a_token_is_shown_once_and_kept_as_a_hash() -> None:
    desk = DeskWithFleet(record())
    desk.settings = Settings.model_validate(
        {"provisioning": {"server": "prov.example.net"}, "http": {"phones": {"listen": ["http://0.0.0.0:8081"]}}}
    )
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(f"{DEVICE}/token", json={"expires_in": "2d"})
        shown = (await client.get(DEVICE)).text
        assert (await client.get(DEVICE)).json()["token_until"] == answer.json()["expires_at"]

    told = answer.json()
    assert (answer.status_code, told["mac"], len(told["token"])) == (201, MAC, LENGTH)
    assert told["url"] == f"http://prov.example.net:8081/t/{told['token']}/configfiles/{MAC}.cfg"
    assert told["token"] not in shown
    (event,) = desk.heard
    assert event == TokenIssued(MAC, token_hash(told["token"]), 2 * 86400.0, "operator")
    device = desk.fleet.device(MAC)
    assert device is not None
    assert device.record.token_until >= NOW + 2 * 86400


async def test_without_a_server_name_the_path_is_told() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        told = (await client.post(f"{DEVICE}/token", json={})).json()
    assert (told["url"], told["path"]) == ("", f"/t/{told['token']}/configfiles/{MAC}.cfg")
    (event,) = desk.heard
    assert isinstance(event, TokenIssued)
    assert event.lifetime == desk.settings.provisioning.token_lifetime


@pytest.mark.parametrize(("order", "rearm"), [({}, True), ({"rearm": False}, False)])
async def test_a_secret_is_renewed(order: dict[str, bool], rearm: bool) -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(f"{DEVICE}/renew-secret", json=order)
    assert answer.status_code == 200
    assert desk.heard == [SecretRenewed(MAC, rearm, "operator")]


@pytest.mark.parametrize("order", [{"expires_in": "soon"}, {"expires_in": "31d"}, {"for": "2d"}, []])
async def test_an_order_that_will_not_do_is_refused(order: Any) -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(f"{DEVICE}/token", json=order)
    assert (answer.status_code, desk.heard) == (422, [])


async def test_who_may_not_and_what_is_not_there() -> None:
    desk = DeskWithFleet(record(approved=False))
    for path in ("token", "renew-secret"):
        async with desk.script(Role.MONITOR) as client:
            assert (await client.post(f"{DEVICE}/{path}", json={})).status_code == 403
        async with desk.script(Role.OPERATOR) as client:
            assert (await client.post(f"/api/v1/devices/{OTHER_MAC}/{path}", json={})).status_code == 404
    async with desk.script(Role.OPERATOR) as client:
        waiting = await client.post(f"{DEVICE}/token", json={})
    assert waiting.status_code == 409
    assert "approve it first" in waiting.json()["detail"]


async def test_while_the_disk_is_full_nothing_is_shown() -> None:
    desk = DeskWithFleet(record())
    desk.disk_full = True
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(f"{DEVICE}/token", json={})
    assert (answer.status_code, "token" in answer.json()) == (503, False)
