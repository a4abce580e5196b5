from __future__ import annotations

from daemon.fleet.events import ProbeAnswered, ProbesAnswered, Registered
from daemon.fleet.model import Presence, Reachability, Status
from daemon.fleet.records import Role
from tests.support.builders import MAC, OTHER_MAC, binding, record
from tests.support.operators_desk import DeskWithFleet


async def test_the_fleet_is_counted_on_every_axis_and_by_tenant() -> None:
    desk = DeskWithFleet(record(), record(OTHER_MAC, number="2042"))
    desk.deliver(Registered(MAC, (binding(),), "pbx-a.example.net", "AUDC"))
    desk.deliver(ProbesAnswered((ProbeAnswered(MAC, 200, 0.02),)))
    async with desk.script(Role.MONITOR) as client:
        summary = (await client.get("/api/v1/summary")).json()

    assert (summary["devices"], summary["unapproved"]) == (2, 0)
    assert (summary["reachability"]["OK"], summary["status"]["OK"], summary["presence"]["NEVER_SEEN"]) == (1, 1, 2)
    assert summary["numbers"]["Used"] == 2
    assert summary["tenants"] == [
        {"tenant": "acme", "devices": 2, "status": {"OK": 1, "WARNING": 0, "ERROR": 0, "UNMONITORED": 1}}
    ]


async def test_what_counts_nothing_is_there_as_well() -> None:
    desk = DeskWithFleet()
    async with desk.script(Role.MONITOR) as client:
        summary = (await client.get("/api/v1/summary")).json()

    assert list(summary["reachability"]) == list(Reachability)
    assert list(summary["presence"]) == list(Presence)
    assert list(summary["status"]) == list(Status)
    assert list(summary["alarms"]) == ["CRITICAL", "MAJOR", "MINOR", "WARNING", "INDETERMINATE"]
