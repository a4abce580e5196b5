"""How long does it take to walk the table of 30,000 devices, against net-snmp's own agent with as many varbinds?

A daemon with N devices runs as `ringkeeper serve` does; net-snmp's `snmpd` runs in a network namespace of its own, with
so many routes that its inetCidrRouteTable (IP-FORWARD-MIB), which it keeps in a sorted array in memory and not behind a
script, has as many varbinds as our table of devices. `snmpbulkwalk` walks both in turn, with its own 10 repetitions a
request and with 30, as many as fit into a packet; the varbinds it printed are counted. Beside the time stands the
processor time of the agent that was walked. Meanwhile a probe asks the daemon's operators' listener whether it is
healthy, every 20 ms: its slowest answer is the longest that the daemon's loop was held up, and more.

    .venv/bin/python -m bench.walk [--devices 30000] [--rounds 3]

Needs root, for the namespace and its routes.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import median

import httpx
import trio

from tests.support.daemon_process import serving
from tests.support.namespaces import program
from tests.support.snmptrapd import free_udp_port
from tests.support.waiting import until

bringing = import_module("bench.import")  # its name is a keyword

BUDGET = 2.0  # times as long as net-snmp's agent takes
LAG_BUDGET = 0.05  # seconds that the loop may be held up
REPETITIONS = (10, 30)
OURS, OUR_COLUMNS = "1.3.6.1.4.1.32473.1.1.20", 14
THEIRS, THEIR_COLUMNS = "1.3.6.1.2.1.4.24.7", 11  # inetCidrRouteTable
PROBED_EVERY = 0.02
WALKER = ("-v2c", "-c", "public", "-On", "-m", "")


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk: how long, of how many varbinds, and the agent's processor time; seconds."""

    wall: float
    varbinds: int
    cpu: float


def configuration(folder: Path, devices: int, port: int) -> Path:
    """A daemon with so many devices, which are not pinged, since they are nowhere."""
    entries = [
        {
            "mac": f"00908f{n:06x}",
            "model": "420HD",
            "tenant": "acme",
            "site": f"site-{n % 20}",
            "user": f"user{n}",
            "number": f"{200000 + n}",
            "qualify": False,
            "contact": f"sip:{200000 + n}@10.{n // 65536}.{n // 256 % 256}.{n % 256}:5060",
        }
        for n in range(devices)
    ]
    sites = [{"name": f"site-{n}"} for n in range(20)]
    tenants = [{"name": "acme", "subnet": "10.0.0.0/8", "default": True, "sites": sites}]
    (folder / "inventory.yml").write_text(json.dumps({"tenants": tenants, "devices": entries}), encoding="utf-8")
    written = {
        "state_dir": str(folder / "state"),
        "inventory": "inventory.yml",
        "http": {
            "phones": {"listen": ["http://127.0.0.1:0"]},
            "operators": {"listen": [f"unix://{folder / 'api.sock'}"]},
        },
        "sip": {"listen": ["udp://127.0.0.1:0"]},
        "snmp": {"agent": {"listen": f"udp://127.0.0.1:{port}", "community": "public", "max_rate": 1_000_000}},
    }
    config = folder / "ringkeeper.yml"
    config.write_text(json.dumps(written), encoding="utf-8")
    return config


@asynccontextmanager
async def snmpd(folder: Path, routes: int, port: int) -> AsyncIterator[int]:
    """net-snmp's agent in a namespace with so many routes; its process."""
    lines = (f"route add 10.{n // 256}.{n % 256}.0/24 dev lo\n" for n in range(routes))
    (folder / "routes").write_text("".join(lines), encoding="ascii")
    (folder / "snmpd.conf").write_text(f"rocommunity public\nagentaddress udp:127.0.0.1:{port}\n", encoding="ascii")
    ip = program("ip", "iproute2")
    agent = f"exec {program('snmpd', 'snmpd')} -f -C -c {folder}/snmpd.conf -Lf {folder}/snmpd.log"
    script = f"{ip} link set lo up && {ip} -batch {folder}/routes && {agent}"
    surroundings = {**os.environ, "SNMP_PERSISTENT_DIR": str(folder)}
    process = await trio.lowlevel.open_process(["unshare", "-n", "sh", "-c", script], env=surroundings)
    try:
        await until(partial(answers, inside(process.pid), port), bool)
        yield process.pid
    finally:
        process.send_signal(signal.SIGKILL)
        with trio.CancelScope(shield=True):
            await process.wait()


