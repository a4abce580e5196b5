from __future__ import annotations

from daemon.fleet.records import Role
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.calls import a_report, reported
from tests.support.operators_desk import DeskWithFleet


def a_desk() -> DeskWithFleet:
    """Alice at hq has bad calls; Bob, at no site of acme, has none."""
    desk = DeskWithFleet(record(site="hq"), record(OTHER_MAC, number="2042"))
    for index in range(3):
        desk.deliver(reported(a_report(f"call-{index}", 2.0)))
    return desk


async def test_every_site_is_listed_also_one_without_a_call() -> None:
    async with DeskWithFleet(record()).script(Role.MONITOR) as client:
        items = (await client.get("/api/v1/quality")).json()["items"]
    assert [(site["tenant"], site["site"], site["status"]) for site in items] == [("acme", "hq", "UNMONITORED")]
    assert items[0]["reason"] == "no call was reported"


async def test_a_site_says_what_its_calls_add_up_to() -> None:
    async with a_desk().script(Role.MONITOR) as client:
        (site,) = (await client.get("/api/v1/quality?status=ERROR&sort=-mos")).json()["items"]
        none = (await client.get("/api/v1/quality?status=OK")).json()["items"]
    assert (site["calls"], site["bad"], site["mos"], site["reason"]) == (3, 3, 2.0, "mean MOS 2.00 of 3 calls")
    assert none == []


async def test_devices_with_calls_are_listed_with_theirs() -> None:
    async with a_desk().script(Role.MONITOR) as client:
        items = (await client.get("/api/v1/quality/devices")).json()["items"]
        detail = (await client.get(f"/api/v1/devices/{MAC}")).json()
    assert [(each["mac"], each["number"], each["site"], each["status"]) for each in items] == [
        (MAC, "2041", "hq", "ERROR")
    ]
    assert detail["quality"] == {name: items[0][name] for name in detail["quality"]}
    assert len(detail["calls"]) == 3


async def test_calls_from_outside_every_site_stand_under_none() -> None:
    desk = DeskWithFleet(record())
    desk.deliver(reported(a_report(), source="10.1.99.9"))
    async with desk.script(Role.MONITOR) as client:
        items = (await client.get("/api/v1/quality?sort=site")).json()["items"]
    assert [(each["site"], each["calls"]) for each in items] == [("", 1), ("hq", 0)]
