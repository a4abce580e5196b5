from __future__ import annotations

from dataclasses import replace

from daemon.fleet.records import Role
from daemon.http.operators.app import operators_app
from daemon.outputs.outputs import OutputStatistics
from tests.support.builders import NOW
from tests.support.operators_desk import DeskWithFleet

DOWN = OutputStatistics("duty", "mail", False, NOW, 3, 0, {"timeout": 2}, "found no answer within 30s")


class Outputs:
    def statistics(self) -> tuple[OutputStatistics, ...]:
        return (DOWN,)

    async def test(self, name: str) -> str | None:
        return {"duty": "found no answer within 30s", "log": ""}.get(name)


async def test_every_output_says_how_it_fares_and_whether_a_test_gets_through() -> None:
    desk = DeskWithFleet()
    desk.app = operators_app(replace(desk.app.desk, outputs=Outputs()))
    async with desk.script(Role.MONITOR) as monitor, desk.script(Role.OPERATOR) as admin:
        [found] = (await monitor.get("/api/v1/outputs")).json()["items"]
        assert (found["name"], found["up"], found["failures"], found["told"]) == ("duty", False, {"timeout": 2}, 3)
        assert (await monitor.post("/api/v1/outputs/duty/test")).status_code == 403
        tested = [await admin.post(f"/api/v1/outputs/{name}/test") for name in ("duty", "log", "nobody")]
    assert [answer.status_code for answer in tested] == [200, 200, 404]
    assert [answer.json()["taken"] for answer in tested[:2]] == [False, True]


async def test_without_outputs_the_list_is_empty() -> None:
    desk = DeskWithFleet()
    async with desk.script(Role.OPERATOR) as client:
        assert (await client.get("/api/v1/outputs")).json() == {"items": []}
        assert (await client.post("/api/v1/outputs/duty/test")).status_code == 404
