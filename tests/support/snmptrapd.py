"""Net-SNMP's snmptrapd as a receiver: a judge of our notifications that was written by somebody else.

`async with snmptrapd() as receiver:` starts it on a free loopback port and ends it again; what it took stands in
`receiver.received`. Given lines for its snmptrapd.conf, it takes v3 of the users that these create, and nothing else.
It needs real time: not for tests on a mock clock.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import trio

Value = int | bytes | str

# All varbinds on one line, with strings in hexadecimal, so that no text can be taken for the frame around it. Long
# strings are broken over lines all the same; an END closes each record.
_FORMAT = "%V|%%BEGIN %P|%v|END\n"
_RECORD = re.compile(
    r"%?BEGIN (?P<kind>\w+), SNMP (?P<version>\w+), (community|user) (?P<name>[^|,]*)[^|]*\|(?P<rest>.*?)\|END\n",
    re.DOTALL,
)

_COLD_START = "1.3.6.1.6.3.1.1.5.1"
_START_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class ReceivedTrap:
    """One notification as snmptrapd understood it; identifiers are dotted text without a leading dot."""

    kind: str  # "TRAP2" or "INFORM"
    version: str  # "v2c" or "v3"
    community: str  # or the user
    varbinds: tuple[tuple[str, Value], ...]

    @property
    def oid(self) -> str:
        """The notification's identity."""
        return str(self.value("1.3.6.1.6.3.1.1.4.1.0"))

    def value(self, oid: str) -> Value:
        """The value of one varbind; KeyError if it is not among them."""
        return dict(self.varbinds)[oid]


class Snmptrapd:
    """A running receiver: its address, and what it received, in order."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.received: list[ReceivedTrap] = []
        self._text = ""
        self._more = trio.Event()

    @property
    def alarms(self) -> list[ReceivedTrap]:
        """What was received and tells of an alarm: no coldStart."""
        return [each for each in self.received if each.oid != _COLD_START]

    async def wait_for(self, count: int, within: float = 20.0) -> list[ReceivedTrap]:
        """The first `count` notifications, as soon as they are there; fails after `within` seconds."""
        with trio.move_on_after(within):
            while len(self.received) < count:
                await self._more.wait()
        if len(self.received) < count:
            raise AssertionError(f"snmptrapd received {len(self.received)} of {count} notifications in {within} s")
        return self.received[:count]

    async def read(self, process: trio.Process) -> None:
        """Take in what the program prints, until it ends."""
        assert process.stdout is not None
        async for chunk in process.stdout:
            self._text += chunk.decode()
            while found := _RECORD.search(self._text):
                self._text = self._text[found.end() :]
                varbinds = tuple(_varbind(text) for text in found["rest"].split("|"))
                self.received.append(ReceivedTrap(found["kind"], found["version"], found["name"], varbinds))
                self._more.set()
                self._more = trio.Event()


@asynccontextmanager
async def snmptrapd(port: int = 0, host: str = "127.0.0.1", *, conf: Sequence[str] = ()) -> AsyncIterator[Snmptrapd]:
    """A receiver on a UDP port (0: a free one); without `conf` one of v1 and v2c that believes every community."""
    program = shutil.which("snmptrapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        raise AssertionError("snmptrapd is missing: install Debian's package snmptrapd")
    receiver = Snmptrapd(host, port or free_udp_port(host))
    transport = f"udp6:[{host}]:{receiver.port}" if ":" in host else f"udp:{host}:{receiver.port}"
    options = ["-f", "-Lo", "-On", "-Ox", "-m", "", "-F", _FORMAT]
    options += [] if conf else ["-C", "--disableAuthorization=yes"]
    with tempfile.TemporaryDirectory(prefix="snmptrapd-") as scratch:
        # Its persistent file and certificate index would otherwise land in /var/lib/snmp.
        await trio.Path(scratch, "snmptrapd.conf").write_text("\n".join((*conf, "")), encoding="utf-8")
        environment = {**os.environ, "SNMP_PERSISTENT_DIR": scratch, "SNMPCONFPATH": scratch, "HOME": scratch}
        async with trio.open_nursery() as nursery:
            process = await trio.lowlevel.open_process(
                [program, *options, transport],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
            nursery.start_soon(receiver.read, process)
            try:
                await _bound(host, receiver.port, process)
                yield receiver
            finally:
                process.kill()
                with trio.CancelScope(shield=True):
                    await process.wait()
                # The nursery ends with the reader, at the end of what was printed: nothing acknowledged is missed.


def free_udp_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on, as of now."""
    with socket.socket(_family(host), socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


async def _bound(host: str, port: int, process: trio.Process) -> None:
    """Return when somebody has the port: datagrams sent from now on are not lost."""
    with trio.move_on_after(_START_TIMEOUT):
        while process.poll() is None:
            with socket.socket(_family(host), socket.SOCK_DGRAM) as probe:
                try:
                    probe.bind((host, port))
                except OSError:
                    return
            await trio.sleep(0.02)
    raise AssertionError(f"snmptrapd did not open {host} port {port}; it ended with {process.poll()}")


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _varbind(text: str) -> tuple[str, Value]:
    oid, _, value = text.partition(" = ")
    return oid.strip().removeprefix("."), _value(value.strip())


def _value(text: str) -> Value:
    if text == '""':
        return b""
    kind, _, value = text.partition(": ")
    match kind:
        case "Hex-STRING":
            return bytes.fromhex(value)
        case "INTEGER" | "Gauge32" | "Counter32":
            return int(value)
        case "Timeticks":
            return int(value[1 : value.index(")")])
        case "OID":
            return value.removeprefix(".")
        case _:
            return value
