"""How many changed keep-alives a second become durable before they are answered, and what does the server cost?

One run, one core for the server, another for the load: keep-alive connections, each sending the next report as soon
as the last was answered. Every report differs from the phone's last, so every one is written. Measured twice with the
same application, fleet and store (a real SQLite file, synchronous=FULL): (a) under the daemon's own HTTP server,
(b) under Hypercorn's Trio worker. Then both once more with an application that only answers, which shows the servers
alone.

    .venv/bin/python -m bench.keep_alive [--seconds 5] [--rounds 3] [--devices 5000] [--connections 64] [--dir FOLDER]
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import selectors
import socket
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import hypercorn.config
import hypercorn.trio
import structlog
import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.application import serve_phones
from daemon.config.http_settings import PhoneListener
from daemon.config.listen import Listen
from daemon.fleet.model import DeviceRecord, Mac
from daemon.http.asgi import Application
from daemon.http.phones.keepalive import NOTHING_WAITS
from daemon.http.server import HttpServer

BUDGET = 2000  # durable keep-alives a second
FIRST_MAC = 0x00908F000000
PATH = "/rest/v1/ipphoneMgrStatus/keep-alive"
BODY = (
    b'{"sessionId":"0badcafe","emsUserName":"system","emsUserPassword":"00112233445566778899aabbccddeeff",'
    b'"mac":"%012x","ip":"127.0.0.1","subnet":"255.255.255.0","vLanId":"12","model":"420HD","fwVersion":"2.2.16.142",'
    b'"userAgent":"AUDC-IPPhone/2.2.16.142 (420HD-Rev1; 00908F4867AF)","userName":"alice","userId":"alice@example.net",'
    b'"phoneNumber":"2041","status":"registered","location":"room %08d","sipProxy":"pbx-a.example.net"}'
)
LENGTH = len(BODY % (FIRST_MAC, 0))
REQUEST = (
    b"POST %s HTTP/1.1\r\nHost: 127.0.0.1:8081\r\nUser-Agent: AUDC-IPPhone/2.2.16.142 (420HD-Rev1; 00908F4867AF)\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % (PATH.encode(), LENGTH)
) + BODY


@dataclass(frozen=True)
class Load:
    """For how long, of how many phones, with the database in which folder."""

    seconds: float
    devices: int
    folder: Path
    connections: int
    core: int  # the server's


@dataclass(frozen=True)
class Result:
    """Requests a second, waits in seconds, and the server's processor seconds for one request."""

    rate: float
    p50: float
    p99: float
    cpu: float

    def __str__(self) -> str:
        waits = f"p50 {self.p50 * 1e3:6.1f} ms   p99 {self.p99 * 1e3:6.1f} ms"
        return f"{self.rate:8,.0f}/s   {waits}   {self.cpu * 1e6:5.0f} us of processor each"


Serve = Callable[[Application, Connection], Awaitable[None]]
Scene = Callable[[Serve, Connection, Load], Awaitable[None]]


async def ours(app: Application, ready: Connection) -> None:
    server = HttpServer(app, (Listen("http", host="127.0.0.1", port=0),), PhoneListener(), "bench")
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        ready.send(server.addresses[0].port)


async def peer(app: Application, ready: Connection) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    config = hypercorn.config.Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_max_requests = 1 << 40
    config.loglevel = "ERROR"
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(hypercorn.trio.serve, app, config))  # type: ignore[arg-type]  # its own ASGI types
        ready.send(port)


async def durable(serve: Serve, ready: Connection, load: Load) -> None:
    """The phones' application before the real fleet and store."""
    records = (DeviceRecord(Mac(f"{FIRST_MAC + n:012x}"), tenant="acme") for n in range(load.devices))
    await serve_phones(lambda app: serve(app, ready), load.folder, records)


async def trivial(serve: Serve, ready: Connection, load: Load) -> None:
    """An application that reads the body and answers."""

    async def answer(request: Request) -> Response:
        await request.body()
        return Response(NOTHING_WAITS, media_type="application/json")

    await serve(Starlette(routes=[Route(PATH, answer, methods=["POST"])]), ready)


