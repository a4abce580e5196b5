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


async def test_users_and_devices_are_written_as_a_table_or_an_archive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "users.zip"
    async with serving(DeskWithFleet(record()), tmp_path) as config:
        assert await run_beside("export", "--csv", "--config", config) == 0
        assert await run_beside("export", "--zip", "--secrets", "--output", str(archive), "--config", config) == 0
        assert await run_beside("export", "--zip", "--csv", "--config", config) == 2

    assert MAC in capsys.readouterr().out
    assert archive.read_bytes().startswith(b"PK")
    assert archive.stat().st_mode & 0o077 == 0
