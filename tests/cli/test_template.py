from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import run_beside, serving
from tests.support.operators_desk import DeskWithFleet

PLAIN = "type=t\ndescription=Mine\n\n[global]\na/b=1\n\n[device]\nc/d=%ITCS_mac%\n"


async def test_a_template_is_taken_out_edited_put_back_and_restored(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    desk, file = DeskWithFleet(), tmp_path / "mine.txt"
    file.write_text(PLAIN)
    async with serving(desk, tmp_path) as config:
        for words in (
            ("clone", "420HD", "acme/420HD"),
            ("put", "acme/420HD", str(file), "--based-on", "1"),
            ("show", "acme/420HD", "--plain"),
            ("show", "acme/420HD", "--version", "1"),
            ("default", "acme", "420HD", "acme/420HD"),
            ("list",),
            ("versions", "acme/420HD"),
            ("rollback", "acme/420HD", "1"),
            ("default", "acme", "420HD"),
            ("restore", "acme/420HD"),
        ):
            assert await run_beside("template", *words, "--config", config) == 0, words
        assert await run_beside("template", "restore", "acme/420HD", "--config", config) == 1
    said = capsysbinary.readouterr().out.decode()
    assert PLAIN in said
    assert "<description>AudioCodes 420HD with generic SIP firmware, one line</description>" in said
    assert "acme/420hd\tedited\t2\tacme/420hd\tMine\n" in said
    assert "\n2\t" in said
    assert "acme/420HD is at version 3" in said
    assert desk.fleet.documents["template/acme/420hd"].body == ""


async def test_faults_are_placed_in_the_file_and_a_dry_run_only_looks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk, file = DeskWithFleet(), tmp_path / "mine.txt"
    async with serving(desk, tmp_path) as config:
        file.write_text(PLAIN.replace("mac", "Macc"))
        assert await run_beside("template", "put", "420HD", str(file), "--config", config) == 1
        file.write_text(PLAIN + "ems_server/keep_alive_period=999\n")
        assert await run_beside("template", "put", "420HD", str(file), "--dry-run", "--config", config) == 0
        assert await run_beside("template", "put", "420HD", str(tmp_path / "none"), "--config", config) == 1
    captured = capsys.readouterr()
    assert f"{file}:8 %ITCS_Macc%: nobody defined this placeholder" in captured.err
    assert f"warning: {file}:9 ems_server/keep_alive_period" in captured.err
    assert "none: No such file" in captured.err
    assert "420HD would be taken" in captured.out
    assert desk.heard == []
