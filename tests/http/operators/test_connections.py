from __future__ import annotations

from daemon.fleet.acts import ConnectionDeleted, InventoryApplied
from daemon.fleet.events import (
    ProbeAnswered,
    ProbeMissed,
    ProbesAnswered,
    TargetLocated,
    TargetNotLocated,
)
from daemon.fleet.model import Contact
from daemon.fleet.records import Role
from tests.support.builders import connected, connection
from tests.support.operators_desk import DeskWithFleet

NAMED = connection("trunk-b", "sip:sbc.example.net;transport=tcp", interval=30.0)
AT = tuple(Contact(NAMED.target, f"10.9.0.{last}", 5060, None, "tcp") for last in (1, 2))


def desk_with_connections() -> DeskWithFleet:
    """Trunk a answers at its address; trunk b leads to two, the first of which is silent."""
    desk = DeskWithFleet()
    desk.deliver(InventoryApplied(connected(connection(), NAMED), "test"))
    desk.deliver(ProbesAnswered((ProbeAnswered("connection/trunk-a", 200, 0.0214),)))
    desk.deliver(TargetLocated("connection/trunk-b", AT, 60))
    desk.deliver(ProbeMissed("connection/trunk-b", "timeout"))
    desk.heard.clear()
    return desk


async def test_connections_are_listed_with_state_reason_and_address() -> None:
    desk = desk_with_connections()
    async with desk.script(Role.MONITOR) as client:
        listed = (await client.get("/api/v1/connections")).json()
        filtered = (await client.get("/api/v1/connections?reachability=OK")).json()
        first = (await client.get("/api/v1/connections?limit=1&sort=-name")).json()
        rest = (await client.get("/api/v1/connections", params={"sort": "-name", "cursor": first["next"]})).json()
    one, two = listed["items"]
    assert (one["name"], one["reachability"], one["address"], one["rtt_ms"]) == (
        "trunk-a",
        "OK",
        "10.9.0.1:5060",
        21.4,
    )
    assert "at 10.9.0.1 port 5060 over udp" in one["reason"]
    assert (two["name"], two["kind"], two["transport"], two["address"]) == ("trunk-b", "trunk", "tcp", "10.9.0.2:5060")
    assert filtered["items"] == [one]
    assert [item["name"] for item in first["items"] + rest["items"]] == ["trunk-b", "trunk-a"]


async def test_one_is_shown_whole() -> None:
    desk = desk_with_connections()
    desk.deliver(TargetNotLocated("connection/trunk-b", "no DNS server answered", 30))
    async with desk.script(Role.MONITOR) as client:
        shown = (await client.get("/api/v1/connections/trunk-b")).json()
        answering = (await client.get("/api/v1/connections/trunk-a")).json()
    assert (shown["interval"], shown["lagged_after"], shown["misses"]) == (30, 2, 1)
    assert [(each["host"], each["answered"]) for each in shown["addresses"]] == [
        ("10.9.0.1", False),
        ("10.9.0.2", False),
    ]
    assert shown["lookup_fault"] == "no DNS server answered"
    assert [step["new"] for step in shown["timeline"]] == ["defined"]
    assert [step["new"] for step in answering["timeline"]] == ["OK", "defined"]
    assert answering["addresses"][0]["answered"] is True


async def test_one_that_is_down_shows_its_alarm() -> None:
    desk = desk_with_connections()
    for _ in range(3):
        desk.deliver(ProbeMissed("connection/trunk-a", "timeout"))
    async with desk.script(Role.MONITOR) as client:
        shown = (await client.get("/api/v1/connections/trunk-a")).json()
    assert shown["reachability"] == "UNREACHABLE"
    assert [alarm["name"] for alarm in shown["alarms"]] == ["connectionDown"]


async def test_deleting_needs_an_operator_and_what_is_gone_is_404() -> None:
    desk = desk_with_connections()
    async with desk.script(Role.MONITOR) as client:
        assert (await client.delete("/api/v1/connections/trunk-a")).status_code == 403
    async with desk.script(Role.OPERATOR) as client:
        assert (await client.delete("/api/v1/connections/trunk-a")).status_code == 204
        assert (await client.get("/api/v1/connections/trunk-a")).status_code == 404
        assert (await client.delete("/api/v1/connections/trunk-a")).status_code == 404
    assert desk.heard == [ConnectionDeleted("trunk-a", "operator")]


async def test_strangers_see_nothing() -> None:
    async with desk_with_connections().script() as client:
        assert (await client.get("/api/v1/connections")).status_code == 401


async def test_an_inventory_with_connections_comes_out_as_it_went_in() -> None:
    desk = desk_with_connections()
    async with desk.script(Role.OPERATOR) as client:
        written = (await client.get("/api/v1/inventory")).text
        applied = (await client.post("/api/v1/inventory?dry_run=true", content=written)).json()
    assert "target: sip:sbc.example.net;transport=tcp" in written
    assert applied["connections"] == 2