def inside(process: int) -> list[str]:
    """What stands before a command that is to run where that process is."""
    return ["nsenter", "-t", str(process), "-n"]


async def answers(before: Sequence[str], port: int) -> bool:
    """Whether an agent does."""
    command = [*before, "snmpget", *WALKER, "-r0", "-t1", f"127.0.0.1:{port}", "1.3.6.1.2.1.1.3.0"]
    done = await trio.run_process(command, check=False, capture_stdout=True, capture_stderr=True)
    return done.returncode == 0


async def walk(before: Sequence[str], port: int, root: str, repetitions: int, agent: int) -> Walk:
    """Walk a table once."""
    command = [*before, "snmpbulkwalk", *WALKER, "-t20", f"-Cr{repetitions}", f"127.0.0.1:{port}", root]
    cpu, began = bringing.processor(agent), time.perf_counter()
    with tempfile.TemporaryFile() as printed:
        await trio.run_process(command, stdout=printed)
        wall = time.perf_counter() - began
        printed.seek(0)
        varbinds = sum(1 for _ in printed)
    return Walk(wall, varbinds, bringing.processor(agent) - cpu)


async def probe(socket: Path, slowest: list[float]) -> None:
    """Ask whether the daemon is healthy, again and again; how long each answer took."""
    transport = httpx.AsyncHTTPTransport(uds=str(socket))
    async with httpx.AsyncClient(transport=transport, base_url="http://ringkeeper", timeout=60) as client:
        while True:
            began = time.perf_counter()
            (await client.get("/-/healthy")).raise_for_status()
            slowest.append(time.perf_counter() - began)
            await trio.sleep(PROBED_EVERY)


async def walked(folder: Path, port: int, repetitions: int, daemon: int) -> tuple[Walk, float]:
    """Walk ours; and the slowest answer that the probe had meanwhile."""
    held: list[float] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(probe, folder / "api.sock", held)
        await trio.sleep(0.3)
        held.clear()
        ours = await walk([], port, OURS, repetitions, daemon)
        nursery.cancel_scope.cancel()
    return ours, max(held)


async def compare(folder: Path, devices: int, rounds: int) -> bool:
    """Both in turn; whether both targets are met."""
    port, other = free_udp_port(), free_udp_port()
    routes = -(-devices * OUR_COLUMNS // THEIR_COLUMNS)
    (folder / "theirs").mkdir()
    met = True
    async with (
        snmpd(folder / "theirs", routes, other) as agent,
        serving(configuration(folder, devices, port)) as daemon,
    ):
        await daemon.ready()
        idle: list[float] = []
        with trio.move_on_after(5):
            await probe(folder / "api.sock", idle)
        # A busy machine holds up an idle daemon too; what it then does to a walked one says nothing.
        print(f"The probe's slowest answer while nobody walks: {max(idle) * 1000:.0f} ms")
        for repetitions in REPETITIONS:
            pairs = [
                (
                    await walked(folder, port, repetitions, daemon.process.pid),
                    await walk(inside(agent), other, THEIRS, repetitions, agent),
                )
                for _ in range(rounds)
            ]
            ours, theirs = [pair[0][0] for pair in pairs], [pair[1] for pair in pairs]
            held = max(pair[0][1] for pair in pairs)
            ratio = median(each.wall for each in ours) / median(each.wall for each in theirs)
            print(f"{repetitions} repetitions a request")
            print(f"  Ringkeeper {told(ours)}; slowest of the probe's answers {held * 1000:.0f} ms")
            print(f"  snmpd      {told(theirs)}")
            print(f"  times as long: {ratio:.2f} (target {BUDGET})")
            met = met and ratio <= BUDGET and held <= max(LAG_BUDGET, *idle)
    return met


def told(walks: Sequence[Walk]) -> str:
    """The medians."""
    wall, cpu = median(each.wall for each in walks), median(each.cpu for each in walks)
    varbinds = walks[0].varbinds
    each = cpu / varbinds * 1e6
    return f"{varbinds:,} varbinds: {wall:6.2f} s, {cpu:6.2f} s of the agent's processor, {each:.1f} µs each"


def main() -> int:
    """Compare, and say whether the targets are met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="walk-") as folder:
        return 0 if trio.run(compare, Path(folder), chosen.devices, chosen.rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
