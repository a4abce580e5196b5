from __future__ import annotations

from pathlib import Path

import pytest

from daemon.fleet.events import AlertsHeard
from tests.support.builders import MAC, alert, record
from tests.support.command_line import run, run_beside, serving, write_config
from tests.support.operators_desk import DeskWithFleet


async def test_the_fleet_is_told_at_one_glance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = DeskWithFleet(record())
    desk.deliver(AlertsHeard(MAC, (alert(),), "10.1.2.7", with_secret=True))
    async with serving(desk, tmp_path) as config:
        assert await run_beside("status", "--config", config) == 0

    said = capsys.readouterr().out
    assert said.startswith("1 devices")
    for told in ("1 NO_STATUS", "1 NEVER_SEEN", "1 CRITICAL", "1 Used", "IPPhoneRegisterFailure"):
        assert told in said


async def test_a_daemon_that_is_not_ready_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = DeskWithFleet()
    desk.not_ready = ("the disk refuses writes",)
    async with serving(desk, tmp_path) as config:
        assert await run_beside("status", "--config", config) == 1

    assert "the disk refuses writes" in capsys.readouterr().err


def test_a_daemon_that_does_not_run_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status", "--config", str(write_config(tmp_path))) == 1
    assert "not running" in capsys.readouterr().err
