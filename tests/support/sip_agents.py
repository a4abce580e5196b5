"""Real user agents as desk phones: PJSIP and baresip, each a process that registers and answers OPTIONS.

They differ where it matters: PJSIP takes the strongest digest algorithm it is offered and answers pings over the
connection it registered over; baresip 1.0.0 knows MD5 alone, and gives up on a challenge that offers another as well.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import trio

from tests.support.waiting import becomes_true

BARESIP_MODULES = "/usr/lib/baresip/modules"


@dataclass(frozen=True, slots=True)
class Account:
    """Who registers, by which way; over TLS with a server whose certificate is signed by `ca`."""

    host: str
    port: int
    over: str = "udp"
    user: str = "2041"
    password: str = "none"
    domain: str = "pbx-a.example.net"
    ca: Path | None = None
    expires: int = 60


class Agent:
    """A running user agent; `said` is what it printed, a line each."""

    def __init__(self, process: trio.Process) -> None:
        self.said: list[str] = []
        self._process = process
        self._rest = b""

    async def read(self) -> None:
        """Take in what it says, until it ends."""
        assert self._process.stdout is not None
        async for chunk in self._process.stdout:
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            self.said += [line.decode(errors="replace") for line in lines]

    async def says(self, words: str) -> None:
        """Return when it has said that."""
        await becomes_true(lambda: any(words in line for line in self.said) or self._process.poll() is not None)
        assert any(words in line for line in self.said), f"it never said {words!r}: {self.said}"

    async def told(self, order: str) -> None:
        """Give it a line on stdin."""
        assert self._process.stdin is not None
        await self._process.stdin.send_all(f"{order}\n".encode())

    def vanish(self) -> None:
        """As if its power had been cut."""
        self._process.send_signal(signal.SIGKILL)

    def leave(self) -> None:
        """As if it were switched off: it deregisters."""
        self._process.send_signal(signal.SIGTERM)


@asynccontextmanager
async def pjsua(account: Account) -> AsyncIterator[Agent]:
    """PJSIP registering with this account."""
    assert find_spec("pjsua2"), "PJSIP is missing: pip install pjsua2-python (Python 3.11 or 3.12)"
    wanted = asdict(account) | {"ca": str(account.ca or "")}
    program = Path(__file__).parent / "pjsua_agent.py"
    async with _running([sys.executable, str(program), json.dumps(wanted)]) as agent:
        yield agent


@asynccontextmanager
async def baresip(account: Account, folder: Path) -> AsyncIterator[Agent]:
    """baresip likewise, with its configuration in `folder`, which is there."""
    program = shutil.which("baresip")
    assert program, "baresip is missing: apt-get install baresip-core"
    settings = [
        "sip_listen 127.0.0.1:0",
        f"module_path {BARESIP_MODULES}",
        "module g711.so",
        "module_app account.so",
        "module_app menu.so",
    ]
    settings += [f"sip_cafile {account.ca}", "sip_verify_server yes"] if account.ca else []
    (folder / "config").write_text("\n".join(settings) + "\n", encoding="utf-8")
    (folder / "accounts").write_text(f"{_line(account)}\n", encoding="utf-8")
    async with _running([program, "-f", str(folder)]) as agent:
        yield agent


def _line(account: Account) -> str:
    """An account as baresip's file of that name has it."""
    line = f"<sip:{account.user}@{account.domain};transport={account.over}>"
    line += f";auth_user={account.user};auth_pass={account.password};regint={account.expires}"
    return f'{line};outbound="sip:{account.host}:{account.port};transport={account.over}"'


@asynccontextmanager
async def _running(command: list[str]) -> AsyncIterator[Agent]:
    """The process with somebody who reads what it says; killed at the end."""
    process: Any = await trio.lowlevel.open_process(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    agent = Agent(process)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(agent.read)
        try:
            yield agent
        finally:
            with trio.CancelScope(shield=True):
                if process.poll() is None:
                    process.kill()
                await process.wait()
