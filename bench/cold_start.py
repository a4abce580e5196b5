"""How long until 30,000 phones that get power at once have their files and have reported, and who gets lost?

A whole daemon (`python -m daemon serve`) on one core, which took its inventory of the phones in an earlier life, and
the phones on another. Each phone has an address of its own and one connection, over which it fetches its configuration,
looks at the header of its firmware (HEAD) and reports "started", each when the answer to the one before is there; so
many phones are under way at once. Whoever is told 503 comes back when Retry-After says. It happens twice:
(a) first contact: nobody has a secret, every phone is believed by its open window and every file is made;
(b) power returns: every phone has its secret, which is in every path, and the daemon has every file.
Then (c) and (d), the same with the phones' application alone, in one process with fleet, templates and store, under the
daemon's own HTTP server and under Hypercorn's Trio worker.

    .venv/bin/python -m bench.cold_start [--phones 30000] [--at-once 500] [--kinds] [--profile] [--without-peer]

`--kinds` has all phones do the first step before any does the second, and tells what each kind of request costs;
`--profile` does the same under cProfile, and prints where the time goes.
"""

from __future__ import annotations

import argparse
import cProfile
import logging
import multiprocessing
import os
import pstats
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import hypercorn.config
import hypercorn.trio
import structlog
import trio

from bench.application import serve_phones
from bench.booting import STEPS, Memory, Step, Storm, Tally, boot
from bench.keep_alive import FIRST_MAC, Load, Serve, ours
from bench.start import PATIENCE, notify_socket, processor_seconds
from daemon.config.settings import Settings
from daemon.fleet.model import DeviceRecord, Mac
from daemon.http.asgi import Application
from daemon.scheduler.clock import Clock

BUDGET = 30.0  # seconds for 30,000 phones
TURNS = ("first contact", "power returns")
FIRMWARE = b"420HD 2.2.16.142\n" + bytes(4 * 1024 * 1024)
CONFIGURATION = """\
state_dir: {folder}
{inventory}
log: {{level: warning}}
http:
  phones: {{listen: ["http://127.0.0.1:{port}"]}}
  operators: {{listen: ["unix://{folder}/api.sock"]}}
sip: {{listen: ["udp://127.0.0.1:0"]}}
provisioning: {{firmware: {folder}/firmware}}
"""


@dataclass(frozen=True)
class Served:
    """A server that can be reached at `port` and looked at by its process id."""

    port: int
    pid: int


@dataclass(frozen=True)
class Cost:
    """What one storm took: seconds on the wall and of the server's processor, and its largest memory in MiB."""

    tally: Tally
    wall: float
    cpu: float
    peak: float

    def __str__(self) -> str:
        tally, answers = self.tally, sum(self.tally.answers.values())
        return (
            f"{self.wall:6.1f} s   {self.cpu:6.1f} s of processor   {answers / self.wall:6,.0f} answers/s"
            f"   {self.cpu / max(1, answers) * 1e6:5.0f} us each   lost {tally.lost}   503s {tally.sent_away}"
            f"   broken {tally.broken}   peak {self.peak:,.0f} MiB   load average {os.getloadavg()[0]:.1f}"
        )


def record(index: int) -> DeviceRecord:
    """A phone as an operator defined it."""
    number = str(20_000 + index)
    return DeviceRecord(Mac(f"{FIRST_MAC + index:012x}"), "420HD", "acme", user=f"user{index}", number=number)


def write_inventory(path: Path, phones: int) -> None:
    entry = '- {{mac: {0.mac}, model: {0.model}, tenant: acme, user: {0.user}, number: "{0.number}"}}'
    entries = [entry.format(record(index)) for index in range(phones)]
    path.write_text("\n".join(["tenants: [{name: acme, subnet: 127.0.0.0/8, default: true}]", "devices:", *entries]))


