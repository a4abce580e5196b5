"""The demo as a user starts it: a process of its own, real sockets, real signals."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = "import typer; from daemon.cli.demo import demo; typer.run(demo)"
PATIENCE = 60  # seconds; a start takes one or two


@contextmanager
def started(folder: Path, *arguments: str, program: str = PROGRAM) -> Iterator[subprocess.Popen[str]]:
    """The demo with `folder` as its place for scratch files; killed at the end should it still run."""
    with subprocess.Popen(
        [sys.executable, "-c", program, "--phones", "12", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"TMPDIR": str(folder), "PATH": "/usr/bin", "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.slow
def test_for_some_seconds_it_shows_the_fleet_and_then_ends_without_a_trace(tmp_path: Path) -> None:
    with started(tmp_path, "--for", "4") as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert re.search(r"Operators +http://127\.0\.0\.1:\d+/sign-in#\S+", out)
    assert "0 s | reachability:" in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    with started(tmp_path) as process:
        assert process.stdout is not None
        for text in process.stdout:
            if "reachability:" in text:
                break
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_port_that_is_taken_at_the_last_moment_costs_a_second_attempt_and_no_more(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        blind = f"from daemon.cli import demo_setup; demo_setup._free = lambda *_: {taken.getsockname()[1]}; {PROGRAM}"
        with started(tmp_path, "--for", "0.5", program=blind) as process:
            out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert "reachability:" in out


def test_a_bad_trap_manager_is_refused_with_a_hint(tmp_path: Path) -> None:
    with started(tmp_path, "--trap-manager", "nowhere:x") as process:
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "write it like" in err
