from __future__ import annotations

import pytest

from daemon.fleet.calls import AlertLevel, QualityAlert
from daemon.fleet.records import Role
from daemon.scheduler.timestamps import rfc3339
from tests.support.builders import MAC, NOW, OTHER_MAC, record
from tests.support.calls import a_report, an_alert, measured, reported
from tests.support.operators_desk import DeskWithFleet


def a_desk() -> DeskWithFleet:
    """Alice made four calls, of which one was bad; an SBC reported one."""
    desk = DeskWithFleet(record(site="hq"), record(OTHER_MAC, number="2042"))
    for index, mos in enumerate((4.1, 4.2, 2.0, 4.3)):
        desk.deliver(reported(a_report(f"call-{index}", mos)))
    desk.deliver(reported(a_report("trunk", 4.0), mac=None, source="10.1.2.1"))
    return desk


async def test_a_call_is_shown_with_what_both_ends_heard() -> None:
    desk = DeskWithFleet(record(site="hq"))
    desk.deliver(reported(a_report(local_metrics=measured(None, r_lq=70.0), remote_metrics=measured(4.0, 1.5))))
    async with desk.script(Role.MONITOR) as client:
        (call,) = (await client.get("/api/v1/calls")).json()["items"]

    assert (call["device"], call["tenant"], call["site"], call["mos"]) == (MAC, "acme", "hq", 3.6)
    assert (call["local_metrics"]["mos_lq"], call["local_metrics"]["mos_computed"]) == (3.6, True)
    assert (call["remote_metrics"]["loss"], call["remote_metrics"]["mos_computed"]) == (1.5, False)
    assert (call["verdict"], call["reason"]) == ("WARNING", "1.5 % lost at the remote end")
    assert call["started_at"] == rfc3339(NOW - 300)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 5),
        (f"device={MAC}", 4),
        ("device=00-90-8F-48-67-AF", 4),
        ("verdict=ERROR", 1),
        ("tenant=acme&site=hq", 5),
        ("tenant=globex", 0),
        (f"since={rfc3339(NOW + 60)}", 0),
        (f"since={rfc3339(NOW - 60)}", 5),
    ],
)
async def test_calls_are_filtered(query: str, count: int) -> None:
    async with a_desk().script(Role.MONITOR) as client:
        assert len((await client.get(f"/api/v1/calls?{query}")).json()["items"]) == count


async def test_every_call_comes_once_page_by_page() -> None:
    seen: list[str] = []
    async with a_desk().script(Role.MONITOR) as client:
        page = {"next": ""}
        while page["next"] is not None:
            page = (await client.get(f"/api/v1/calls?limit=2&cursor={page['next']}")).json()
            seen += [call["call_id"] for call in page["items"]]
    assert seen[0] == "trunk" or len(seen) == 5
    assert len(set(seen)) == 5


@pytest.mark.parametrize(
    "query", ["colour=red", "limit=0", "limit=x", "verdict=BAD", "since=yesterday", "cursor=x", "cursor=WzEsMl0"]
)
async def test_what_cannot_be_asked_is_a_problem(query: str) -> None:
    async with a_desk().script(Role.MONITOR) as client:
        answer = await client.get(f"/api/v1/calls?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_mac_that_is_none_is_a_problem_too() -> None:
    async with a_desk().script(Role.MONITOR) as client:
        assert 400 <= (await client.get("/api/v1/calls?device=nobody")).status_code < 500


async def test_one_call_has_its_alerts_and_its_report_as_it_came() -> None:
    desk = DeskWithFleet(record())
    desk.deliver(reported(an_alert(QualityAlert("NLR", AlertLevel.CRITICAL, "local", NOW))))
    desk.deliver(reported(a_report()))
    async with desk.script(Role.MONITOR) as client:
        (item,) = (await client.get("/api/v1/calls")).json()["items"]
        call = (await client.get(f"/api/v1/calls/{item['id']}")).json()
        missing = await client.get("/api/v1/calls/none")

    assert call["alerts"] == [{"metric": "NLR", "level": "Critical", "direction": "local", "at": rfc3339(NOW)}]
    assert (call["reports"], call["text"]) == (2, "VQSessionReport of call-1")
    assert missing.status_code == 404
