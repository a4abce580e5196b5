"""The only loop in the program that sleeps until a deadline.

It drives anything that has `next_deadline()` and `expire(now)`. The sleep is a cancel scope whose deadline is the
machine's next one; `poke()` rewrites it when a deadline moved earlier. Not here: what is due, and what then happens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

import trio

from daemon.scheduler.clock import Clock

Order = TypeVar("Order", covariant=True)
_Order = TypeVar("_Order")

# A machine that is always due would starve everybody else: after each turn the others get theirs, and a machine
# that became due again is not asked before this has passed. Pings may be this late, on purpose.
GRAIN = 0.01


class Machine(Protocol[Order]):
    """Something pure with deadlines."""

    def next_deadline(self) -> float:
        """When `expire` must be called; infinity if never."""

    def expire(self, now: float) -> Iterable[Order]:
        """Time has passed: what is to be done."""


class Driver(Generic[_Order]):
    """Calls `machine.expire` when it is due and hands what comes of it to `perform`."""

    def __init__(self, machine: Machine[_Order], clock: Clock, perform: Callable[[Iterable[_Order]], object]) -> None:
        self._machine = machine
        self._clock = clock
        self._perform = perform
        self._sleep = trio.CancelScope()
        self._rested_at = -math.inf  # on Trio's axis: not before this is the machine asked again

    def poke(self) -> None:
        """A deadline may have moved earlier: look again."""
        due = max(self._clock.trio_time(self._machine.next_deadline()), self._rested_at)
        self._sleep.deadline = min(self._sleep.deadline, due)

    async def run(self) -> None:
        """Live until cancelled."""
        while True:
            deadline = self._clock.trio_time(self._machine.next_deadline())
            with trio.CancelScope(deadline=max(deadline, self._rested_at)) as self._sleep:
                await trio.sleep_forever()
            now = self._clock.now()
            self._rested_at = self._clock.trio_time(now) + GRAIN
            self._perform(self._machine.expire(now))
