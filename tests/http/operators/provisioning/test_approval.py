"""Unapproved phones taken into a tenant: one, several, all that a filter leaves."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from daemon.fleet.acts import InventoryApplied, RequestQueued
from daemon.fleet.events import KeepAliveHeard, UnknownPhoneHeard
from daemon.fleet.model import Mac
from daemon.fleet.records import Role
from daemon.http.operators.provisioning.approval import RESTART
from tests.support.builders import MAC, record, report
from tests.support.operators_desk import DeskWithFleet

DEVICES = "/api/v1/devices"
WAITING = tuple(Mac(f"00908f00000{digit}") for digit in range(4))
NOBODY = "00908fffffff"


def a_desk() -> DeskWithFleet:
    """One phone is ours; four wait, two of them at each of two addresses, every other one a 450HD."""
    desk = DeskWithFleet(record())
    for index, mac in enumerate(WAITING):
        desk.deliver(UnknownPhoneHeard(mac, "acme", ("420HD", "450HD")[index % 2], f"10.1.2.{index // 2}"))
    desk.heard.clear()
    return desk


async def approve(desk: DeskWithFleet, role: Role = Role.OPERATOR, **body: Any) -> httpx.Response:
    async with desk.script(role) as client:
        return await client.post(f"{DEVICES}/approve", json={"tenant": "acme", **body})


def still_waiting(desk: DeskWithFleet) -> set[Mac]:
    return {device.mac for device in desk.fleet.devices() if not device.record.approved}


async def test_those_that_are_named_are_approved_and_told_to_restart() -> None:
    desk = a_desk()
    answer = await approve(desk, macs=["00:90:8F:00:00:00", WAITING[3], WAITING[3]], site="hq")

    assert (answer.status_code, answer.json()) == (200, {"macs": [WAITING[0], WAITING[3]]}), answer.text
    assert still_waiting(desk) == set(WAITING[1:3])
    approved = desk.fleet.device(WAITING[0])
    assert approved is not None
    assert (approved.record.tenant, approved.record.site) == ("acme", "hq")
    assert approved.record.armed_until > desk.clock.now()
    told = [event for event in desk.heard if isinstance(event, RequestQueued)]
    assert [(event.mac, event.action, event.by) for event in told] == [
        (mac, RESTART, "operator") for mac in (WAITING[0], WAITING[3])
    ]
    # Whoever reports once an hour must still find it there.
    assert all(event.expires_in == 2 * desk.settings.keep_alive.period for event in told)


@pytest.mark.parametrize(
    ("wanted", "approved"),
    [
        ({}, WAITING),
        ({"model": "450HD"}, (WAITING[1], WAITING[3])),
        ({"source": ["10.1.2.0"], "model": ["420HD", "450HD"]}, WAITING[:2]),
        ({"model": "440HD"}, ()),
        ({"search": "000002"}, (WAITING[2],)),
    ],
)
async def test_a_filter_approves_all_that_wait_and_fit_and_nobody_else(
    wanted: dict[str, Any], approved: tuple[Mac, ...]
) -> None:
    desk = a_desk()
    answer = await approve(desk, filter=wanted)

    assert (answer.status_code, answer.json()["macs"]) == (200, list(approved)), answer.text
    assert still_waiting(desk) == set(WAITING) - set(approved)


async def test_all_are_approved_or_none() -> None:
    desk = a_desk()
    for macs, wrong in (
        ([WAITING[0], NOBODY, MAC], [f"there is no device {NOBODY}", f"device {MAC} is approved already"]),
        ([WAITING[0], "x"], ["there is no device x"]),
    ):
        answer = await approve(desk, macs=macs)
        assert answer.status_code == 409
        assert [error["wrong"] for error in answer.json()["errors"]] == wrong
    answer = await approve(desk, filter={}, site="nowhere")
    assert answer.status_code == 409
    assert len(answer.json()["errors"]) == 4

    assert still_waiting(desk) == set(WAITING)
    assert not any(isinstance(event, RequestQueued) for event in desk.heard)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"macs": []},
        {"macs": [WAITING[0]], "filter": {}},
        {"filter": {"colour": "red"}},
        {"filter": {"limit": "1"}},
        {"filter": {}, "user": "alice"},
        {"macs": [WAITING[0]], "tenant": ""},
        {"macs": [WAITING[0]], "number": "2041"},
    ],
)
async def test_what_does_not_say_which_phones_approves_none(body: dict[str, Any]) -> None:
    desk = a_desk()
    answer = await approve(desk, **body)

    assert answer.status_code == 422
    assert still_waiting(desk) == set(WAITING)
    assert desk.heard == []


async def test_a_users_name_goes_to_one_phone() -> None:
    desk = a_desk()
    assert (await approve(desk, macs=[WAITING[0]], user="alice")).status_code == 200
    device = desk.fleet.device(WAITING[0])
    assert device is not None
    assert device.record.user == "alice"


async def test_only_an_operator_approves() -> None:
    desk = a_desk()
    assert (await approve(desk, Role.MONITOR, filter={})).status_code == 403
    assert desk.heard == []


async def test_one_phone_is_approved_with_its_number_and_restarts_when_it_reports() -> None:
    desk = a_desk()
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(f"{DEVICES}/{WAITING[0]}/approve", json={"tenant": "acme", "number": "2077"})
        assert (answer.status_code, answer.json()["number"], answer.json()["approved"]) == (200, "2077", True)
        assert [each["action"] for each in answer.json()["requests"]] == [RESTART]
        given = desk.deliver(KeepAliveHeard(WAITING[0], report("started"), "10.1.2.0", with_secret=False))
        assert given.answer is not None
        assert [request.action for request in given.answer.requests] == [RESTART]

        desk.heard.clear()
        again = await client.post(f"{DEVICES}/{WAITING[0]}/approve", json={"tenant": "acme", "number": "2078"})
        assert again.status_code == 200
    assert [type(event) for event in desk.heard] == [InventoryApplied]


async def test_who_waits_is_shown_with_where_it_is_and_how_often_it_came() -> None:
    desk = a_desk()
    desk.deliver(KeepAliveHeard(WAITING[0], report("started"), "10.1.2.9", with_secret=False))
    async with desk.script(Role.MONITOR) as client:
        shown = (await client.get(f"{DEVICES}?approved=false&source=10.1.2.9")).json()["items"]
    assert [(item["mac"], item["vendor"], item["model"]) for item in shown] == [(WAITING[0], "audiocodes", "420HD")]
    assert [(item["source"], item["tries"]) for item in shown] == [("10.1.2.9", 2)]


async def test_nothing_is_promised_while_the_disk_takes_nothing() -> None:
    desk = a_desk()
    desk.disk_full = True
    assert (await approve(desk, filter={})).status_code == 503
