"""How long until a daemon with 30,000 phones is ready, and how much of that is ours?

A state folder is filled through the real store: every phone with its state, its contact and a report. Then, in turn:
(a) `python -c "import daemon.app"`, which is what Python and the libraries take before a line of ours decides anything;
(b) `python -m daemon serve`, from the start of the process to READY=1 on its NOTIFY_SOCKET;
(c) the same with an inventory file of all the phones that has not changed since the last start;
(d) as (b), but every phone has a user, lines its user set, and a file it was given: a row more in three tables.
Times are medians of the rounds; processor time is that of the process up to READY=1, and memory what
it has resident then. The one start that takes the
inventory in is told beside them.

    .venv/bin/python -m bench.start [--devices 30000] [--rounds 5] [--dir DIRECTORY]
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_network
from itertools import chain
from pathlib import Path
from statistics import median

import structlog
import trio

from daemon.app import DATABASE
from daemon.config.settings import Settings
from daemon.fleet.model import Contact, DeviceRecord, DeviceState, Mac, Presence, Reachability, Report, Tenant
from daemon.fleet.records import Document, FileVersion, User
from daemon.fleet.store_commands import (
    SaveDevice,
    SaveDocument,
    SaveFileVersion,
    SaveState,
    SaveTenant,
    SaveUser,
    StoreCommand,
)
from daemon.scheduler.clock import Clock
from daemon.store.store import open_store

BUDGET = 3.0  # seconds
PATIENCE = 300.0  # seconds, for the start that takes the inventory in

CONFIGURATION = """\
state_dir: {state}
http:
  phones: {{listen: ["http://127.0.0.1:0"]}}
  operators: {{listen: ["unix://{state}/api.sock"]}}