@contextmanager
def daemon(folder: Path, load: Load, *, inventory: bool) -> Iterator[Served]:
    """A whole daemon from ready to its orderly end."""
    port, config = free_port(), folder / "ringkeeper.yml"
    listed = "inventory: inventory.yml" if inventory else ""
    config.write_text(CONFIGURATION.format(folder=folder, port=port, inventory=listed))
    command = [sys.executable, "-m", "daemon", "serve", "--config", str(config)]
    with notify_socket(folder / "notify") as told, (folder / "log").open("ab") as log:
        environment = {**os.environ, "NOTIFY_SOCKET": told.getsockname()}
        with subprocess.Popen(command, env=environment, stderr=log) as process:
            os.sched_setaffinity(process.pid, {load.core})
            try:
                wait_until_ready(told, process, folder / "log")
                yield Served(port, process.pid)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(PATIENCE)


def wait_until_ready(told: socket.socket, process: subprocess.Popen[bytes], log: Path) -> None:
    told.settimeout(1.0)
    for _ in range(int(PATIENCE)):
        try:
            if b"READY=1" in told.recv(4096).split(b"\n"):
                return
        except TimeoutError:
            if process.poll() is not None:
                break
    raise SystemExit(f"the daemon did not start:\n{log.read_text()[-3000:]}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


async def application(serve: Serve, ready: Connection, load: Load) -> None:
    """The phones' application before the real fleet, templates and store."""
    armed = Clock().now() + Settings().provisioning.first_contact_window
    records = (replace(record(index), armed_until=armed) for index in range(load.devices))
    await serve_phones(lambda app: serve(app, ready), load.folder, records)


async def peer(app: Application, ready: Connection) -> None:
    """Hypercorn, with room for as many phones that wait to be let in as our own server has: by default it has 100."""
    config = hypercorn.config.Config()
    config.bind = [f"127.0.0.1:{free_port()}"]
    config.backlog = socket.SOMAXCONN
    config.keep_alive_max_requests = 1 << 40
    config.loglevel = "ERROR"
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(hypercorn.trio.serve, app, config))  # type: ignore[arg-type]  # its own ASGI types
        ready.send(int(config.bind[0].rpartition(":")[2]))


def run_application(serve: Serve, ready: Connection, load: Load, profile: bool) -> None:
    os.sched_setaffinity(0, {load.core})
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if profile:
        watch_by_turns()
    trio.run(application, serve, ready, load)


def watch_by_turns() -> None:
    """SIGUSR1 begins a profile, SIGUSR2 ends and prints it."""
    watch: list[cProfile.Profile] = []

    def begin(_signal: int, _frame: object) -> None:
        watch.append(cProfile.Profile())
        watch[0].enable()

    def end(_signal: int, _frame: object) -> None:
        profile = watch.pop()
        profile.disable()
        stats = pstats.Stats(profile)
        stats.sort_stats("tottime").print_stats(40)
        stats.sort_stats("cumtime").print_stats("/daemon/", 60)

    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGUSR2, end)


@contextmanager
def alone(folder: Path, load: Load, serve: Serve, *, profile: bool = False) -> Iterator[Served]:
    """The application alone under one of the servers, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ready, told = context.Pipe(duplex=False)
    load = replace(load, folder=folder)
    process = context.Process(target=run_application, args=(serve, told, load, profile), daemon=True)
    process.start()
    try:
        yield Served(ready.recv(), process.pid or 0)
    finally:
        process.terminate()
        process.join()


def measure(served: Served, storm: Storm, steps: Sequence[Step] = STEPS) -> Cost:
    """One storm, and what it cost the server; its memory is counted anew from here on."""
    Path(f"/proc/{served.pid}/clear_refs").write_text("5")
    spent, began = processor_seconds(served.pid), time.perf_counter()
    tally = boot(storm, steps)
    wall = time.perf_counter() - began
    return Cost(tally, wall, processor_seconds(served.pid) - spent, peak_memory(served.pid))


def peak_memory(pid: int) -> float:
    """The most that was resident at once, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def storms(served: Served, load: Load, memories: tuple[Memory, ...], names: str) -> list[Cost]:
    """First contact; then, once the phones have registered, the same once more."""
    storm = Storm(served.port, memories, load.connections)
    costs = []
    for name, turn in zip(names, TURNS, strict=True):
        costs.append(measure(served, storm))
        print(f"  ({name}) {turn:14} {costs[-1]}", flush=True)
        boot(replace(storm, status=b"registered"), (Step.REPORT,))
    return costs


