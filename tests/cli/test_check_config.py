from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import run, write_config


def test_a_good_configuration_is_fine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_config(tmp_path)

    assert run("check-config", str(config)) == 0
    assert capsys.readouterr().out == f"{config}: fine\n"


def test_every_fault_is_told_with_file_and_line_even_in_a_narrow_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    config = tmp_path / "ringkeeper.yml"
    config.write_text("qualify:\n  interval: 60\n  missses: 3\n")

    assert run("check-config", str(config)) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in said[:-1]] == [f"{config}:2", f"{config}:3"]
    assert said[-1] == "2 faults"


def test_without_a_file_it_is_a_fault_of_usage() -> None:
    assert run("check-config") == 2
