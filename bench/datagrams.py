"""What does a flood of the costliest SNMP datagrams do to everything else in the daemon?

The whole daemon in a process of its own, an agent and a trap receiver with their rates as they are by default, and
some phones. A thread of ours sends as fast as it can, a second each: what strangers can send, what those can who know
the community, and what those cannot who do not know a password. Meanwhile the health page is asked for, again and
again: the slowest answer is how long the loop was held up, by whomever.

    .venv/bin/python -m bench.datagrams [--seconds 5]
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import median
from threading import Event
from typing import NamedTuple

import trio

from bench.walk import configuration, probe
from daemon.config.snmp_settings import SnmpUser
from daemon.snmp import ber
from daemon.snmp.pdu import PduType, Version, encode_pdu, encode_varbind
from daemon.snmp.pdu import encode_message as in_v2c
from daemon.snmp.v3.message import MAX_SIZE, Header, encode_message
from daemon.snmp.v3.usm import Level, user_of
from tests.support.daemon_process import serving
from tests.support.snmptrapd import free_udp_port

bringing = import_module("bench.import")  # its name is a keyword

DEVICES = 1000
NULL = ber.wrap(ber.Syntax.NULL, b"")
USER = {"name": "noc", "password": "maplesyrup"}
STRANGER = {"name": "noc", "password": "birchsyrup"}
LAG_BUDGET = 0.05  # seconds that the loop may be held up


def questions(community: bytes) -> bytes:
    """A GETBULK of 1,000 columns, a hundred times each."""
    columns = ((1, 3, 6, 1, 4, 1, 32473, 1, 1, 20, 1, 2 + number % 14) for number in range(1000))
    varbinds = [encode_varbind(column, NULL) for column in columns]
    return in_v2c(Version.V2C, community, encode_pdu(PduType.GET_BULK, 7, varbinds, 0, 100))


def traps(community: bytes) -> bytes:
    """A trap of 1,000 long names, none of which is like another."""
    names = ((1, 3, 6, 1, 4, 1, number, *(2**31,) * 7) for number in range(1000))
    return in_v2c(Version.V2C, community, encode_pdu(PduType.TRAP, 7, [encode_varbind(name, NULL) for name in names]))


def forged() -> bytes:
    """The largest trap of v3 of a user whose password we do not know, of an engine of our own."""
    engine_id = bytes.fromhex("80007ed905c0ffee123456")
    keys = user_of(SnmpUser.model_validate(STRANGER)).at(engine_id)
    header = Header(7, MAX_SIZE, Level.PRIVATE, False, engine_id, 1, 1, b"noc")
    return encode_message(header, bytes(65_000), keys, bytes(8))


def written(folder: Path, agent: int, receiver: int) -> Path:
    """A daemon with phones whose agent and receiver have their default rates."""
    config = configuration(folder, DEVICES, agent)
    settings = json.loads(config.read_text(encoding="utf-8"))
    settings["snmp"] = {
        "users": [USER],
        "agent": {"listen": f"udp://127.0.0.1:{agent}", "community": "public"},
        "receiver": {"listen": [f"udp://127.0.0.1:{receiver}"], "users": ["noc"]},
    }
    config.write_text(json.dumps(settings), encoding="utf-8")
    return config


def send(datagram: bytes, port: int, over: Event) -> int:
    """Send it as fast as the kernel takes it; how often."""
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        while not over.is_set():
            own.sendto(datagram, ("127.0.0.1", port))
            sent += 1
    return sent


class Flooded(NamedTuple):
    """How many were sent; the probe's answers meanwhile, seconds; the daemon's processor time as a share of a core."""

    sent: int
    held: list[float]
    busy: float


async def flooded(folder: Path, datagram: bytes, port: int, seconds: float, daemon: int) -> Flooded:
    """One flood."""
    held: list[float] = []
    over, sent = Event(), list[int]()

    async def flood() -> None:
        sent.append(await trio.to_thread.run_sync(partial(send, datagram, port, over)))
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(probe, folder / "api.sock", held)
        await trio.sleep(0.3)
        held.clear()
        nursery.start_soon(flood)
        cpu, began = bringing.processor(daemon), time.perf_counter()
        await trio.sleep(seconds)
        busy = (bringing.processor(daemon) - cpu) / (time.perf_counter() - began)
        over.set()
    return Flooded(sent[0], held, busy)


async def measure(folder: Path, seconds: float) -> bool:
    """All floods in turn; whether none held the loop up for long."""
    agent, receiver = free_udp_port(), free_udp_port()
    floods: Mapping[str, tuple[bytes, int]] = {
        "nothing": (b"", free_udp_port()),
        "the agent is asked for 1,000 columns by a stranger": (questions(b"private"), agent),
        "the agent is asked for 1,000 columns": (questions(b"public"), agent),
        "the receiver is told 1,000 long names by a stranger": (traps(b"private"), receiver),
        "the receiver is told 1,000 long names": (traps(b"public"), receiver),
        "the receiver is told 65 KB under a forged MAC": (forged(), receiver),
    }
    worst = []
    async with serving(written(folder, agent, receiver)) as daemon:
        await daemon.ready()
        for name, (datagram, port) in floods.items():
            found = await flooded(folder, datagram, port, seconds, daemon.process.pid)
            worst.append(max(found.held))
            print(
                f"{name}: {len(datagram):,} octets, {found.sent / seconds:,.0f} a second; {found.busy:.0%} of a core;"
                f" the probe's answers {median(found.held) * 1000:.0f} ms (median), {worst[-1] * 1000:.0f} ms (slowest)"
            )
    return max(worst) <= max(LAG_BUDGET, worst[0])


def main() -> int:
    """Run it; 1 if the loop was held up for longer than it may be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    with tempfile.TemporaryDirectory(prefix="datagrams-") as folder:
        return 0 if trio.run(measure, Path(folder), parser.parse_args().seconds) else 1


if __name__ == "__main__":
    sys.exit(main())
