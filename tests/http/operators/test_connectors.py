from __future__ import annotations

from dataclasses import replace

from daemon.fleet.records import Role
from daemon.http.operators.app import operators_app
from daemon.integrations.connectors import ConnectorStatistics
from tests.support.builders import NOW
from tests.support.operators_desk import DeskWithFleet

DOWN = ConnectorStatistics(
    server="pbx-a",
    kind="asterisk",
    up=False,
    since=NOW,
    refreshed_at=None,
    contacts=0,
    unknown=0,
    failures={"login": 3},
    skipped={},
    last_error="login: Authentication failed",
)


async def test_every_connector_says_how_it_fares() -> None:
    desk = DeskWithFleet()
    up = replace(DOWN, server="pbx-b", up=True, refreshed_at=NOW, contacts=7, unknown=2, last_error="")
    desk.app = operators_app(replace(desk.app.desk, connectors=lambda: (DOWN, up)))
    async with desk.script(Role.MONITOR) as client:
        found = (await client.get("/api/v1/connectors")).json()["items"]
    assert [(one["server"], one["up"], one["refreshed_at"], one["last_error"]) for one in found] == [
        ("pbx-a", False, None, "login: Authentication failed"),
        ("pbx-b", True, "2027-01-15T08:00:00.000Z", ""),
    ]
    assert (found[1]["contacts"], found[1]["unknown"]) == (7, 2)


async def test_without_connectors_the_list_is_empty_and_it_is_for_operators_only() -> None:
    desk = DeskWithFleet()
    async with desk.script(Role.MONITOR) as client, desk.script() as stranger:
        assert (await client.get("/api/v1/connectors")).json() == {"items": []}
        assert (await stranger.get("/api/v1/connectors")).status_code == 401