sip: {{listen: ["udp://127.0.0.1:0"]}}
"""


@dataclass(frozen=True)
class Start:
    """Seconds to readiness: on the wall, and of processor; and MB resident then."""

    wall: float
    cpu: float
    memory: float = 0.0

    def __str__(self) -> str:
        return f"{self.wall:6.2f} s   {self.cpu:6.2f} s of processor   {self.memory:5.1f} MB"


def record(index: int) -> DeviceRecord:
    """A phone as an operator defined it."""
    mac, number = Mac(f"00908f{index:06x}"), f"{20000 + index}"
    return DeviceRecord(mac, "420HD", "acme", user=f"user{index}", number=number, server="")


def state(of: DeviceRecord, now: float) -> DeviceState:
    """What became of it: registered, answering, with a usual report."""
    report = Report(
        status="registered",
        model="420HD",
        firmware="2.2.16.142",
        ip="127.0.0.1",
        subnet_mask="255.255.0.0",
        vlan="12",
        user_name=of.user,
        user_id=f"{of.user}@example.net",
        number=of.number,
        sip_proxy="pbx-a.example.net",
        user_agent="AUDC-IPPhone/2.2.16.142 (420HD-Rev1; 00908F4867AF)",
    )
    return DeviceState(
        mac=of.mac,
        presence=Presence.REGISTERED,
        presence_reason="reported registered",
        presence_since=now,
        last_seen=now,
        source="127.0.0.1",
        report=report,
        reachability=Reachability.OK,
        reachability_reason="round trip 12 ms",
        reachability_since=now,
        contact=Contact(f"sip:{of.number}@127.0.0.1:9", "127.0.0.1", 9, now + 86400),
        registered_server="",
        ever_registered=True,
    )


def commands(devices: int, now: float) -> Iterator[StoreCommand]:
    """Everything the fleet would have had written down."""
    yield SaveTenant(Tenant("acme", subnet=ip_network("127.0.0.0/8"), default=True))
    for index in range(devices):
        yield SaveDevice(record(index))
        yield SaveState(state(record(index), now))


def provisioned(devices: int, now: float) -> Iterator[StoreCommand]:
    """What 0.3.0 keeps besides, in the sizes it has: lines of some 200 bytes, a packed file of 1.4 KB, both sealed."""
    for index in range(devices):
        of = record(index)
        yield SaveUser(User(of.user, "acme", f"User {index}", of.number, "x" * 60))
        yield SaveDocument(Document(f"user/{of.mac}", 1, os.urandom(100).hex(), now, "phone"))
        yield SaveFileVersion(FileVersion(of.mac, 1, os.urandom(32).hex(), now, "template", os.urandom(700).hex()))


async def fill(folder: Path, kept: Callable[[float], Iterator[StoreCommand]]) -> None:
    clock = Clock()
    async with open_store(folder / DATABASE, {}, Settings().store, clock) as store:
        for command in kept(clock.now()):
            store.submit(command)


def write_inventory(path: Path, devices: int) -> None:
    entry = '- {{mac: {0.mac}, model: {0.model}, tenant: acme, user: {0.user}, number: "{0.number}"}}'
    entries = [entry.format(record(index)) for index in range(devices)]
    path.write_text("\n".join(["tenants: [{name: acme, subnet: 127.0.0.0/8, default: true}]", "devices:", *entries]))


def bare() -> Start:
    """The imports alone."""
    began = time.perf_counter()
    before = os.times()
    subprocess.run([sys.executable, "-c", "import daemon.app"], check=True)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Start(time.perf_counter() - began, cpu)


def serve(config: Path) -> Start:
    """A daemon from nothing to ready; then it is asked to end."""
    with notify_socket(config.with_suffix(".notify")) as told:
        environment = {**os.environ, "NOTIFY_SOCKET": told.getsockname()}
        began = time.perf_counter()
        command = [sys.executable, "-m", "daemon", "serve", "--config", str(config)]
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as daemon:
            try:
                while b"READY=1" not in told.recv(4096).split(b"\n"):
                    pass
                return Start(time.perf_counter() - began, processor_seconds(daemon.pid), resident(daemon.pid))
            finally:
                daemon.send_signal(signal.SIGTERM)
                daemon.wait(PATIENCE)


@contextmanager
def notify_socket(path: Path) -> Iterator[socket.socket]:
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(path))
        told.settimeout(PATIENCE)
        yield told


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def middle(starts: list[Start]) -> Start:
    """The medians."""
    return Start(*(median(getattr(one, name) for one in starts) for name in ("wall", "cpu", "memory")))


def measure(folder: Path, devices: int, rounds: int) -> None:
    plain, listed, whole = folder / "plain.yml", folder / "listed.yml", folder / "whole.yml"
    plain.write_text(CONFIGURATION.format(state=folder))
    listed.write_text(CONFIGURATION.format(state=folder) + "inventory: inventory.yml\n")
    whole.write_text(CONFIGURATION.format(state=folder / "whole"))
    write_inventory(folder / "inventory.yml", devices)
    trio.run(fill, folder, partial(commands, devices))
    trio.run(fill, folder / "whole", lambda now: chain(commands(devices, now), provisioned(devices, now)))
    print(f"    the inventory taken in     {serve(listed)}")
    starts: dict[str, list[Start]] = {}
    for _ in range(rounds):
        starts.setdefault("(a) the imports alone", []).append(bare())
        starts.setdefault("(b) no inventory", []).append(serve(plain))
        starts.setdefault("(c) inventory unchanged", []).append(serve(listed))
        starts.setdefault("(d) users, lines, files", []).append(serve(whole))
    for what, each in starts.items():
        print(f"{what:30} {middle(each)}   load average {os.getloadavg()[0]:.2f}")
    alone, bare_fleet, unchanged, most = (middle(each) for each in starts.values())
    verdict = "met" if most.wall < BUDGET else "MISSED"
    print(f"ratio (c)/(a)                  {unchanged.wall / alone.wall:6.2f}")
    print(f"ratio (d)/(b)                  {most.cpu / bare_fleet.cpu:6.2f}     budget {BUDGET} s: {verdict}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dir", type=Path, default=Path.cwd(), help="where the state folder is; not a RAM disk")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    load = os.getloadavg()[0]
    print(f"{given.devices:,} devices; Python {platform.python_version()}; load average {load:.2f}")
    with tempfile.TemporaryDirectory(dir=given.dir, prefix="bench-") as folder:
        measure(Path(folder), given.devices, given.rounds)


if __name__ == "__main__":
    main()
