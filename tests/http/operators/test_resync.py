from __future__ import annotations

from typing import Any

import pytest

from daemon.fleet.acts import ResyncAsked
from daemon.fleet.records import Role
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.operators_desk import DeskWithFleet

PATH = f"/api/v1/devices/{MAC}/resync"


def _within_reach() -> DeskWithFleet:
    return DeskWithFleet(record(contact="sip:2041@10.1.2.7:5060"))


@pytest.mark.parametrize(("order", "reboot"), [({}, False), ({"reboot": False}, False), ({"reboot": True}, True)])
async def test_a_resync_is_accepted_and_says_where_it_goes(order: dict[str, bool], reboot: bool) -> None:
    desk = _within_reach()
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(PATH, json=order)

    assert answer.status_code == 202
    told = answer.json()
    assert (told["mac"], told["reboot"], told["contact"]["uri"]) == (MAC, reboot, "sip:2041@10.1.2.7:5060")
    assert desk.heard == [ResyncAsked(MAC, reboot, "operator")]


async def test_a_phone_without_a_contact_is_a_conflict_with_the_reason() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(PATH, json={})

    assert answer.status_code == 409
    assert "cannot be reached by SIP" in answer.json()["detail"]


async def test_a_device_that_is_not_there_is_not_found() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(f"/api/v1/devices/{OTHER_MAC}/resync", json={})

    assert (answer.status_code, desk.heard) == (404, [])


@pytest.mark.parametrize("order", [{"reboot": "perhaps"}, {"when": "now"}, [], "now"])
async def test_an_order_that_will_not_do_is_refused(order: Any) -> None:
    desk = _within_reach()
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(PATH, json=order)

    assert (answer.status_code, desk.heard) == (422, [])


async def test_who_only_looks_may_not_resync() -> None:
    desk = _within_reach()
    async with desk.script(Role.MONITOR) as client:
        answer = await client.post(PATH, json={})

    assert (answer.status_code, desk.heard) == (403, [])


async def test_while_the_disk_is_full_nothing_is_acknowledged() -> None:
    desk = _within_reach()
    desk.disk_full = True
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(PATH, json={})

    assert answer.status_code == 503
