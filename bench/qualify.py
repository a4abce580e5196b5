"""What does it cost to qualify one phone, everything included, against Kamailio and against the least Trio can do?

One run on loopback, three contenders in turn, each on the first core with the same responder on the last:
(a) Kamailio with usrloc and nathelper's SIP pings, configured for nothing else (`kamailio.cfg`);
(b) a bare Trio loop with recvmmsg and sendmmsg: it wakes as seldom as the daemon's plan does and never for a single
    datagram, renders, sends, takes in what came and matches it by its token; nothing else is remembered;
(c) the daemon's own path: fleet, switchboard, SIP endpoint; state, statistics and events included.

Twice: at a pace that amortises waking up (an interval of 4 s), and at that of real life (60 s). Figures are processor
time of all processes of a contender, as the scheduler accounts for it, for each ping that was answered: the answers
that the responder gave, less those that found the contender's buffer full.

    .venv/bin/python -m bench.qualify [--endpoints 20000] [--rounds 3] [--intervals 4 60] [--profile]
"""

from __future__ import annotations

import argparse
import gc
import logging
import multiprocessing
import os
import platform
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

import structlog
import trio

from bench.kamailio import described, kamailio, members, program
from bench.pinging import DOMAIN, Pinging, pinging
from bench.responder import Phones, address_of, contact_of, drops, first_core, last_core, responder
from bench.stages import Stages, watched
from daemon.fleet.model import Contact
from daemon.fleet.qualify import FULL_TURN, LONGEST_TURN, SHORTEST_TURN
from daemon.sip.endpoint import unguessable_tokens
from daemon.sip.mmsg import BATCH, SO_TIMESTAMPNS, Inbox, Outbox
from daemon.sip.options import OptionsTemplate, match_answers

BUDGET = 1.0  # of Kamailio's cost
MEASURED = 20.0  # seconds, or as many intervals as are over by then
KAMAILIO, BARE, OWN = "(a) Kamailio", "(b) bare Trio loop", "(c) Ringkeeper"


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is pinged how often."""

    endpoints: int
    interval: int
    port: int  # the phones'


@dataclass(frozen=True, slots=True)
class Running:
    """A contender that pings: which processes it is, and its port."""

    processes: Sequence[int]
    port: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a contender took."""

    answered: int
    lost: int  # answers that found its buffer full
    cpu: float
    wall: float

    @property
    def each(self) -> float:
        """Microseconds per answered ping."""
        return self.cpu / self.answered * 1e6

    def __str__(self) -> str:
        pace = f"{self.answered / self.wall:,.0f} pings answered a second, {self.lost} answers lost"
        return f"{self.each:6.2f} µs each   ({pace})"


