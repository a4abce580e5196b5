from __future__ import annotations

import pytest

from daemon.config.settings import Settings
from daemon.fleet.events import AlertsHeard
from daemon.fleet.notifications import Severity
from daemon.fleet.records import Role
from daemon.scheduler.timestamps import rfc3339
from tests.support.builders import MAC, NOW, alert, record
from tests.support.operators_desk import DeskWithFleet

PATH = "/api/v1/receivers"
MANAGER = "192.0.2.10:162/audiocodes"


def a_desk() -> DeskWithFleet:
    """A manager that hears of everything, and a webhook that wants another tenant's alarms."""
    desk = DeskWithFleet(record())
    desk.settings = Settings.model_validate(
        {
            "snmp": {"managers": [{"host": "192.0.2.10", "profile": "audiocodes"}]},
            "outputs": [{"name": "hook", "kind": "webhook", "url": "http://192.0.2.7/", "tenants": ["globex"]}],
        }
    )
    desk.outbox.apply(desk.settings.receivers)
    desk.deliver(AlertsHeard(MAC, (alert(),), "10.1.2.7", with_secret=True))
    return desk


async def test_receivers_are_listed_with_what_waits_for_each() -> None:
    desk = a_desk()
    async with desk.script(Role.MONITOR) as client:
        manager, hook = (await client.get(PATH)).json()["items"]
    oldest = desk.outbox.oldest(MANAGER)
    assert oldest is not None
    assert manager == {
        "name": MANAGER, "kind": "snmp inform", "waiting": 1, "number": 1, "oldest": rfc3339(oldest), "dropped": {},
    }  # fmt: skip
    assert (hook["name"], hook["kind"], hook["waiting"], hook["oldest"]) == ("output/hook", "webhook", 0, None)


async def test_what_was_let_go_is_counted_by_severity() -> None:
    desk = a_desk()
    desk.outbox.expire(desk.clock.now() + 1e9)
    async with desk.script(Role.MONITOR) as client:
        manager, hook = (await client.get(PATH)).json()["items"]
    assert (manager["dropped"], hook["dropped"]) == ({"critical": 1}, {})


async def test_a_span_of_time_is_sent_again() -> None:
    desk = a_desk()
    async with desk.script(Role.OPERATOR) as client:
        since, until = rfc3339(NOW - 7200), rfc3339(NOW - 3600)
        answer = await client.post(f"{PATH}/{MANAGER}/resync", json={"since": since, "until": until})
        assert answer.status_code == 202
        assert answer.json() == {"name": MANAGER, "since": since, "until": until, "again": 3}
        assert (await client.post(f"{PATH}/output%2Fhook/resync", json={"since": "2h"})).status_code == 202
    assert desk.resynced[0] == (MANAGER, NOW - 7200, NOW - 3600)
    name, begin, end = desk.resynced[1]
    assert (name, end - begin) == ("output/hook", 7200)


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("nobody", {"since": "2h"}, 404),
        (MANAGER, {}, 422),
        (MANAGER, {"since": ""}, 422),
        (MANAGER, {"since": "yesterday"}, 422),
        (MANAGER, {"since": "1h", "until": "2h"}, 422),
    ],
)
async def test_what_cannot_be_sent_again_is_a_problem(name: str, body: dict[str, str], status: int) -> None:
    desk = a_desk()
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(f"{PATH}/{name}/resync", json=body)
    assert answer.status_code == status
    assert desk.resynced == []


async def test_too_much_at_once_is_refused_with_the_sentence() -> None:
    desk = a_desk()
    desk.room = False
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(f"{PATH}/{MANAGER}/resync", json={"since": "2d"})
    assert answer.status_code == 409
    assert "ask for a shorter time" in answer.json()["detail"]


async def test_who_may_only_look_has_nothing_sent_again() -> None:
    async with a_desk().script(Role.MONITOR) as client:
        assert (await client.post(f"{PATH}/{MANAGER}/resync", json={"since": "2h"})).status_code == 403


async def test_what_a_receiver_was_told_is_shown_newest_first_page_by_page() -> None:
    desk = a_desk()
    desk.deliver(AlertsHeard(MAC, (alert(severity=Severity.CLEARED),), "10.1.2.7", with_secret=True))
    seen: list[dict[str, object]] = []
    async with desk.script(Role.MONITOR) as client:
        page = {"next": ""}
        while page["next"] is not None:
            page = (await client.get(f"{PATH}/{MANAGER}/journal?limit=1&cursor={page['next']}")).json()
            seen += page["items"]
        assert (await client.get(f"{PATH}/nobody/journal")).status_code == 404
        assert (await client.get(f"{PATH}/output%2Fhook/journal")).json() == {"items": [], "next": None}
        assert (await client.get(f"{PATH}/{MANAGER}/journal?cursor=x")).status_code == 422
    assert [(item["number"], item["occasion"], item["severity"]) for item in seen] == [
        (2, "cleared", "CLEARED"),
        (1, "raised", "CRITICAL"),
    ]
    assert (seen[0]["name"], seen[0]["left_at"], seen[0]["end"]) == ("IPPhoneRegisterFailure", None, None)
