from __future__ import annotations

import pytest

from daemon.fleet.events import AlertsHeard
from daemon.fleet.notifications import Severity
from daemon.fleet.records import Role
from daemon.scheduler.timestamps import rfc3339
from tests.support.builders import MAC, NOW, OTHER_MAC, alert, record
from tests.support.operators_desk import DeskWithFleet

PATH = "/api/v1/alarms/history"


def a_desk() -> DeskWithFleet:
    """Alice's phone had a critical alarm, Bob's three that were minor."""
    desk = DeskWithFleet(record(), record(OTHER_MAC, number="2042"))
    for mac, name, severity in (
        (MAC, "IPPHONE REGISTRATION FAILURE", Severity.CRITICAL),
        *((OTHER_MAC, f"EVENT {index}", Severity.MINOR) for index in range(3)),
    ):
        for worst in (severity, Severity.CLEARED):
            desk.deliver(AlertsHeard(mac, (alert(name, worst),), "10.1.2.7", with_secret=True))
    return desk


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 4),
        ("device=00-90-8F-48-67-AF", 1),
        ("name=EVENT 1", 1),
        ("source=nobody", 0),
        ("minimum=minor", 4),
        ("minimum=major", 1),
        ("tenant=acme&tenant=globex", 4),
        ("tenant=globex", 0),
        ("since=1h", 4),
        (f"since={rfc3339(NOW + 60)}", 0),
        ("until=1h", 0),
    ],
)
async def test_alarms_that_are_over_are_filtered(query: str, count: int) -> None:
    async with a_desk().script(Role.MONITOR) as client:
        assert len((await client.get(f"{PATH}?{query}")).json()["items"]) == count


async def test_each_has_its_end_and_the_reason_newest_first_page_by_page() -> None:
    seen: list[dict[str, object]] = []
    async with a_desk().script(Role.MONITOR) as client:
        page = {"next": ""}
        while page["next"] is not None:
            page = (await client.get(f"{PATH}?limit=3&cursor={page['next']}")).json()
            seen += page["items"]
    assert [item["record"] for item in seen] == [4, 3, 2, 1]
    assert (seen[-1]["name"], seen[-1]["peak"], seen[-1]["reason"]) == ("IPPhoneRegisterFailure", "CRITICAL", "cleared")


@pytest.mark.parametrize(
    "query",
    [
        "colour=red",
        "limit=0",
        "minimum=bad",
        "since=yesterday",
        "cursor=x",
        f"cursor={'9' * 19}",
        "device=nobody",
        "since=1h&until=2h",
    ],
)
async def test_what_cannot_be_asked_is_a_problem(query: str) -> None:
    async with a_desk().script(Role.MONITOR) as client:
        answer = await client.get(f"{PATH}?{query}")
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
