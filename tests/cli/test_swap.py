from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.command_line import run_beside, serving
from tests.support.operators_desk import DeskWithFleet


async def test_the_new_phone_and_its_number_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = DeskWithFleet(record())
    async with serving(desk, tmp_path) as config:
        assert await run_beside("swap", str(MAC), str(OTHER_MAC), "--config", config) == 0
        assert await run_beside("swap", str(MAC), str(OTHER_MAC), "--config", config) == 1
    told = capsys.readouterr()
    assert f"{OTHER_MAC} has taken its place with number 2041" in told.out.replace("\n", " ")
    assert f"there is no device {MAC}" in told.err.replace("\n", " ")
