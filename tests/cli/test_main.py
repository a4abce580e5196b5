from __future__ import annotations

import pytest

from daemon import __version__
from tests.support.command_line import run

COMMANDS = ("serve", "check-config", "demo", "simulate", "import", "export", "dhcp", "status", "operator")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0
    assert "Usage" in capsys.readouterr().out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"ringkeeper {__version__}\n"


@pytest.mark.parametrize("words", [("fly",), ("serve", "--speed", "9")])
def test_what_it_does_not_know_is_a_fault_of_usage(words: tuple[str, ...]) -> None:
    assert run(*words) == 2
