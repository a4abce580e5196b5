"""30,000 phones of 20 sites fall silent, and answer again: what is a manager told, and how late is the loop meanwhile?

The whole daemon on the first core, in a process of its own, with its state on disk, its log in a pipe, and a scrape of
its metrics every few seconds; on the last one the phones (`responder`) and net-snmp's `snmptrapd`, told by informs. All
phones answer; then all are silent, so that each is found UNREACHABLE when its ping is due, within one interval and what
it takes to confirm it; their alarms are folded; then they answer again. All settings are the defaults, except that dead
phones are pinged every minute instead of every five, or their return would be spread over five.

The peer is the same daemon without correlation (`share: 1.0`), whose storm limit is then all that stands between
30,000 alarms and the manager.

    .venv/bin/python -m bench.storm [--phones 30000] [--sites 20] [--interval 60] [--only folded]
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import platform
import sqlite3
import subprocess
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import ip_network
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TextIO, cast

import httpx
import trio

from bench.feel import Feeler, Felt
from bench.qualify import cpu_of
from bench.responder import Phones, contact_of, first_core, last_core, responder
from bench.start import record, state
from daemon.app import DATABASE, run_daemon
from daemon.config.loader import load_settings
from daemon.config.settings import Settings
from daemon.fleet.model import Site, Tenant
from daemon.fleet.store_commands import SaveDevice, SaveState, SaveTenant, StoreCommand
from daemon.observe import logs
from daemon.scheduler.clock import Clock
from daemon.snmp import oids
from daemon.store.store import open_store
from tests.support.snmptrapd import Snmptrapd, snmptrapd

TARGET = 0.1  # seconds that the loop may be late at most
SCRAPE = 5.0  # seconds between two looks at the metrics
PATIENCE = 1200.0  # seconds, for the longest phase
WARM_UP = 20.0  # seconds in which nothing happens, measured too
NAME, SEVERITY, SEQUENCE = (
    ".".join(map(str, oids.ringkeeper_instance(32473, each)))
    for each in (oids.ALARM_NAME, oids.SEVERITY, oids.SEQUENCE)
)
CLEARED = 1  # ItuPerceivedSeverity
FOLDED, HELD = (f'ringkeeper_alarms_telling{{telling="{each}"}}' for each in ("folded", "held"))
OK, UNREACHABLE = (f'ringkeeper_device_reachability{{state="{each}"}}' for each in ("OK", "UNREACHABLE"))
RECORDED = "ringkeeper_alarms_recorded_total"

Metrics = dict[str, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """Who vanishes; `folding`: whether their alarms are folded beneath their sites'."""

    phones: int
    sites: int
    interval: float
    port: int
    folding: bool

    def site_of(self, index: int) -> str:
        """Every site has as many phones."""
        return f"site-{index % self.sites}"


class Daemon:
    """The daemon's process, looked at from outside."""

    def __init__(self, pid: int, asked: Connection, client: httpx.AsyncClient) -> None:
        self.pid = pid
        self._asked = asked
        self._client = client

    def felt(self) -> Felt:
        """What its loop felt since the last time."""
        self._asked.send("felt")
        felt: Felt = self._asked.recv()
        return felt

    async def metrics(self) -> Metrics:
        """What it tells Prometheus."""
        lines = (await self._client.get("/metrics")).text.splitlines()
        parted = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in parted}

    async def until(self, fits: Callable[[Metrics], bool]) -> Metrics:
        """The metrics as soon as they fit, looked at as seldom as Prometheus would."""
        with trio.fail_after(PATIENCE):
            while not fits(seen := await self.metrics()):  # noqa: ASYNC110 - nobody tells
                await trio.sleep(SCRAPE)
        return seen


def kept(plan: Plan, now: float) -> Iterator[StoreCommand]:
    """What the daemon remembers: all phones, which were OK."""
    sites = tuple(Site(plan.site_of(index)) for index in range(plan.sites))
    yield SaveTenant(Tenant("acme", subnet=ip_network("127.0.0.0/8"), default=True, sites=sites))
    for index in range(plan.phones):
        phone = replace(record(index), site=plan.site_of(index), contact=contact_of(index, plan.port))
        yield SaveDevice(phone)
        yield SaveState(replace(state(phone, now), contact=None))  # the static one


