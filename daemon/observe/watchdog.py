"""How late the main loop is, and the sign of life to the service manager that follows from it.

One task sleeps half a second by Trio and looks how much longer it took: that is the lag everybody else suffers, too.
The service manager is told WATCHDOG=1 only while the loop turns in time and `alive` holds, so a daemon that hangs, or
whose workers do, is started again. The same turn notices when the system clock is moved away from ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
import trio

from daemon.observe.notify import Notifier
from daemon.scheduler.clock import Clock

log = structlog.get_logger("watchdog")

TURN = 0.5  # seconds: short enough to catch a stall of a ping's lagged limit (2 s), 0.01 % of a core
LATE = 0.25  # seconds: beyond it round trips measured in the loop begin to lie
DRIFT = 2.0  # seconds: release dates and alarms are then visibly off; NTP slews stay far below


@dataclass(frozen=True, slots=True)
class WatchdogStatistics:
    """Seconds for `lag` (newest turn), `worst_lag` (since start) and `drift` (system clock minus ours); counts else.

    `withheld` counts signs of life that were due and not given.
    """

    lag: float
    worst_lag: float
    drift: float
    late_turns: int
    petted: int
    withheld: int


class Watchdog:
    """Measures the loop it runs in."""

    def __init__(self, clock: Clock, notifier: Notifier, alive: Callable[[], bool]) -> None:
        self._clock = clock
        self._notifier = notifier
        self._alive = alive
        self._lag = self._worst_lag = self._drift = self._told_drift = 0.0
        self._late_turns = self._petted = self._withheld = 0

    def statistics(self) -> WatchdogStatistics:
        """How the loop is doing."""
        return WatchdogStatistics(
            lag=self._lag,
            worst_lag=self._worst_lag,
            drift=self._drift,
            late_turns=self._late_turns,
            petted=self._petted,
            withheld=self._withheld,
        )

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until cancelled; ready at once."""
        task_status.started()
        interval = self._notifier.watchdog_interval
        pet_at = trio.current_time()
        while True:
            begun = trio.current_time()
            await trio.sleep(TURN)
            self._measure(trio.current_time() - begun - TURN)
            self._look_at_the_wall()
            if interval is not None and trio.current_time() >= pet_at:
                self._pet(interval)
                pet_at = trio.current_time() + interval - TURN

    def _measure(self, lag: float) -> None:
        self._lag = max(lag, 0.0)
        self._worst_lag = max(self._worst_lag, self._lag)
        if self._lag > LATE:
            self._late_turns += 1
            log.warning("the main loop was late", event_name="loop-late", lag_ms=round(self._lag * 1000))

    def _pet(self, interval: float) -> None:
        if self._lag < interval and self._alive():
            self._petted += 1
            self._notifier.watchdog()
        else:
            self._withheld += 1
            log.error(
                "no sign of life given to the service manager",
                event_name="watchdog-withheld",
                lag_ms=round(self._lag * 1000),
            )

    def _look_at_the_wall(self) -> None:
        self._drift = self._clock.drift()
        if abs(self._drift - self._told_drift) > DRIFT:
            self._told_drift = self._drift
            log.warning(
                "the system clock was moved; times stay on the old one until a restart",
                event_name="clock-drift",
                drift_seconds=round(self._drift, 3),
            )
