"""SIPp, an independent SIP stack, as a phone: a scenario of tests/data/sipp run against the daemon, or answering it."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import trio

SCENARIOS = Path(__file__).parents[1] / "data" / "sipp"
PATIENCE = 30  # seconds a scenario may take

Over = Literal["udp", "tcp"]
_MODES = {"udp": "u1", "tcp": "t1"}  # one socket for all calls


def free_port(host: str = "127.0.0.1") -> int:
    """A port that is free over UDP and TCP alike; the next to bind it gets it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        with socket.socket(family, socket.SOCK_STREAM) as stream:
            stream.bind((host, 0))
            port = int(stream.getsockname()[1])
            with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
                try:
                    datagrams.bind((host, port))
                except OSError:
                    continue
                return port


def sipp_command(
    scenario: str,
    at: tuple[str, int],
    *arguments: str,
    user: str = "2041",
    calls: int = 1,
    over: Over = "udp",
) -> list[str]:
    """SIPp with this scenario `at` this address of loopback and this port, over one socket."""
    program = shutil.which("sipp")
    assert program, "SIPp is missing: apt-get install sip-tester"
    host, port = at
    command = [program, "-sf", str(SCENARIOS / scenario), "-i", host, "-p", str(port), "-t", _MODES[over]]
    command += ["-m", str(calls), "-s", user, "-nostdin", "-timeout", f"{PATIENCE}s", "-timeout_error"]
    return [*command, *arguments]


async def sipp(
    scenario: str, server: tuple[str, int], *arguments: str, user: str = "2041", calls: int = 1, over: Over = "udp"
) -> None:
    """Run a scenario against `server` to its end; whatever SIPp did not like fails the test with its own words."""
    host, port = server
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    command = sipp_command(scenario, (host, free_port(host)), *arguments, where, user=user, calls=calls, over=over)
    with trio.fail_after(PATIENCE + 10):
        finished = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
    said = finished.stderr.decode(errors="replace") + finished.stdout.decode(errors="replace")[-3000:]
    assert finished.returncode == 0, said


@asynccontextmanager
async def sipp_answering(
    scenario: str, port: int, *arguments: str, calls: int = 1000, host: str = "127.0.0.1"
) -> AsyncIterator[None]:
    """SIPp as a phone at `port` of `host` that is asked; killed at the end."""
    command = sipp_command(scenario, (host, port), *arguments, calls=calls)
    process = await trio.lowlevel.open_process(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()
