"""What does it cost to hand a phone its configuration file once it is made, and what of it is the server?

One run, one core for the server, another for the load: keep-alive connections, each fetching the next device's file as
soon as the last came. The application is the daemon's own, with fleet, templates, cache and store (a real SQLite file);
every device has fetched its file before the measurement, so every file comes from the cache. Rounds alternate between
(a) the daemon's own HTTP server and (b) Hypercorn's Trio worker; then both once more with an application that only
answers as many bytes, which shows the servers alone. Medians count.

    .venv/bin/python -m bench.fetch [--seconds 4] [--rounds 3] [--devices 1000] [--connections 64] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import logging
import multiprocessing
import os
import pstats
import selectors
import socket
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

import structlog
import trio

from bench.application import serve_phones
from bench.keep_alive import FIRST_MAC, Load, Result, Scene, Serve, ours, peer, processor_seconds
from daemon.fleet.model import DeviceRecord, Mac
from daemon.http.asgi import Receive, Scope, Send

TARGET = 4.0  # times the rate of the same application under Hypercorn
REQUEST = (
    b"GET /configfiles/%012x.cfg HTTP/1.1\r\nHost: 127.0.0.1:8081\r\n"
    b"User-Agent: AUDC-IPPhone/2.2.16.142 (420HD-Rev1; 00908F4867AF)\r\nAccept: */*\r\n\r\n"
)


async def cached(serve: Serve, ready: Connection, load: Load) -> None:
    """The phones' application before the real fleet, templates and store."""
    records = (
        DeviceRecord(Mac(f"{FIRST_MAC + n:012x}"), tenant="acme", model="420HD", number=str(20_000 + n))
        for n in range(load.devices)
    )
    await serve_phones(lambda app: serve(app, ready), load.folder, records)


async def trivial(serve: Serve, ready: Connection, load: Load) -> None:
    """As many bytes as a 420HD's file has, at once."""
    body = bytes(1200)
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    await serve(answer, ready)


def run_server(scene: Scene, serve: Serve, ready: Connection, load: Load, profile: bool) -> None:
    os.sched_setaffinity(0, {load.core})
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if not profile:
        trio.run(scene, serve, ready, load)
        return
    watch = cProfile.Profile()

    async def for_a_while() -> None:
        with trio.move_on_after(load.seconds):
            await scene(serve, ready, load)

    watch.runcall(trio.run, for_a_while)
    pstats.Stats(watch).sort_stats("tottime").print_stats(45)


class Phone:
    """One connection with one fetch under way."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port))
        self._asked = 0.0
        self._length = 0
        self._answer = b""

    def ask(self, number: int) -> None:
        """Send for the next phone's file."""
        self._answer, self._length, self._asked = b"", 0, time.perf_counter()
        self.sock.sendall(REQUEST % (FIRST_MAC + number))

    def hear(self) -> float | None:
        """Seconds from question to answer; None while the answer is not complete (Hypercorn sends it in pieces)."""
        self._answer += self.sock.recv(65536)
        if not self._length:
            head, end, _ = self._answer.partition(b"\r\n\r\n")
            if not end:
                return None
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"not the answer: {self._answer!r}")
            size = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            self._length = len(head) + len(end) + int(size)
        return time.perf_counter() - self._asked if len(self._answer) >= self._length else None


def drive(port: int, pid: int, load: Load) -> Result:
    """Keep every connection busy; until each device has its file and the first second is over nothing is counted."""
    selector = selectors.DefaultSelector()
    phones = [Phone(port) for _ in range(load.connections)]
    for number, one in enumerate(phones):
        selector.register(one.sock, selectors.EVENT_READ, one)
        one.ask(number)
    waits: list[float] = []
    count = _until(time.perf_counter() + 1.0, selector, len(phones), load.devices, waits)
    while count < load.devices + len(phones):
        count = _until(time.perf_counter() + 0.1, selector, count, load.devices, waits)
    spent = processor_seconds(pid)
    waits.clear()
    _until(time.perf_counter() + load.seconds, selector, count, load.devices, waits)
    spent = processor_seconds(pid) - spent
    for one in phones:
        one.sock.close()
    waits.sort()
    share = len(waits) / 100
    return Result(len(waits) / load.seconds, waits[int(share * 50)], waits[int(share * 99)], spent / len(waits))


def _until(end: float, selector: selectors.BaseSelector, count: int, devices: int, waits: list[float]) -> int:
    while time.perf_counter() < end:
        for key, _ in selector.select(1):
            one: Phone = key.data
            wait = one.hear()
            if wait is not None:
                waits.append(wait)
                one.ask(count % devices)
                count += 1
    return count


def measure(scene: Scene, serve: Serve, load: Load, profile: bool = False) -> Result:
    """One server process, driven and ended."""
    context = multiprocessing.get_context("spawn")
    ready, told = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        load = Load(load.seconds, load.devices, Path(folder), load.connections, load.core)
        server = context.Process(target=run_server, args=(scene, serve, told, load, profile), daemon=True)
        server.start()
        try:
            return drive(ready.recv(), server.pid or 0, load)
        except ConnectionError:
            raise SystemExit(0 if profile else "the server left") from None
        finally:
            if profile:
                server.join(10)
            server.terminate()
            server.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3, help="turns for each; medians count")
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--profile", action="store_true", help="only where the time of our own server goes")
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    load = Load(given.seconds, given.devices, Path(), given.connections, cores[0])
    os.sched_setaffinity(0, {cores[-1]})
    if given.profile:
        measure(cached, ours, Load(6.0, given.devices, Path(), given.connections, cores[0]), profile=True)
        return
    print(f"server on core {cores[0]}, load on core {cores[-1]}, {load.connections} connections")
    for what, scene in (("cached device file", cached), ("servers alone", trivial)):
        print(what)
        results: dict[str, list[Result]] = {"ringkeeper": [], "hypercorn": []}
        for who, serve in (("ringkeeper", ours), ("hypercorn", peer)) * given.rounds:
            results[who].append(measure(scene, serve, load))
            print(f"  {who:10} {results[who][-1]}   load average {os.getloadavg()[0]:.2f}")
        rate = {who: median(one.rate for one in found) for who, found in results.items()}
        spent = {who: median(one.cpu for one in found) for who, found in results.items()}
        print(
            f"  ratio      {rate['ringkeeper'] / rate['hypercorn']:.2f}x the rate,"
            f" {spent['hypercorn'] / spent['ringkeeper']:.2f}x fewer processor seconds (target {TARGET:.0f}x)"
        )


if __name__ == "__main__":
    main()
