"""What does it cost to qualify one phone, everything included, against the least a Trio program can do?

One run, two measurements on loopback, both at the same pace with the same responder (a process on another core):
(a) a bare Trio loop: one sendto and one recvfrom a ping, matched by a token, nothing remembered, and at its
    cheapest: it wakes up every 10 ms and never for a single datagram;
(b) the daemon's own path: fleet, switchboard, SIP endpoint; state, statistics and events included. The store takes
    orders and drops them: in the steady state that is measured a healthy fleet writes nothing.

    .venv/bin/python -m bench.qualify [--endpoints 20000] [--rate 5000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import platform
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

import structlog
import trio

from daemon.config.listen import Listen
from daemon.config.settings import Qualify, Settings, Sip
from daemon.fleet.commands import StoreCommand
from daemon.fleet.fleet import Fleet
from daemon.fleet.model import DeviceRecord, Mac
from daemon.fleet.records import Snapshot
from daemon.scheduler.clock import Clock
from daemon.sip.endpoint import SipEndpoint
from daemon.sip.options import OptionsTemplate, match_answer
from daemon.switchboard import Switchboard

BUDGET = 2.5
GRAIN = 0.01  # both sides send in portions of 10 ms, as the daemon's scheduler does


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU of one measurement."""

    pings: int
    answered: int
    cpu: float

    def __str__(self) -> str:
        share = 100 * self.answered / self.pings
        return f"{self.each:6.2f} µs of CPU each  ({self.pings} pings, {share:.2f} % answered)"

    @property
    def each(self) -> float:
        """Microseconds per answered ping."""
        return self.cpu / self.answered * 1e6


class DroppingStore:
    """A store with an infinitely fast disk."""

    def submit(self, command: StoreCommand) -> None:
        """Taken, and gone."""

    def receipt(self) -> DroppingStore:
        """Durable at once."""
        return self

    async def wait(self) -> None:
        """Nothing to wait for."""


def respond(told: Connection) -> None:
    """The phones: every OPTIONS gets its 200, with the headers copied as they came."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phones:
        phones.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024 * 1024)
        phones.bind(("0.0.0.0", 0))
        told.send(phones.getsockname()[1])
        while True:
            request, source = phones.recvfrom(65535)
            phones.sendto(b"SIP/2.0 200 OK" + request[request.index(b"\r\n") :], source)


@contextmanager
def responder() -> Iterator[int]:
    """The port at which every address of 127/8 answers pings."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=respond, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def address_of(index: int) -> str:
    return f"127.{1 + index // 62500}.{index // 250 % 250}.{1 + index % 250}"


async def bare_loop(endpoints: int, rate: int, rounds: int, port: int) -> Cost:
    """The least: every 10 ms send a portion and take in what came back; no task is woken for a single datagram."""
    waiting: set[str] = set()
    targets = [(f"sip:{index}@{address_of(index)}:{port}", (address_of(index), port)) for index in range(endpoints)]
    portion = max(1, round(rate * GRAIN))
    answered = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        sock.bind(("127.0.0.1", 0))
        template = OptionsTemplate(sock.getsockname(), "bench.example", "bench")
        began, due = time.process_time(), trio.current_time()
        for first in range(0, endpoints * rounds, portion):
            place = first % endpoints
            for uri, address in targets[place : place + portion]:
                token = secrets.token_hex(8)
                waiting.add(token)
                sock.sendto(template.render(uri, token), address)
            due += GRAIN
            await trio.sleep_until(due)
            answered += take_in(sock, waiting)
        await trio.sleep(0.5)
        answered += take_in(sock, waiting)
        cpu = time.process_time() - began
    return Cost(endpoints * rounds, answered, cpu)


def take_in(sock: socket.socket, waiting: set[str]) -> int:
    """How many answers had arrived."""
    count = 0
    while True:
        try:
            datagram, _ = sock.recvfrom(65535)
        except BlockingIOError:
            return count
        answer = match_answer(datagram)
        if answer and answer[1] in waiting:
            waiting.remove(answer[1])
            count += 1


async def own_path(endpoints: int, rate: int, rounds: int, port: int) -> Cost:
    """Fleet, switchboard and endpoint as the daemon has them."""
    interval = endpoints / rate
    timeout = min(4.0, interval)
    settings = Settings(
        sip=Sip(listen=(Listen("udp", "127.0.0.1", 0),), domain="bench.example"),
        qualify=Qualify(interval=interval, timeout=timeout, lagged_after=timeout / 2, max_rate=rate * 4),
    )
    clock = Clock()
    fleet = Fleet(settings, Snapshot(records=tuple(records(endpoints, port))), clock.now())
    switchboard = Switchboard(fleet, DroppingStore(), clock)
    endpoint = SipEndpoint(settings.sip, settings.qualify, fleet, clock)
    switchboard.connect_sip(endpoint.submit)
    async with trio.open_nursery() as nursery:
        await nursery.start(endpoint.run, switchboard.deliver)
        nursery.start_soon(switchboard.driver.run)
        await trio.sleep(2 * interval)  # everybody becomes OK, which is not the everyday case
        before, began = endpoint.statistics(), time.process_time()
        await trio.sleep(rounds * interval)
        cpu, after = time.process_time() - began, endpoint.statistics()
        nursery.cancel_scope.cancel()
    print(f"    {fleet.statistics().reachability}, refused {after.refused}, missed {after.missed}, late {after.late}")
    return Cost(after.sent - before.sent, after.answered - before.answered, cpu)


def records(endpoints: int, port: int) -> Iterator[DeviceRecord]:
    for index in range(endpoints):
        contact = f"sip:{index}@{address_of(index)}:{port}"
        yield DeviceRecord(Mac(f"00908f{index:06x}"), number=str(index), contact=contact)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=20_000)
    parser.add_argument("--rate", type=int, default=5000, help="pings a second")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"{arguments.endpoints} endpoints, {arguments.rate} pings/s; Python {platform.python_version()}")
    with responder() as port:
        size = (arguments.endpoints, arguments.rate, arguments.rounds, port)
        bare = trio.run(bare_loop, *size)
        print(f"(a) bare Trio loop   {bare}")
        own = trio.run(own_path, *size)
        print(f"(b) Ringkeeper       {own}")
    print(f"ratio (b)/(a)        {own.each / bare.each:6.2f}     budget {BUDGET}")


if __name__ == "__main__":
    main()