async def fill(folder: Path, plan: Plan) -> None:
    """A state folder as it is left at a stop."""
    clock = Clock()
    async with open_store(folder / DATABASE, {}, Settings().store, clock) as store:
        for command in kept(plan, clock.now()):
            store.submit(command)


def write_config(folder: Path, plan: Plan, manager: Snmptrapd) -> Path:
    """The defaults, hurried only in how often dead phones are pinged."""
    interval = f"{plan.interval:g}s"
    config = folder / "ringkeeper.yml"
    written = {
        "state_dir": str(folder),
        "http": {
            "phones": {"listen": ["http://127.0.0.1:0"]},
            "operators": {"listen": [f"unix://{folder}/api.sock"]},
        },
        "sip": {"listen": ["udp://127.0.0.1:0"]},
        "qualify": {"interval": interval, "unreachable_interval": interval},
        "snmp": {"managers": [{"host": manager.host, "port": manager.port}]},
        "alarms": {} if plan.folding else {"site": {"share": 1.0}},
    }
    config.write_text(json.dumps(written), encoding="utf-8")
    return config


def serve(config: Path, tells: Connection) -> None:
    """The daemon in a process of its own."""
    os.sched_setaffinity(0, {first_core()})
    settings, feeler = load_settings(config), Feeler()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as journal:
        logs.configure(settings.log, cast("TextIO", journal.stdin))
        trio.run(served, settings, config, feeler, tells, instruments=[feeler])


async def served(settings: Settings, config: Path, feeler: Feeler, tells: Connection) -> None:
    """It runs, and says how its loop felt whenever it is asked."""
    async with trio.open_nursery() as nursery:
        gc.disable()  # as the daemon starts
        running = await nursery.start(partial(run_daemon, settings, config_path=config))
        gc.freeze()
        gc.enable()
        nursery.start_soon(feeler.run)
        tells.send(running.socket_path)
        while True:
            await trio.lowlevel.wait_readable(tells.fileno())
            if tells.recv() == "end":
                break
            tells.send(feeler.felt())
        running.stop()
        nursery.cancel_scope.deadline = trio.current_time() + 30


@asynccontextmanager
async def daemon(config: Path) -> AsyncIterator[Daemon]:
    """It runs until the end of the block, and ends in good order."""
    context = multiprocessing.get_context("spawn")
    asked, tells = context.Pipe()
    process = context.Process(target=serve, args=(config, tells), daemon=True)
    process.start()
    tells.close()  # so that its end is noticed
    try:
        path = await trio.to_thread.run_sync(asked.recv)
        transport = httpx.AsyncHTTPTransport(uds=path)
        async with httpx.AsyncClient(transport=transport, base_url="http://ringkeeper", timeout=60) as client:
            yield Daemon(process.pid or 0, asked, client)
        asked.send("end")
        await trio.to_thread.run_sync(process.join)
    finally:
        process.kill()


async def measure(folder: Path, plan: Plan, phones: Phones) -> None:
    """All phones answer, are silent, are folded, answer again; what was told in the end."""
    await fill(folder, plan)
    async with snmptrapd() as manager:
        async with daemon(write_config(folder, plan, manager)) as seen:
            await weather(plan, phones, seen)
        told(folder, plan, manager)


