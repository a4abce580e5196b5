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
HURRIED = (
    "import daemon.cli.demo as d, daemon.cli.demo_operator as o, daemon.cli.demo_setup as s, daemon.simulate.plan as p;"
    "d.REPEAT = o.LOOK_EVERY = o.APPROVE_AFTER = 0.2; o.FIRST_RESTART = s.KEEP_ALIVE_PERIOD = 1.0; p.NEWCOMER_AT = 0.0;"
    + PROGRAM
)
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
@pytest.mark.parametrize(
    ("program", "shown", "number"),
    [
        (PROGRAM, ["reachability:"], signal.SIGTERM),
        (HURRIED, ["waits for approval", "has its file and is registered as 20", "PROVED "], signal.SIGINT),
    ],
    ids=["at once", "when a newcomer has its file and a phone has proved its restart"],
)
def test_a_signal_ends_it_cleanly(program: str, shown: list[str], number: signal.Signals, tmp_path: Path) -> None:
    with started(tmp_path, program=program) as process:
        assert process.stdout is not None
        missing = set(shown)
        while missing:
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            missing -= {text for text in missing if text in line}
        assert '"level": "error"' not in "".join(log.read_text() for log in tmp_path.glob("*/ringkeeper.log"))
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_it_ends_by_itself_and_a_port_that_is_taken_at_the_last_moment_costs_a_second_attempt(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        blind = f"from daemon.cli import demo_setup; demo_setup._free = lambda *_: {taken.getsockname()[1]}; {PROGRAM}"
        with started(tmp_path, "--for", "0.5", program=blind) as process:
            out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert re.search(r"Operators +http://127\.0\.0\.1:\d+/sign-in#\S+", out)
    assert "0 s | reachability:" in out
    assert list(tmp_path.iterdir()) == []


def test_a_bad_trap_manager_is_refused_with_a_hint(tmp_path: Path) -> None:
    with started(tmp_path, "--trap-manager", "nowhere:x") as process:
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "write it like" in err