def run_server(scene: Scene, serve: Serve, ready: Connection, load: Load) -> None:
    os.sched_setaffinity(0, {load.core})
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    trio.run(scene, serve, ready, load)


def drive(port: int, pid: int, load: Load) -> Result:
    """Keep every connection busy; the first second is not counted."""
    selector = selectors.DefaultSelector()
    peers = [Peer(socket.create_connection(("127.0.0.1", port))) for _ in range(load.connections)]
    count = 0
    for one in peers:
        selector.register(one.sock, selectors.EVENT_READ, one)
        one.ask(count, load.devices)
        count += 1
    waits: list[float] = []
    _until(time.perf_counter() + 1.0, selector, count, load.devices, waits)
    count, spent = count + len(waits), processor_seconds(pid)
    waits.clear()
    _until(time.perf_counter() + load.seconds, selector, count, load.devices, waits)
    spent = processor_seconds(pid) - spent
    for one in peers:
        one.sock.close()
    waits.sort()
    share = len(waits) / 100
    return Result(len(waits) / load.seconds, waits[int(share * 50)], waits[int(share * 99)], spent / len(waits))


class Peer:
    """One connection with one report under way."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._sent = 0.0
        self._answer = b""

    def ask(self, count: int, devices: int) -> None:
        """Send the next phone's next report."""
        self._answer = b""
        self._sent = time.perf_counter()
        self.sock.sendall(REQUEST % (FIRST_MAC + count % devices, count))

    def hear(self) -> float | None:
        """Seconds from question to answer; None while the answer is not complete (Hypercorn sends it in pieces)."""
        self._answer += self.sock.recv(65536)
        if not self._answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"not the answer: {self._answer!r}")
        return time.perf_counter() - self._sent if self._answer.endswith(NOTHING_WAITS) else None


def _until(end: float, selector: selectors.BaseSelector, count: int, devices: int, waits: list[float]) -> None:
    while time.perf_counter() < end:
        for key, _ in selector.select(1):
            one: Peer = key.data
            wait = one.hear()
            if wait is not None:
                waits.append(wait)
                one.ask(count, devices)
                count += 1


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(scene: Scene, serve: Serve, load: Load) -> Result:
    """One server process, driven and ended."""
    context = multiprocessing.get_context("spawn")
    ready, told = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(dir=load.folder, prefix="bench-") as folder:
        load = replace(load, folder=Path(folder))
        server = context.Process(target=run_server, args=(scene, serve, told, load), daemon=True)
        server.start()
        try:
            return drive(ready.recv(), server.pid or 0, load)
        finally:
            server.terminate()
            server.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument(
        "--rounds", type=int, default=3, help="turns for each; its best counts, the least disturbed one"
    )
    parser.add_argument("--devices", type=int, default=5000)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--dir", type=Path, default=Path.cwd(), help="where the database is; not a RAM disk")
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    load = Load(given.seconds, given.devices, given.dir, given.connections, cores[0])
    print(
        f"server on core {cores[0]}, load on core {cores[-1]}, {load.connections} connections, {load.devices:,} devices"
    )
    os.sched_setaffinity(0, {cores[-1]})
    results: dict[tuple[str, str], Result] = {}
    for what, scene in (("durable keep-alives", durable), ("servers alone", trivial)):
        print(what)
        for who, serve in (("ringkeeper", ours), ("hypercorn", peer)) * given.rounds:
            result = measure(scene, serve, load)
            print(f"  {who:10} {result}   load average {os.getloadavg()[0]:.2f}")
            results[what, who] = max(result, results.get((what, who), result), key=lambda one: one.rate)
        own, other = results[what, "ringkeeper"], results[what, "hypercorn"]
        print(f"  ratio      {own.rate / other.rate:.1f}x the rate, {other.cpu / own.cpu:.1f}x fewer processor seconds")
    rate = results["durable keep-alives", "ringkeeper"].rate
    print(f"budget: {BUDGET:,}/s durable, {'met' if rate >= BUDGET else 'MISSED'}")


if __name__ == "__main__":
    main()
