from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from daemon.http.operators.app import operators_app
from daemon.outputs.outputs import OutputStatistics
from tests.support.builders import NOW
from tests.support.command_line import run_beside, serving
from tests.support.operators_desk import DeskWithFleet


class Outputs:
    def statistics(self) -> tuple[OutputStatistics, ...]:
        return (OutputStatistics("duty", "mail", False, NOW, 3, 0, {"timeout": 2}, "found no answer within 30s"),)

    async def test(self, name: str) -> str | None:
        return {"duty": "found no answer within 30s", "log": ""}.get(name)


async def test_outputs_are_listed_and_tested(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = DeskWithFleet()
    desk.app = operators_app(replace(desk.app.desk, outputs=Outputs()))
    async with serving(desk, tmp_path) as config:
        assert await run_beside("output", "list", "--config", config) == 0
        assert await run_beside("output", "test", "log", "--config", config) == 0
        assert await run_beside("output", "test", "duty", "--config", config) == 1
        assert await run_beside("output", "test", "nobody", "--config", config) == 1
    captured = capsys.readouterr()
    said = captured.out.replace("\n", " ")
    assert "duty (mail): failing since" in said
    assert "log took the test" in said
    assert "duty did not take it: found no answer within 30s" in said
    assert "nobody" in captured.err
