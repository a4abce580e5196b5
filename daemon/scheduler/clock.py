"""The program's one time axis: UTC seconds that advance with Trio's monotonic clock.

Wall time is read once, at start; from then on a step of the system clock neither fires nor delays anything. Under
a mock clock both halves move together. The only module that reads a clock; everybody else is given `now`.
Not here: sleeping, which is `driver`'s.
"""

from __future__ import annotations

import time

import trio


class Clock:
    """Tells the time on the program's axis; made inside `trio.run`."""

    def __init__(self, wall: float | None = None) -> None:
        self._offset = (time.time() if wall is None else wall) - trio.current_time()

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return trio.current_time() + self._offset

    def trio_time(self, at: float) -> float:
        """The same moment on Trio's own axis, for cancel scopes."""
        return at - self._offset

    def drift(self) -> float:
        """How far the system's wall clock has moved away from ours since start, in seconds."""
        return time.time() - self.now()


def monotonic_usec() -> int:
    """The kernel's monotonic clock in microseconds; only the service manager wants to know (sd_notify(3))."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
