"""The daemon as a service manager runs it: a process of its own, with signals, a notify socket and an exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

from tests.support.waiting import PATIENCE, becomes_true

ROOT = Path(__file__).parents[2]


class DaemonProcess:
    """A process that runs `ringkeeper serve`; `log` is what it said so far, a line each."""

    def __init__(self, process: trio.Process) -> None:
        self.process = process
        self.log: list[dict[str, Any]] = []
        self._rest = b""

    async def read(self) -> None:
        """Take in what it says, until it ends."""
        assert self.process.stderr is not None
        async for chunk in self.process.stderr:
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            self.log += map(json.loads, lines)

    async def ready(self) -> dict[str, Any]:
        """The line that says where it listens, as soon as it is there."""
        return await self.says("ready")

    async def says(self, message: str) -> dict[str, Any]:
        """The line with this message, as soon as it is there."""
        await becomes_true(lambda: self._said(message) is not None or self.process.poll() is not None)
        line = self._said(message)
        assert line is not None, f"it ended with {self.process.returncode} and never said {message!r}: {self.log}"
        return line

    async def ends(self) -> int:
        """Its exit code."""
        with trio.fail_after(PATIENCE):
            return await self.process.wait()

    def _said(self, message: str) -> dict[str, Any] | None:
        return next((line for line in self.log if line["msg"] == message), None)


@asynccontextmanager
async def serving(config: Path, *before: str, **environment: str) -> AsyncIterator[DaemonProcess]:
    """`python -m daemon serve` with that configuration; killed at the end should it still run.

    `before` is what stands in front of the command, such as `ip netns exec NAME`.
    """
    process = await trio.lowlevel.open_process(
        [*before, sys.executable, "-m", "daemon", "serve", "--config", str(config)],
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    daemon = DaemonProcess(process)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(daemon.read)
        try:
            yield daemon
        finally:
            with trio.CancelScope(shield=True):
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                await process.wait()
            # The nursery ends with the reader, at the end of what was said.


class ServiceManager:
    """systemd's end of sd_notify(3); `told` is every message so far, as its lines."""

    def __init__(self, sock: trio.socket.SocketType, path: Path) -> None:
        self.told: list[list[str]] = []
        self.path = path
        self._socket = sock

    async def listen(self) -> None:
        """Take messages until cancelled."""
        while True:
            self.told.append((await self._socket.recv(4096)).decode().split("\n"))

    async def hears(self, line: str, times: int = 1) -> None:
        """Return when that line has come so many times."""
        await becomes_true(lambda: sum(line in message for message in self.told) >= times)

    def order_of(self, wanted: Callable[[str], bool]) -> list[str]:
        """The lines that are wanted, in the order in which they came."""
        return [line for message in self.told for line in message if wanted(line)]


@asynccontextmanager
async def service_manager(path: Path) -> AsyncIterator[ServiceManager]:
    """A notify socket at `path`."""
    with trio.socket.socket(trio.socket.AF_UNIX, trio.socket.SOCK_DGRAM) as sock:
        await sock.bind(str(path))
        manager = ServiceManager(sock, path)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(manager.listen)
            yield manager
            nursery.cancel_scope.cancel()
