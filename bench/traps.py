"""How many notifications a second, against pysnmp's high-level `send_notification`, to net-snmp's `snmptrapd`?

The same varbinds, those of a phone's alarm: ours go the way from the outbox's entry through `Sender`, one by one as in
the daemon, with an outbox in memory; pysnmp is given them as objects whose names need no MIB (`lookupMib=False`, its
faster way). Traps are sent in bursts, between which the receiver may catch up, since its socket holds some hundred and
what is lost there tells nothing about the sender; informs one after the other, each acknowledged before the next, as
order asks for. Of each are given: notifications a second of wall time (of the bursts alone), processor time of the
sender for one, and how many of those sent `snmptrapd` wrote down. The contestants take turns; medians of the rounds.

    .venv/bin/python -m bench.traps [--rounds 5] [--count 1000]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

import trio
from pysnmp.hlapi.v3arch import asyncio as hlapi

from daemon.config.snmp_settings import Manager, Snmp, SnmpUser
from daemon.fleet.notifications import Notification
from daemon.scheduler.clock import Clock
from daemon.snmp import oids
from daemon.snmp.ber import Syntax
from daemon.snmp.sending.sender import Sender
from daemon.snmp.sending.traps import notification_to_trap
from daemon.snmp.v3.engine import Engine
from tests.support.namespaces import program
from tests.support.notifications import a_notification
from tests.support.snmptrapd import free_udp_port

BURST = 50
CATCH_UP = 0.05  # seconds; snmptrapd needs some 10 ms for a burst
AUTH, PRIVACY = "maplesyrup", "birchsyrup"
OUR_ENGINE = bytes.fromhex("80007ed905c0ffee123456")
THEIR_ENGINE = bytes.fromhex("80007ed905c0ffee654321")
CONF = "\n".join(
    (
        *(f"createUser -e 0x{engine.hex()} noc SHA-256 {AUTH} AES {PRIVACY}" for engine in (OUR_ENGINE, THEIR_ENGINE)),
        f"createUser noc SHA-256 {AUTH} AES {PRIVACY}",
        "authUser log noc priv",
        "authCommunity log public",
        "",
    )
)
NUMBER = ".".join(("", *map(str, oids.ringkeeper_instance(32473, oids.SEQUENCE))))

Kind = Literal["trap", "inform"]
Version = Literal["v2c", "v3"]
TARGETS: dict[tuple[Version, Kind], float] = {
    ("v2c", "trap"): 10,
    ("v2c", "inform"): 5,
    ("v3", "trap"): 2,
    ("v3", "inform"): 2,
}
api: Any = hlapi


@dataclass
class Race:
    """What one contestant did in all rounds: seconds of wall and processor time for one, how many were received."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    sent: int = 0
    received: int = 0


@dataclass(frozen=True)
class Job:
    """So many notifications of that sort to that port."""

    version: Version
    kind: Kind
    port: int
    bursts: int


@dataclass
class Watch:
    """Stops the time of bursts, and not of what is between."""

    wall: float = 0.0
    cpu: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """A burst."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu


class Row:
    """An entry of the outbox."""

    def __init__(self, number: int, notification: Notification) -> None:
        self.number = number
        self.notification = notification


class Outbox:
    """The daemon's outbox, but for the disk."""

    def __init__(self) -> None:
        self._rows: deque[Row] = deque()
        self._more = self._empty = trio.Event()

    def put(self, rows: list[Row]) -> trio.Event:
        """What is set when they are all settled."""
        self._rows.extend(rows)
        self._more.set()
        self._empty = trio.Event()
        return self._empty

    async def next(self, receiver: str) -> Row:
        """The oldest, which stays."""
        while not self._rows:
            self._more = trio.Event()
            await self._more.wait()
        await trio.lowlevel.checkpoint()
        return self._rows[0]

    def settle(self, entry: Row) -> None:
        """It is done with."""
        self._rows.popleft()
        if not self._rows:
            self._empty.set()

    def last_number(self, receiver: str) -> int:
        """Nobody is sent a heartbeat here."""
        return 0


async def ours(job: Job) -> Watch:
    watch, outbox, clock = Watch(), Outbox(), Clock()
    user = SnmpUser.model_validate({"name": "noc", "password": AUTH, "privacy_password": PRIVACY})
    manager = Manager(host="127.0.0.1", port=job.port, version=job.version, user="noc", kind=job.kind)
    engine = Engine(OUR_ENGINE, 1, clock.now(), salt=0)
    async with trio.open_nursery() as nursery:
        sender = Sender(Snmp(managers=(manager,), users=(user,)), outbox, clock, engine)
        await nursery.start(sender.run)
        await outbox.put([Row(0, a_notification())]).wait()  # with coldStart, and whatever v3 has to find out first
        for burst in range(job.bursts):
            await trio.sleep(CATCH_UP)
            rows = [Row(BURST * burst + index + 1, a_notification()) for index in range(BURST)]
            with watch.running():
                await outbox.put(rows).wait()
        await trio.sleep(CATCH_UP)
        nursery.cancel_scope.cancel()
    return watch


