from __future__ import annotations

import pytest

from daemon.fleet.acts import ShelfClosed
from daemon.fleet.events import AlertsHeard
from daemon.fleet.records import Role
from daemon.scheduler.timestamps import rfc3339
from tests.support.builders import MAC, NOW, alert, record
from tests.support.operators_desk import DeskWithFleet

PATH = "/api/v1/shelves"
WORKS = {"site": "acme/hq", "duration": "2h", "reason": "new switches"}


async def test_a_shelf_is_opened_listed_and_closed() -> None:
    desk = DeskWithFleet(record(site="hq"))
    async with desk.script(Role.OPERATOR) as client:
        opened = await client.post(PATH, json=WORKS)
        assert opened.status_code == 201, opened.text
        shelf = opened.json()
        assert (shelf["id"], shelf["site"], shelf["by"], shelf["holds"]) == (1, "acme/hq", "operator", True)
        assert (await client.get(PATH)).json()["items"] == [shelf]
        assert (await client.get(PATH, params={"id": "1", "search": "hq"})).json()["items"] == [shelf]
        desk.deliver(AlertsHeard(MAC, (alert(),), "10.1.2.7", with_secret=True))
        (alarm,) = (await client.get("/api/v1/alarms?telling=shelved")).json()["items"]
        assert alarm["device"] == MAC
        assert (await client.delete(f"{PATH}/1")).status_code == 204
        assert (await client.delete(f"{PATH}/1")).status_code == 404
        desk.time_passes()
        assert (await client.get("/api/v1/alarms?telling=told")).json()["items"]
    assert ShelfClosed(1, "operator") in desk.heard


async def test_a_maintenance_window_is_planned_ahead_for_one_phone() -> None:
    desk = DeskWithFleet(record())
    times = {"starts_at": rfc3339(NOW + 3600), "ends_at": rfc3339(NOW + 7200)}
    async with desk.script(Role.OPERATOR) as client:
        body = {"device": "00:90:8F:48:67:AF", "name": "deviceUnreachable", "reason": " moved ", **times}
        shelf = (await client.post(PATH, json=body)).json()
    assert (shelf["device"], shelf["reason"], shelf["holds"]) == (MAC, "moved", False)
    assert {name: shelf[name] for name in times} == times


async def test_the_rules_forbid_with_every_reason_at_once() -> None:
    async with DeskWithFleet().script(Role.OPERATOR) as client:
        answer = await client.post(PATH, json={"site": "acme/moon", "duration": "900d", "reason": ""})
    assert answer.status_code == 409
    said = answer.json()["detail"]
    assert "a shelf needs a reason" in said
    assert "alarms.longest_shelf" in said
    assert "there is no site acme/moon" in said


@pytest.mark.parametrize(
    "wrong",
    [
        {"duration": ""},
        {"duration": "2"},
        {"duration": "never"},
        {"ends_at": rfc3339(NOW + 60)},
        {"starts_at": "tomorrow"},
        {"colour": "red"},
        {"reason": None},
    ],
)
async def test_times_that_will_not_do_are_named(wrong: dict[str, object]) -> None:
    desk = DeskWithFleet(record(site="hq"))
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(PATH, json=WORKS | wrong)
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert desk.heard == []


async def test_who_may_only_look_shelves_nothing_and_a_full_disk_is_said() -> None:
    desk = DeskWithFleet(record(site="hq"))
    async with desk.script(Role.MONITOR) as client:
        assert (await client.post(PATH, json=WORKS)).status_code == 403
        assert (await client.delete(f"{PATH}/1")).status_code == 403
        assert (await client.get(PATH)).json() == {"items": [], "next": None}
    desk.disk_full = True
    async with desk.script(Role.OPERATOR) as client:
        assert (await client.post(PATH, json=WORKS)).status_code == 503