def by_kind(served: Served, load: Load, memories: tuple[Memory, ...], *, profile: bool) -> None:
    """Every phone does one step before any does the next."""
    storm = Storm(served.port, memories, load.connections)
    for turn in TURNS:
        for step in STEPS:
            if profile:
                os.kill(served.pid, signal.SIGUSR1)
            print(f"  {turn}, {step.value:16} {measure(served, storm, (step,))}", flush=True)
            if profile:
                os.kill(served.pid, signal.SIGUSR2)
                time.sleep(1)  # it prints into the same terminal
        boot(replace(storm, status=b"registered"), (Step.REPORT,))


@contextmanager
def state_folder(load: Load) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=load.folder, prefix="bench-") as name:
        (Path(name) / "firmware").mkdir()
        (Path(name) / "firmware" / "420HD.img").write_bytes(FIRMWARE)
        yield Path(name)


def whole(load: Load, job: Callable[[Served, tuple[Memory, ...]], None]) -> None:
    """The job against a whole daemon that took its inventory in an earlier life."""
    with state_folder(load) as folder:
        write_inventory(folder / "inventory.yml", load.devices)
        with daemon(folder, load, inventory=True):
            pass
        with daemon(folder, load, inventory=False) as served:
            print(f"the whole daemon, {peak_memory(served.pid):,.0f} MiB when ready")
            job(served, fresh(load))
        sys.stdout.write((folder / "log").read_text())


def fresh(load: Load) -> tuple[Memory, ...]:
    """Phones as they leave their cartons."""
    return tuple(Memory() for _ in range(load.devices))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phones", type=int, default=30_000)
    parser.add_argument("--at-once", type=int, default=500, help="phones under way at a time")
    parser.add_argument("--kinds", action="store_true", help="one step after the other, against the whole daemon")
    parser.add_argument("--profile", action="store_true", help="the same against the application alone, under cProfile")
    parser.add_argument("--without-peer", action="store_true", help="only the whole daemon")
    parser.add_argument("--dir", type=Path, default=Path.cwd(), help="where the database is; not a RAM disk")
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    load = Load(0.0, given.phones, given.dir, given.at_once, cores[0])
    os.sched_setaffinity(0, {cores[-1]})
    allow_descriptors()
    print(f"{given.phones:,} phones on core {cores[-1]}, {given.at_once} at once; server on core {cores[0]}")
    if given.profile:
        with state_folder(load) as folder, alone(folder, load, ours, profile=True) as served:
            by_kind(served, load, fresh(load), profile=True)
        return
    if given.kinds:
        whole(load, lambda served, memories: by_kind(served, load, memories, profile=False))
        return
    compare(load, with_peer=not given.without_peer)


def compare(load: Load, *, with_peer: bool) -> None:
    found: list[Cost] = []
    whole(load, lambda served, memories: found.extend(storms(served, load, memories, "ab")))
    limit = BUDGET * load.devices / 30_000
    for what, cost in zip(TURNS, found, strict=True):
        verdict = "met" if cost.wall <= limit and not cost.tally.lost else "MISSED"
        print(f"  {what}: budget {limit:.0f} s and nobody lost: {verdict}")
    if not with_peer:
        return
    alike: dict[str, list[Cost]] = {}
    for who, serve, names in (("ringkeeper", ours, "cd"), ("hypercorn", peer, "cd")):
        print(f"the application alone, under {who}")
        with state_folder(load) as folder, alone(folder, load, serve) as served:
            alike[who] = storms(served, load, fresh(load), names)
    for what, own, other in zip(TURNS, alike["ringkeeper"], alike["hypercorn"], strict=True):
        print(f"  {what}: {other.wall / own.wall:.2f}x as fast, {other.cpu / own.cpu:.2f}x fewer processor seconds")


def allow_descriptors() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