def measure(contender: AbstractContextManager[Running], plan: Plan, phones: Phones) -> Cost:
    """Start it, let it settle, look twice, end it."""
    with contender as running:
        window = max(1, MEASURED // plan.interval) * plan.interval if plan.interval < MEASURED else MEASURED
        count, lost, cpu, began = phones.answered(), drops(running.port), cpu_of(running.processes), time.monotonic()
        time.sleep(window)
        wall, spent = time.monotonic() - began, cpu_of(running.processes) - cpu
        lost = drops(running.port) - lost
        return Cost(phones.answered() - count - lost, lost, spent, wall)


def cpu_of(processes: Iterable[int]) -> float:
    """Processor seconds of all threads of these, to the nanosecond (Documentation/scheduler/sched-stats.rst)."""
    tasks = (path for process in processes for path in Path(f"/proc/{process}/task").glob("*/schedstat"))
    return sum(int(path.read_text().split()[0]) for path in tasks) / 1e9


@contextmanager
def peer(plan: Plan) -> Iterator[Running]:
    """Kamailio, settled: each contact pinged once, or for five seconds."""
    with kamailio(plan.endpoints, plan.interval, plan.port, first_core()) as (group, port):
        time.sleep(min(5, plan.interval) + 1)
        yield Running(members(group), port)


@contextmanager
def apart(scene: Callable[[Plan, Connection], None], plan: Plan) -> Iterator[Running]:
    """A contender of ours in a process of its own, settled."""
    context = multiprocessing.get_context("spawn")
    told, tells = context.Pipe(duplex=False)
    process = context.Process(target=_alone, args=(scene, plan, tells), daemon=True)
    process.start()
    try:
        yield Running([process.pid or 0], told.recv())
    finally:
        process.terminate()
        process.join()


def _alone(scene: Callable[[Plan, Connection], None], plan: Plan, ready: Connection) -> None:
    os.sched_setaffinity(0, {first_core()})
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    scene(plan, ready)


def bare(plan: Plan, ready: Connection) -> None:
    """The least."""
    trio.run(_bare, plan, ready)


async def _bare(plan: Plan, ready: Connection) -> None:
    rate = plan.endpoints / plan.interval
    grain = max(SHORTEST_TURN, min(LONGEST_TURN, FULL_TURN / rate))
    contacts = [
        Contact(contact_of(index, plan.port), address_of(index), plan.port) for index in range(plan.endpoints)
    ] * 2
    waiting: dict[str, str] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.bind(("127.0.0.1", 0))
        inbox, outbox = Inbox(sock), Outbox(sock, 16)
        template = OptionsTemplate(sock.getsockname(), DOMAIN, "bench", "tag")
        gc.freeze()
        ready.send(sock.getsockname()[1])
        due, place, owed = trio.current_time(), 0, 0.0
        while True:
            owed += rate * grain
            portion, owed = int(owed), owed % 1
            part, place = contacts[place : place + portion], (place + portion) % plan.endpoints
            tokens = unguessable_tokens(portion)
            waiting.update(zip(tokens, [contact.uri for contact in part], strict=True))
            outbox.send(template.render_all(part, tokens), [contact.socket_address for contact in part])
            due += grain
            await trio.sleep_until(due)
            _take_in(inbox, waiting)


def _take_in(inbox: Inbox, waiting: dict[str, str]) -> None:
    """Those whose answers had arrived wait no longer."""
    while True:
        datagrams, _ = inbox.receive()
        for answer in match_answers(datagrams):
            if answer:
                waiting.pop(answer[1], None)
        if len(datagrams) < BATCH:
            return


def own(plan: Plan, ready: Connection) -> None:
    """As the daemon does it."""
    trio.run(_own, plan, ready)


async def _own(plan: Plan, ready: Connection) -> None:
    async with pinging(plan.endpoints, plan.interval, plan.port) as running:
        await settled(plan, running)
        ready.send(running.endpoint.addresses[0].port)
        await trio.sleep_forever()


async def settled(plan: Plan, running: Pinging) -> None:
    """Everybody becomes OK, which is not the everyday case."""
    await trio.sleep(plan.interval + 2)
    states = dict(running.fleet.statistics().reachability)
    if states != {"OK": plan.endpoints}:
        print(f"    not everybody is OK: {states}")
    gc.collect()
    gc.freeze()


def profiled(plan: Plan, tells: Connection) -> None:
    """The same with a stop watch around each stage."""
    with watched() as stages:
        trio.run(_profiled, plan, tells, stages)


async def _profiled(plan: Plan, tells: Connection, stages: Stages) -> None:
    async with pinging(plan.endpoints, plan.interval, plan.port) as running:
        await settled(plan, running)
        before = running.endpoint.statistics().answered
        stages.start()
        await trio.sleep(MEASURED)
        tells.send(stages.table(running.endpoint.statistics().answered - before))


def compare(plan: Plan, phones: Phones, rounds: int) -> None:
    """The contenders in turn, and the ratios of each round."""
    costs: dict[str, list[float]] = {}
    for _ in range(rounds):
        contenders: dict[str, AbstractContextManager[Running]] = {
            **({KAMAILIO: peer(plan)} if program() else {}),
            BARE: apart(bare, plan),
            OWN: apart(own, plan),
        }
        for name, contender in contenders.items():
            cost = measure(contender, plan, phones)
            costs.setdefault(name, []).append(cost.each)
            print(f"  {name:20} {cost}   load average {os.getloadavg()[0]:.2f}", flush=True)
    ours = costs.pop(OWN)
    for name, theirs in costs.items():
        ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
        print(f"  (c)/{name[:3]} least {min(ratios):.2f}, median {median(ratios):.2f};", end="")
        print(f" medians {median(ours):.2f} and {median(theirs):.2f} µs")


def profile(plan: Plan) -> None:
    """Where our own microseconds go."""
    context = multiprocessing.get_context("spawn")
    told, tells = context.Pipe(duplex=False)
    process = context.Process(target=_alone, args=(profiled, plan, tells), daemon=True)
    process.start()
    print(told.recv())
    process.terminate()
    process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=20_000)
    parser.add_argument("--intervals", type=int, nargs="+", default=[4, 60], help="seconds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="where our own microseconds go, and nothing else")
    given = parser.parse_args()
    print(f"{given.endpoints:,} endpoints; Python {platform.python_version()}; load average {os.getloadavg()[0]:.2f}")
    print(described() if program() else "without (a), Kamailio is missing: apt-get install kamailio")
    with responder() as phones:
        # Whoever registers Kamailio's contacts must not be measured with it.
        cores, core = os.sched_getaffinity(0), last_core()
        for interval in given.intervals:
            plan = Plan(given.endpoints, interval, phones.port)
            print(f"interval {interval} s: {given.endpoints / interval:,.0f} pings a second")
            if given.profile:
                profile(plan)
            else:
                compare(plan, phones, given.rounds)
    print(f"budget: (c)/(a) {BUDGET} or less; cores {sorted(cores)}, load on core {core}")


if __name__ == "__main__":
    main()
