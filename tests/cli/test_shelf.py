"""Shelves at the command line: opened, listed, closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.fleet.acts import ShelfClosed, ShelfOpened
from daemon.scheduler.timestamps import rfc3339
from tests.support.builders import NOW, record
from tests.support.command_line import run_beside, serving
from tests.support.operators_desk import DeskWithFleet


async def test_a_shelf_is_opened_listed_and_closed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = DeskWithFleet(record(site="hq"))
    begin, end = rfc3339(NOW + 3600), rfc3339(NOW + 7200)
    async with serving(desk, tmp_path) as config:
        words = ("shelf", "open", "--reason", "new switches", "--config", config)
        assert await run_beside(*words, "--site", "acme/hq", "--for", "2h") == 0
        assert await run_beside(*words, "--name", "deviceLagged", "--at", begin, "--until", end) == 0
        assert await run_beside("shelf", "list", "--config", config) == 0
        assert await run_beside("shelf", "close", "1", "--config", config) == 0
        assert await run_beside("shelf", "close", "1", "--config", config) == 1
        assert await run_beside(*words, "--site", "acme/moon", "--for", "2h") == 1
        assert await run_beside(*words, "--site", "acme/hq") == 1
    told = capsys.readouterr()
    assert "1  site acme/hq: until" in told.out
    assert f"2  name deviceLagged: from {begin} until {end}: new switches (local socket)" in told.out
    assert "there is no site acme/moon" in told.err
    assert "either ends_at or duration says until when" in told.err
    opened = [act for act in desk.heard if isinstance(act, ShelfOpened)]
    assert (opened[0].site, opened[0].reason) == ("acme/hq", "new switches")
    assert opened[0].ends_at - opened[0].starts_at == 7200
    assert ShelfClosed(1, "local socket") in desk.heard
