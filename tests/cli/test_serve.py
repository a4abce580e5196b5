from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import run


def test_a_configuration_that_cannot_be_used_is_told_by_file_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "ringkeeper.yml"
    config.write_text("qualify: {interval: 60}\n")

    assert run("serve", "--config", str(config)) == 1
    assert f"{config}:1 qualify.interval" in capsys.readouterr().err
