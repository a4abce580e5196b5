"""What the command line says when something is wrong."""

from __future__ import annotations

import pytest

from daemon.cli.console import complain


def test_complaints_go_to_standard_error_one_a_line_and_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 300
    complain(["first [not] markup", long])
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == ["first [not] markup", long]
