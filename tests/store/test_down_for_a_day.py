"""A receiver of alarms is down for a day: fleet, store and outbox together, and what becomes of a day's alarms."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trio
from trio.testing import MockClock

from daemon.config.alarm_settings import OutboxLimits
from daemon.config.route_settings import Route
from daemon.fleet.acts import InventoryApplied
from daemon.fleet.alarms.catalogue import OUTBOX_FILLING
from daemon.fleet.events import AlertsHeard
from daemon.fleet.fleet import Fleet
from daemon.fleet.model import Mac
from daemon.fleet.notifications import Notification, Occasion, Severity
from daemon.scheduler.clock import Clock
from daemon.store.store import Store, open_store
from daemon.switchboard import Switchboard
from tests.support.builders import alert, inventory, record, settings
from tests.support.opened_store import QUICK

DOWN, UP = "down", "up"
LIMIT, ALARMS, EVERY = 100, 200, 432.0  # an alarm every seven minutes, all day long
SEVERITIES = (Severity.WARNING, Severity.MINOR, Severity.MAJOR, Severity.CRITICAL)
PHONES = [Mac(f"00908f0000{number:02x}") for number in range(ALARMS // 18)]


@dataclass
class Receiver:
    """Takes what it is told."""

    name: str
    numbers: list[int] = field(default_factory=list)
    told: list[Notification] = field(default_factory=list)

    async def run(self, store: Store) -> None:
        """Until cancelled."""
        while True:
            entry = await store.outbox.next(self.name)
            self.numbers.append(entry.number)
            self.told.append(entry.notification)
            store.outbox.settle(entry)

    def said(self) -> list[tuple[str, Occasion]]:
        """What it was told of receivers."""
        return [(each.alarm.source, each.occasion) for each in self.told if each.alarm.name == OUTBOX_FILLING.name]


class Day:
    """A daemon without sockets, with a clock that the test turns."""

    def __init__(self, store: Store, clock: Clock, turn: MockClock) -> None:
        self.store = store
        self.fleet = Fleet(settings(), store.snapshot, clock.now())
        self.switchboard = Switchboard(self.fleet, store, clock)
        self.switchboard.deliver(InventoryApplied(inventory(*(record(mac, number="") for mac in PHONES)), "test"))
        self.switchboard.perform(self.fleet.finish_intake(clock.now()))
        self._turn = turn

    async def goes_on(self, number: int) -> None:
        """Minutes later a phone has another alarm, which is on disk."""
        self._turn.jump(EVERY)
        raised = alert(f"ALARM {number}", SEVERITIES[number % len(SEVERITIES)])
        event = AlertsHeard(PHONES[number % len(PHONES)], (raised,), "10.1.2.7", with_secret=True)
        await self.switchboard.deliver(event).stored()
        await trio.testing.wait_all_tasks_blocked()

    @property
    def dropped(self) -> Counter[str]:
        """What the receiver that is down will never be told, by severity."""
        dropped = self.store.outbox.statistics().dropped
        return Counter({severity: count for (receiver, severity), count in dropped.items() if receiver == DOWN})

    @property
    def warned(self) -> bool:
        """Whether there is an alarm about it."""
        return any(alarm.name == OUTBOX_FILLING.name for alarm in self.fleet.alarms.values())


@asynccontextmanager
async def a_day(path: Path, turn: MockClock) -> AsyncIterator[Day]:
    clock, limits = Clock(), OutboxLimits(limit=LIMIT)
    async with open_store(path, {DOWN: Route(), UP: Route()}, QUICK, clock, outbox=limits) as store:
        day = Day(store, clock, turn)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(store.run, day.switchboard.deliver)
            nursery.start_soon(day.switchboard.driver.run)
            yield day
            nursery.cancel_scope.cancel()


async def test_it_is_told_in_time_and_what_is_lost_is_the_oldest_of_the_least_bad(
    tmp_path: Path, mock_clock: MockClock
) -> None:
    up, down = Receiver(UP), Receiver(DOWN)
    async with a_day(tmp_path / "ringkeeper.db", mock_clock) as day, trio.open_nursery() as nursery:
        nursery.start_soon(up.run, day.store)
        for number in range(ALARMS):
            await day.goes_on(number)
            assert day.store.outbox.waiting(DOWN) <= LIMIT
            assert day.warned or not day.dropped
        # One more than the phones' alarms was to be told: that about the receiver itself, which is never let go.
        assert up.said() == [(f"Receiver/{DOWN}", Occasion.RAISED)]
        each, lost = ALARMS // len(SEVERITIES), ALARMS + 1 - LIMIT
        assert day.dropped == {"warning": each, "minor": each, "major": lost - 2 * each}

        nursery.start_soon(down.run, day.store)
        await trio.testing.wait_all_tasks_blocked()
        assert len(down.told) == LIMIT
        for number in range(ALARMS, ALARMS + 2):
            await day.goes_on(number)
        assert not day.warned
        nursery.cancel_scope.cancel()
    kept = [each.alarm.severity for each in down.told[:LIMIT] if each.alarm.name != OUTBOX_FILLING.name]
    assert Counter(kept) == {Severity.CRITICAL: each, Severity.MAJOR: LIMIT - 1 - each}
    majors = [n.alarm.name for n in down.told[:LIMIT] if n.alarm.severity is Severity.MAJOR and n.alarm.device]
    assert majors == [f"ALARM {number}" for number in range(ALARMS)][2::4][each - len(majors) :]  # the newest of them
    assert down.numbers == sorted(set(down.numbers))
    assert up.numbers == list(range(1, len(up.numbers) + 1))
    assert down.said() == up.said() == [(f"Receiver/{DOWN}", Occasion.RAISED), (f"Receiver/{DOWN}", Occasion.CLEARED)]