async def pysnmps(job: Job) -> Watch:
    watch = Watch()
    engine = api.SnmpEngine(snmpEngineID=api.OctetString(THEIR_ENGINE))
    said_by = (
        api.CommunityData("public", mpModel=1)
        if job.version == "v2c"
        else api.UsmUserData(
            "noc",
            AUTH,
            PRIVACY,
            authProtocol=api.USM_AUTH_HMAC192_SHA256,
            privProtocol=api.USM_PRIV_CFB128_AES,
        )
    )
    target = await api.UdpTransportTarget.create(("127.0.0.1", job.port))
    context = api.ContextData()

    async def told(number: int) -> None:
        trap = notification_to_trap(a_notification(), "ringkeeper", 32473, 1.0, number)
        varbinds = [(bind.oid, TYPES[bind.syntax](bind.value)) for bind in trap.varbinds]
        error, *_ = await api.send_notification(engine, said_by, target, context, job.kind, *varbinds, lookupMib=False)
        assert error is None, error

    await told(0)
    for burst in range(job.bursts):
        await asyncio.sleep(CATCH_UP)
        with watch.running():
            for index in range(BURST):
                await told(BURST * burst + index + 1)
    await asyncio.sleep(CATCH_UP)
    engine.close_dispatcher()
    return watch


TYPES = {
    Syntax.INTEGER: api.Integer,
    Syntax.OCTETS: api.OctetString,
    Syntax.OID: api.ObjectIdentifier,
    Syntax.IP_ADDRESS: api.IpAddress,
    Syntax.UNSIGNED: api.Unsigned32,
    Syntax.TIME_TICKS: api.TimeTicks,
}
CONTESTANTS: dict[str, Callable[[Job], Watch]] = {
    "Ringkeeper": lambda job: trio.run(ours, job),
    "pysnmp": lambda job: asyncio.run(pysnmps(job)),
}


@contextmanager
def receiver(port: int, folder: Path) -> Iterator[Path]:
    """A running snmptrapd, and the file it writes down in what it received."""
    written = folder / "received"
    written.write_text("")
    (folder / "snmptrapd.conf").write_text(CONF)
    places = {name: str(folder) for name in ("SNMP_PERSISTENT_DIR", "SNMPCONFPATH", "HOME")}
    options = ["-f", "-Lf", str(written), "-On", "-m", "", "-F", "%v\n", f"udp:127.0.0.1:{port}"]
    with subprocess.Popen([program("snmptrapd", "snmptrapd"), *options], env={**os.environ, **places}) as process:
        try:
            time.sleep(0.5)  # until it listens
            yield written
        finally:
            process.kill()


def race(version: Version, kind: Kind, rounds: int, count: int) -> dict[str, Race]:
    races = {name: Race() for name in CONTESTANTS}
    for _ in range(rounds):
        for name, contestant in CONTESTANTS.items():
            job = Job(version, kind, free_udp_port(), count // BURST)
            total = BURST * job.bursts
            with tempfile.TemporaryDirectory() as folder, receiver(job.port, Path(folder)) as written:
                watch = contestant(job)
                time.sleep(CATCH_UP)
                received = written.read_text(errors="replace").count(f"{NUMBER} = ") - 1  # without the first
            result = races[name]
            result.wall.append(watch.wall / total)
            result.cpu.append(watch.cpu / total)
            result.sent += total
            result.received += received
    return races


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=1000, help="notifications of each sort, contestant and round")
    options = parser.parse_args()
    for (version, kind), target in TARGETS.items():
        races = race(version, kind, options.rounds, options.count)
        print(f"{version} {kind}s")
        for name, result in races.items():
            wall, cpu = median(result.wall), median(result.cpu)
            print(
                f"  {name:12} {1 / wall:8,.0f} a second  {1e6 * cpu:6.0f} µs of processor each"
                f"  {result.received} of {result.sent} received"
            )
        own, theirs = races.values()
        walls, cpus = (median(theirs.wall) / median(own.wall), median(theirs.cpu) / median(own.cpu))
        print(f"  pysnmp/Ringkeeper: wall {walls:.1f}, processor {cpus:.1f}; target {target:.0f}")


if __name__ == "__main__":
    main()
