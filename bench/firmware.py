"""A firmware file of 50 MB to 50 phones at once: how fast against nginx, and in how much memory?

One run, one core for the server, another for the load, rounds alternate between (a) the daemon's HTTP server with the
response that the phones' application gives for firmware, (b) the same where the kernel may not send the file, as over
TLS, and (c) nginx from Debian with one worker and sendfile. All serve the same file, which is in the page cache; the
client throws the bytes away (MSG_TRUNC) and checks how many came. Medians count.

    .venv/bin/python -m bench.firmware [--megabytes 50] [--clients 50] [--rounds 5]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import selectors
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

import trio

from bench.keep_alive import ours, processor_seconds
from daemon.http.asgi import Receive, Scope, Send
from daemon.http.phones.file_response import FileResponse, OpenFile
from daemon.http.phones.ranges import Part, Version

TARGET = 0.5  # of nginx's throughput
NGINX = "/usr/sbin/nginx"
REQUEST = b"GET /image HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


@dataclass(frozen=True)
class Result:
    """Megabytes a second, processor seconds of the server, and the memory it had at most and before, in MB."""

    rate: float
    cpu: float
    peak: float
    before: float

    def __str__(self) -> str:
        memory = f"memory {self.before:.1f}, peak {self.peak:.1f} MB"
        return f"{self.rate:7,.0f} MB/s   {self.cpu:5.2f} s of processor   {memory}"


class Shelf:
    """Serves the file as the phones' application serves firmware."""

    def __init__(self, path: Path, by_kernel: bool) -> None:
        self.served = self.aborted = 0
        self.limiter = trio.CapacityLimiter(8)
        self._path = path
        self._by_kernel = by_kernel

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The whole file, to anybody."""
        size = self._path.stat().st_size
        file = OpenFile(os.open(self._path, os.O_RDONLY), size, Version('"x"'))
        if not self._by_kernel:
            scope["extensions"] = {}
        await FileResponse(self, file, Part(0, size), 200, {})(scope, receive, send)


def run_server(path: Path, by_kernel: bool, core: int, ready: Connection) -> None:
    os.sched_setaffinity(0, {core})
    trio.run(ours, Shelf(path, by_kernel).app, ready)


@contextmanager
def ringkeeper(path: Path, core: int, by_kernel: bool = True) -> Iterator[tuple[int, int]]:
    context = multiprocessing.get_context("spawn")
    ready, told = context.Pipe(duplex=False)
    server = context.Process(target=run_server, args=(path, by_kernel, core, told), daemon=True)
    server.start()
    try:
        yield ready.recv(), server.pid or 0
    finally:
        server.terminate()
        server.join()


@contextmanager
def read_in_threads(path: Path, core: int) -> Iterator[tuple[int, int]]:
    with ringkeeper(path, core, by_kernel=False) as found:
        yield found


@contextmanager
def nginx(path: Path, core: int) -> Iterator[tuple[int, int]]:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    configuration = path.parent / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=path.parent, port=port))
    command = ["taskset", "-c", str(core), NGINX, "-p", str(path.parent), "-c", str(configuration)]
    with subprocess.Popen(command) as master:
        try:
            yield port, _worker_of(master.pid, port)
        finally:
            master.terminate()


def _worker_of(master: int, port: int) -> int:
    """The process id of nginx's worker, once it listens."""
    children = Path(f"/proc/{master}/task/{master}/children")
    end = time.monotonic() + 5
    while time.monotonic() < end:
        time.sleep(0.05)
        with closing(socket.socket()) as probe:
            if children.read_text() and not probe.connect_ex(("127.0.0.1", port)):
                return int(children.read_text().split()[0])
    raise SystemExit(f"{NGINX} did not start")


def fetch(port: int, clients: int, size: int) -> float:
    """Seconds until every client has the whole file."""
    selector = selectors.DefaultSelector()
    start = time.perf_counter()
    for _ in range(clients):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.sendall(REQUEST)
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ, [0])
    while selector.get_map():
        for key, _ in selector.select(10):
            received: list[int] = key.data
            count = _throw_away(key.fileobj)
            received[0] += count
            if not count:
                if not size <= received[0] < size + 1000:
                    raise SystemExit(f"{received[0]} bytes came, the file has {size}")
                selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]
    return time.perf_counter() - start


_ROOM = bytearray(1024 * 1024)


def _throw_away(sock: object) -> int:
    assert isinstance(sock, socket.socket)
    return sock.recv_into(_ROOM, len(_ROOM), socket.MSG_TRUNC)


def _memory(pid: int, what: str) -> float:
    found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def measure(serve: Callable[..., object], path: Path, clients: int, core: int) -> Result:
    size = path.stat().st_size
    with serve(path, core) as (port, pid):  # type: ignore[attr-defined]
        fetch(port, 2, size)  # so that everything is there that any download needs
        before, spent = _memory(pid, "VmRSS"), processor_seconds(pid)
        took = fetch(port, clients, size)
        return Result(clients * size / took / 1e6, processor_seconds(pid) - spent, _memory(pid, "VmHWM"), before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=50)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5, help="turns for each; medians count")
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    print(f"server on core {cores[0]}, load on core {cores[-1]}, {given.megabytes} MB to {given.clients} at once")
    servers = {"ringkeeper": ringkeeper, "ringkeeper, read in threads": read_in_threads, "nginx": nginx}
    results: dict[str, list[Result]] = {who: [] for who in servers}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        Path(folder).chmod(0o755)  # nginx's worker is another user
        path = Path(folder) / "image"
        path.write_bytes(os.urandom(1_000_000) * given.megabytes)
        for who in [*servers] * given.rounds:
            results[who].append(measure(servers[who], path, given.clients, cores[0]))
            print(f"  {who:28} {results[who][-1]}   load average {os.getloadavg()[0]:.2f}")
    rates = {who: median(one.rate for one in found) for who, found in results.items()}
    for who in list(servers)[:-1]:
        print(f"  {who:28} {rates[who] / rates['nginx']:.2f} of nginx's throughput (target {TARGET})")


if __name__ == "__main__":
    main()
