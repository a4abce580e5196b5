"""What is measured of our own load."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import trio
from trio.testing import MockClock

from daemon.fleet.events import LoadMeasured
from daemon.http.limits import HttpStatistics
from daemon.observe.load import PERIOD, Load
from daemon.observe.watchdog import WatchdogStatistics

SERVED = HttpStatistics(0, 0, 0, 0, 0, {}, {})
QUIET = WatchdogStatistics(0.0, 0.0, 0.0, 0, 0, 0)


@dataclass
class Machine:
    """The parts whose statistics are read."""

    watchdog: WatchdogStatistics = QUIET
    phones: HttpStatistics = SERVED
    pending: int = 0

    def load(self) -> Load:
        store: Any = SimpleNamespace
        return Load(
            lambda: self.watchdog, lambda: (self.phones, SERVED), lambda: store(pending=self.pending), lambda: 1000
        )


async def test_what_happened_since_the_last_look_is_told(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    machine, told = Machine(), list[Any]()
    machine.phones = replace(SERVED, refused={"in_progress": 100, "head_too_large": 5})
    await nursery.start(machine.load().run, told.append)
    await trio.sleep(PERIOD + 0.1)
    machine.watchdog = replace(QUIET, late_turns=5)
    machine.phones = replace(SERVED, refused={"in_progress": 110, "connections": 15, "head_too_large": 50})
    machine.pending = 250
    await trio.sleep(PERIOD)
    assert told == [LoadMeasured(0.0, 0.0, 0.0), LoadMeasured(0.5, 5.0, 0.25)]


async def test_a_loop_that_stood_still_was_late_all_the_time(nursery: trio.Nursery, mock_clock: MockClock) -> None:
    told = list[Any]()
    await nursery.start(Machine().load().run, told.append)
    await trio.testing.wait_all_tasks_blocked()
    mock_clock.jump(3 * PERIOD)
    await trio.testing.wait_all_tasks_blocked()
    assert [load.late_turns for load in told] == [1.0]
