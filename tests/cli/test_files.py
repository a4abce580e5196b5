from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.builders import MAC, record
from tests.support.command_line import run_beside, serving
from tests.support.operators_desk import DeskWithFleet
from tests.support.provisioned import SEALER

NAME = f"{MAC}.cfg"


async def test_a_file_is_listed_shown_replaced_and_restored(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    desk = DeskWithFleet(record(sip_password=SEALER.seal("hush")))
    own = tmp_path / "own.cfg"
    own.write_text("system/type=420HD\n")
    async with serving(desk, tmp_path) as config:
        assert await run_beside("file", "list", "--kind", "device", "--search", MAC[:8], "--config", config) == 0
        assert await run_beside("file", "show", NAME, "--config", config) == 0
        assert b"hush" not in capfdbinary.readouterr().out
        assert await run_beside("file", "show", NAME, "--secrets", "--config", config) == 0
        assert b"hush" in capfdbinary.readouterr().out
        assert await run_beside("file", "put", NAME, str(own), "--config", config) == 0
        assert await run_beside("file", "show", NAME, "--config", config) == 0
        assert b"system/type=420HD" in capfdbinary.readouterr().out
        assert await run_beside("file", "delete", NAME, "--config", config) == 0
        assert await run_beside("file", "delete", NAME, "--config", config) == 1
        assert await run_beside("file", "put", NAME, str(tmp_path / "gone"), "--config", config) == 1
    assert not desk.fleet.documents[f"file/{NAME}"].body
