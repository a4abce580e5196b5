"""How many phones can one core keep an eye on at an interval of 60 s, and what gives first?

The daemon's own path (fleet, switchboard, SIP endpoint) on the first core, the phones on the last. They were OK before
a restart, or with --cold nobody has heard of them yet, and the first answer of each is a step. After one interval one
or more are measured: when each ping had left, against its place on the grid; the busiest 100 ms against the mean;
processor and memory. What was lost, and where, is told besides.

    .venv/bin/python -m bench.scale [--endpoints 250000] [--interval 60] [--intervals 1] [--cold]
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import platform
import resource
import time
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog
import trio

from bench.pinging import Pinging, pinging
from bench.responder import Phones, drops, first_core, responder
from daemon.fleet.commands import SendProbes
from daemon.fleet.target import Target

BURST = 0.1  # seconds of the busiest window
ON_TIME = 1.0  # seconds
REST = 2.0  # seconds after counting a million states, which takes a fifth of one, and pings wait
SHARE_ON_TIME, WORST_BURST, MEMORY = 0.99, 1.5, 1536  # the budgets; memory in bytes per endpoint


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is pinged how often, and how long that is watched."""

    endpoints: int
    interval: float
    intervals: int
    cold: bool


@dataclass(frozen=True, slots=True)
class Record:
    """The turns of the fleet: when each one's pings had all left, and whose they were."""

    times: list[float] = field(default_factory=list)
    targets: list[Sequence[Target]] = field(default_factory=list)

    def lateness(self, period: float) -> array[float]:
        """Of each ping, how long after its place on the grid it left, in seconds, in order of size."""
        late = array("d")
        for at, targets in zip(self.times, self.targets, strict=True):
            late.extend((at - target.share * period + period / 2) % period - period / 2 for target in targets)
        return array("d", sorted(late))

    def busiest(self, window: float) -> int:
        """Pings in the fullest window; it begins at a turn."""
        sums = [0]
        for targets in self.targets:
            sums.append(sums[-1] + len(targets))
        return max(sums[bisect_left(self.times, at + window)] - sums[place] for place, at in enumerate(self.times))


@dataclass(frozen=True, slots=True)
class Look:
    """Everything that is counted, at one moment."""

    answered: int
    missed: int
    late: int
    refused: dict[str, int]
    replied: int  # by the phones
    dropped: int  # answers that found our buffer full
    unasked: int  # pings that found the phones' buffer full
    cpu: float
    wall: float
    memory: int

    @classmethod
    def now(cls, running: Pinging, phones: Phones) -> Look:
        """Look."""
        counted = running.endpoint.statistics()
        return cls(
            answered=counted.answered,
            missed=counted.missed,
            late=counted.late,
            refused=counted.refused,
            replied=phones.answered(),
            dropped=drops(running.endpoint.addresses[0].port),
            unasked=drops(phones.port),
            cpu=time.process_time(),
            wall=time.monotonic(),
            memory=resident(),
        )


def resident() -> int:
    """Bytes of memory in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def measure(plan: Plan, phones: Phones) -> None:
    """Build, settle, look, watch, look again."""
    gc.collect()
    empty, began = resident(), time.monotonic()
    async with pinging(plan.endpoints, plan.interval, phones.port, known=not plan.cold) as running:
        built = resident()
        each = (built - empty) / plan.endpoints
        print(f"built in {time.monotonic() - began:.1f} s, {each:,.0f} bytes each", flush=True)
        began = time.process_time()
        await trio.sleep(plan.interval + 2)
        each = (time.process_time() - began) / max(1, running.endpoint.statistics().answered)
        print(f"settled at {each * 1e6:.2f} µs for each answer: {_states(running)}", flush=True)
        await trio.sleep(REST)
        before, record = Look.now(running, phones), watch(running)
        await trio.sleep(plan.interval * plan.intervals)
        after = Look.now(running, phones)
        running.switchboard.connect_sip(running.endpoint.submit)
        tell(plan, before, after, record)
        print(f"in the end: {_states(running)}, {(after.memory - empty) / plan.endpoints:,.0f} bytes each,", end=" ")
        print(f"of which a history of round trips takes 320 once it has begun (budget {MEMORY})")


def watch(running: Pinging) -> Record:
    """Keep a record of every turn from here on."""
    record, clock, submit = Record(), running.clock, running.endpoint.submit

    def noted(order: SendProbes) -> None:
        submit(order)
        record.times.append(clock.now())
        record.targets.append(order.targets)

    running.switchboard.connect_sip(noted)
    return record


def tell(plan: Plan, before: Look, after: Look, record: Record) -> None:
    """The figures, and whether they are within the budgets."""
    wall = after.wall - before.wall
    late = record.lateness(plan.interval)
    on_time = (bisect_left(late, ON_TIME) - bisect_left(late, -ON_TIME)) / len(late)
    mean = len(late) / wall
    burst = record.busiest(BURST) / (mean * BURST)
    cpu = after.cpu - before.cpu
    answered = after.answered - before.answered
    print(f"{len(late):,} pings in {wall:.1f} s, {mean:,.0f} a second in {len(record.times) / wall:.0f} turns")
    print(f"after their place: p50 {_at(late, 0.5)}, p99 {_at(late, 0.99)}, most {_at(late, 1)}, least {_at(late, 0)}")
    print(f"within {ON_TIME:.0f} s: {on_time:.3%} (budget {SHARE_ON_TIME:.0%})")
    print(f"busiest {BURST * 1000:.0f} ms: {burst:.2f} of the mean (budget {WORST_BURST})")
    print(f"processor: {cpu / wall:.1%} of the core, {cpu / answered * 1e6:.2f} µs for each of {answered:,} answered")
    print(f"missed {after.missed - before.missed}, late {after.late - before.late}", end=", ")
    print(f"answered by the phones {after.replied - before.replied:,}")
    print(
        f"dropped: {after.unasked - before.unasked} pings at the phones, {after.dropped - before.dropped} answers at us"
    )
    print(f"refused {dict(_more(before.refused, after.refused))}")


def _more(before: dict[str, int], after: dict[str, int]) -> Iterator[tuple[str, int]]:
    for reason, count in after.items():
        if count > before.get(reason, 0):
            yield reason, count - before.get(reason, 0)


def _at(late: array[float], share: float) -> str:
    return f"{late[min(len(late) - 1, int(share * len(late)))] * 1000:.0f} ms"


def _states(running: Pinging) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in running.fleet.statistics().reachability.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoints", type=int, default=250_000)
    parser.add_argument("--interval", type=float, default=60.0)
    parser.add_argument("--intervals", type=int, default=1, help="how many are measured")
    parser.add_argument("--cold", action="store_true", help="phones nobody has heard of yet")
    plan = Plan(**vars(parser.parse_args()))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    most = Path("/proc/sys/net/core/rmem_max").read_text().strip()
    print(f"{plan.endpoints:,} endpoints at {plan.interval:g} s; Python {platform.python_version()}", end="; ")
    print(f"net.core.rmem_max {most}; load average {os.getloadavg()[0]:.2f}")
    with responder() as phones:
        os.sched_setaffinity(0, {first_core()})
        trio.run(measure, plan, phones)


if __name__ == "__main__":
    main()
