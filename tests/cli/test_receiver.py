"""Receivers of alarms at the command line: listed, and told again."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.config.settings import Settings
from daemon.fleet.events import AlertsHeard
from tests.support.builders import MAC, NOW, OTHER_MAC, alert, record
from tests.support.command_line import run_beside, serving
from tests.support.operators_desk import DeskWithFleet

MANAGER = "192.0.2.10:162/ringkeeper"


async def test_receivers_are_listed_and_told_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = DeskWithFleet(record(), record(OTHER_MAC, number="2042"))
    desk.settings = Settings.model_validate({"snmp": {"managers": [{"host": "192.0.2.10"}]}})
    desk.outbox.apply(desk.settings.receivers)
    desk.deliver(AlertsHeard(MAC, (alert(),), "10.1.2.7", with_secret=True))
    async with serving(desk, tmp_path) as config:
        assert await run_beside("receiver", "list", "--config", config) == 0
        desk.outbox.expire(NOW + 1e9)
        assert await run_beside("receiver", "list", "--config", config) == 0
        assert await run_beside("receiver", "resync", MANAGER, "--since", "2h", "--config", config) == 0
        assert await run_beside("receiver", "resync", "nobody", "--since", "2h", "--config", config) == 1
        assert await run_beside("receiver", "resync", MANAGER, "--config", config) == 2
    told = capsys.readouterr().out
    assert f"{MANAGER} (snmp inform): number 1, 1 wait since 20" in told
    assert f"{MANAGER} (snmp inform): number 1, nothing waits, let go: 1 critical" in told
    assert "3 notifications of 20" in told
    assert [name for name, _, _ in desk.resynced] == [MANAGER]
