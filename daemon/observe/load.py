"""How much we have to do: the watchdog's late turns, what the listeners turned away, what waits for the disk.

Measured every `PERIOD` from the statistics of those parts, and told to the fleet, which decides (`alarms.overload`).
Not here: measuring the loop's lateness itself (`watchdog`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import trio

from daemon.fleet.delivery import Deliver
from daemon.fleet.events import LoadMeasured
from daemon.http.limits import HttpStatistics
from daemon.observe.watchdog import TURN, WatchdogStatistics
from daemon.store.store import StoreStatistics

PERIOD = 5.0  # seconds: ten turns of the watchdog, a twelfth of the shortest overload that counts by default

# Reasons of `HttpStatistics.refused` that say that we were too busy, and not that the request was wrong.
TURNED_AWAY = ("in_progress", "connections", "no_descriptors")


class _Counted(NamedTuple):
    late_turns: int
    turned_away: int


class Load:
    """Measures. The callables give the statistics of the parts, and `store.max_pending`."""

    def __init__(
        self,
        watchdog: Callable[[], WatchdogStatistics],
        listeners: Callable[[], tuple[HttpStatistics, ...]],
        store: Callable[[], StoreStatistics],
        max_pending: Callable[[], int],
    ) -> None:
        self._watchdog = watchdog
        self._listeners = listeners
        self._store = store
        self._max_pending = max_pending

    async def run(self, deliver: Deliver, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until cancelled; ready at once."""
        task_status.started()
        before, then = self._counted(), trio.current_time()
        while True:
            await trio.sleep(PERIOD)
            counted, now = self._counted(), trio.current_time()
            deliver(self._measured(before, counted, now - then))
            before, then = counted, now

    def _counted(self) -> _Counted:
        refused = [one.refused for one in self._listeners()]
        return _Counted(
            self._watchdog().late_turns, sum(each.get(reason, 0) for each in refused for reason in TURNED_AWAY)
        )

    def _measured(self, before: _Counted, after: _Counted, seconds: float) -> LoadMeasured:
        # A late turn takes longer than `TURN`, so in a loop that is always late there are fewer turns than that.
        late = min(1.0, (after.late_turns - before.late_turns) * TURN / PERIOD)
        return LoadMeasured(
            late_turns=max(late, float(seconds > 2 * PERIOD)),
            turned_away=(after.turned_away - before.turned_away) / seconds,
            pending=self._store().pending / self._max_pending(),
        )
