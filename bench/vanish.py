"""What does it cost the alarm engine when 30,000 phones of 20 sites vanish within a minute, and come back?

The fleet's rules alone, on an axis of time that is a number: from the step of a phone's reachability to the orders for
the store. Set against the least that keeping 30,000 alarms can cost: an `Alarm` and a `SaveAlarm` for each. Not here:
disk, sockets, the loop's lag in a running daemon.
"""

from __future__ import annotations

import argparse
import gc
import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from daemon.config.settings import Settings
from daemon.fleet import consequences, reachability
from daemon.fleet.alarms import events as alarm_events
from daemon.fleet.commands import Command
from daemon.fleet.fleet import Fleet
from daemon.fleet.model import DeviceRecord, DeviceState, Mac, Presence, Reachability, Site, Tenant
from daemon.fleet.reachability import Stimulus
from daemon.fleet.records import Snapshot
from daemon.fleet.store_commands import Notify, SaveAlarm

NOW, MINUTE = 1_800_000_000.0, 60.0


class Watch:
    """Processor time of the thread: of all steps, and of the longest."""

    def __init__(self) -> None:
        self.spent = self.longest = 0.0
        self.steps = 0

    def __enter__(self) -> None:
        self._began = time.thread_time()

    def __exit__(self, *_: object) -> None:
        took = time.thread_time() - self._began
        self.spent += took
        self.longest = max(self.longest, took)
        self.steps += 1

    def said(self, phones: int) -> str:
        """In words, by phone."""
        each = self.spent / phones * 1e6
        return f"{self.spent:.2f} s, {each:.1f} µs a phone, {self.steps} steps, longest {self.longest * 1e3:.1f} ms"


class Bench:
    """A fleet whose phones all answer, and what receivers are told of it."""

    def __init__(self, phones: int, sites: int) -> None:
        self.now = NOW
        self.told: Counter[str] = Counter()
        tenant = Tenant("acme", default=True, sites=tuple(Site(f"s{index}") for index in range(sites)))
        records = tuple(
            DeviceRecord(Mac(f"0090{index:08x}"), tenant="acme", site=f"s{index % sites}") for index in range(phones)
        )
        states = tuple(_answering(record.mac) for record in records)
        self.fleet = Fleet(Settings(), Snapshot(tenants=(tenant,), records=records, states=states), NOW)
        chance = random.Random(1)  # the same minute each time
        self.times = sorted((chance.random() * MINUTE, record.mac) for record in records)

    def all_move(self, stimulus: Stimulus, rest: float) -> tuple[Watch, Watch]:
        """Within a minute each phone takes this step; then `rest` seconds pass. The steps' time, and the alarms'."""
        steps, alarms, began = Watch(), Watch(), self.now
        for second, mac in self.times:
            self._pass_to(began + second, alarms)
            device = self.fleet.device(mac)
            assert device is not None
            with steps:
                moved = reachability.step(device, stimulus, self.now, "3 unanswered, timeout")
                orders = consequences.follow(self.fleet.parts, device, moved, self.now)
            self._note(orders)
        self._pass_to(began + MINUTE + rest, alarms)
        return steps, alarms

    def _pass_to(self, until: float, watch: Watch) -> None:
        while (due := self.fleet.parts.alarms.next_deadline()) <= until:
            self.now = max(self.now, due)
            with watch:
                orders = alarm_events.expire(self.fleet.parts, self.now)
            self._note(orders)
        self.now = until

    def _note(self, orders: Iterable[Command]) -> None:
        told = (order.notification for order in orders if isinstance(order, Notify))
        self.told.update(f"{each.alarm.name} {each.occasion}" for each in told)


def _answering(mac: Mac) -> DeviceState:
    return DeviceState(
        mac,
        Presence.REGISTERED,
        "",
        NOW,
        NOW,
        "10.0.0.1",
        None,
        Reachability.OK,
        "",
        NOW,
        None,
        "",
        ever_registered=True,
    )


def _bare(bench: Bench) -> Watch:
    """One alarm and one order for each that is active."""
    alarms, watch = list(bench.fleet.alarms.values()), Watch()
    with watch:
        for alarm in alarms:
            SaveAlarm(replace(alarm, updated_at=NOW))
    return watch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phones", type=int, default=30_000)
    parser.add_argument("--sites", type=int, default=20)
    arguments = parser.parse_args()
    bench = Bench(arguments.phones, arguments.sites)
    gc.collect()
    gc.freeze()  # as the daemon does after its start
    print(f"{arguments.phones} phones of {arguments.sites} sites, within {MINUTE:.0f} s")
    total = 0.0
    for what, stimulus, rest in (("vanish", Stimulus.SILENT, 300.0), ("return", Stimulus.ANSWERED, 1200.0)):
        steps, alarms = bench.all_move(stimulus, rest)
        total += steps.spent + alarms.spent
        print(f"{what}: steps of phones {steps.said(arguments.phones)}")
        print(f"{what}: alarms' deadlines {alarms.said(arguments.phones)}")
        if what == "vanish":
            bare = _bare(bench)
    print(f"told: {dict(bench.told)}; history: {bench.fleet.parts.alarms.recorded}")
    print(f"keeping as many alarms and nothing else {bare.said(arguments.phones)}; ratio {total / bare.spent:.1f}")


if __name__ == "__main__":
    main()
