from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.builders import MAC, record
from tests.support.command_line import run_beside, serving
from tests.support.operators_desk import DeskWithFleet


async def test_the_inventory_is_printed_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(DeskWithFleet(record()), tmp_path) as config:
        assert await run_beside("export", "--config", config) == 0

    said = capsys.readouterr()
    assert said.out.startswith("tenants:")
    assert MAC in said.out