async def weather(plan: Plan, phones: Phones, seen: Daemon) -> None:
    """The storm, phase by phase."""
    whole = plan.phones + (plan.sites if plan.folding else 0)

    async def calm() -> Metrics:
        await trio.sleep(plan.interval + WARM_UP)
        return await seen.until(lambda now: now[OK] == plan.phones)

    async def vanishing() -> Metrics:
        phones.fall_silent()
        return await seen.until(lambda now: now[UNREACHABLE] == plan.phones)

    async def telling() -> Metrics:
        if plan.folding:
            return await seen.until(lambda now: now[FOLDED] == plan.phones)
        return await seen.until(lambda now: not now[HELD])

    async def returning() -> Metrics:
        phones.answer_again()
        return await seen.until(lambda now: now[OK] == plan.phones and now[RECORDED] >= whole)

    async def quiet() -> Metrics:
        await trio.sleep(WARM_UP)
        pending = "ringkeeper_outbox_pending"
        return await seen.until(lambda now: not any(value for name, value in now.items() if name.startswith(pending)))

    before, worst = await seen.metrics(), 0.0
    seen.felt()
    for phase in (calm, vanishing, telling, returning, quiet):
        began, spent = trio.current_time(), cpu_of([seen.pid])
        after = await phase()
        felt, cpu = seen.felt(), cpu_of([seen.pid]) - spent
        worst = max(worst, *felt.late)
        rows, commits = (
            after[name] - before[name] for name in ("ringkeeper_store_rows_total", "ringkeeper_store_commits_total")
        )
        print(
            f"  {phase.__name__}: {trio.current_time() - began:.0f} s, processor {cpu:.1f} s,"
            f" {rows:,.0f} rows in {commits:,.0f} commits\n    {felt}",
            flush=True,
        )
        before = after
    print(f"  the loop at its latest: {worst * 1e3:.0f} ms (target {TARGET * 1e3:.0f}): {verdict(worst < TARGET)}")
    print(f"  memory: {memory(seen.pid)}")


def memory(pid: int) -> str:
    """Resident, and at most."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return f"{status['VmRSS'].strip()}, at most {status['VmHWM'].strip()}"


def told(folder: Path, plan: Plan, manager: Snmptrapd) -> None:
    """What the manager was told, and what the disk has in the end."""
    sequence = [int(each.value(SEQUENCE)) for each in manager.alarms]
    names = Counter(
        f"{bytes(each.value(NAME)).decode()} {'cleared' if each.value(SEVERITY) == CLEARED else 'raised'}"  # type: ignore[arg-type]
        for each in manager.alarms
    )
    with closing(sqlite3.connect(folder / DATABASE)) as disk:
        history = dict(disk.execute("SELECT name, count(*) FROM alarm_history GROUP BY name").fetchall())
        (active,) = disk.execute("SELECT count(*) FROM alarms").fetchone()
    gapless = sequence == list(range(1, len(sequence) + 1))
    print(f"  informs: {len(sequence)}, {dict(names)}; without gap or repetition: {verdict(gapless)}")
    print(f"  history: {history}; still active: {active}")
    if plan.folding:
        wanted = {"siteDown raised": plan.sites, "siteDown cleared": plan.sites}
        whole = {"siteDown": plan.sites, "deviceUnreachable": plan.phones}
        met = (names, history) == (wanted, whole)
        print(f"  nothing but each site once, and every phone in the history: {verdict(met)}")


def verdict(met: bool) -> str:
    """As it stands in the output."""
    return "met" if met else "MISSED"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phones", type=int, default=30_000)
    parser.add_argument("--sites", type=int, default=20)
    parser.add_argument("--interval", type=float, default=60.0)
    parser.add_argument("--only", choices=("folded", "unfolded"))
    parser.add_argument("--dir", type=Path, default=Path.cwd(), help="where the state folder is; not a RAM disk")
    parser.add_argument("--nice", type=int, default=0, help="of everybody here; -15 where others are at work, as root")
    given = parser.parse_args()
    os.setpriority(os.PRIO_PROCESS, 0, given.nice)
    print(f"{given.phones:,} phones of {given.sites} sites, Python {platform.python_version()}", flush=True)
    logs.configure(Settings().log.model_copy(update={"level": "warning"}))
    with responder() as phones:
        os.sched_setaffinity(0, {last_core()})
        for what in ("folded", "unfolded"):
            if given.only in (None, what):
                print(f"{what}; load average {os.getloadavg()[0]:.2f}", flush=True)
                plan = Plan(given.phones, given.sites, given.interval, phones.port, what == "folded")
                with tempfile.TemporaryDirectory(dir=given.dir, prefix="bench-") as folder:
                    trio.run(measure, Path(folder), plan, phones)


if __name__ == "__main__":
    main()
