"""A timing wheel for what is due again and again: every member once a period, each at a place of its own.

A member stays where it is, so what recurs costs no planning at all: with 250,000 members due once a minute a turn
only walks along the places whose time has come (a heap took 6 µs for each member and period). Not here: what is due
once (`deadlines`), any clock.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Hashable
from itertools import chain
from typing import Generic, TypeVar

Member = TypeVar("Member", bound=Hashable)

# Seconds between two places. Fine enough that no 100 ms see half again their share, and a machine that is woken for
# every place would still only be woken fifty times a second.
GRAIN = 0.02
# Places of one ring at most. A day has 4.3 million grains, and nobody is so many that they would need them.
PLACES = 65_536


class Ring(Generic[Member]):
    """Places on an absolute grid of `period` seconds, so the same share is the same moment after a restart."""

    def __init__(self, period: float, now: float) -> None:
        self._count = min(PLACES, max(1, round(period / GRAIN)))
        self._grain = period / self._count
        self._places: dict[int, dict[Member, None]] = {}  # those where somebody is
        self._occupied: list[int] = []  # the places where somebody is, in order
        self._next = self._reached(now) + 1  # the number of the next place, counted from the epoch
        self._members = 0

    def __len__(self) -> int:
        return self._members

    def add(self, member: Member, share: float) -> None:
        """Make `member` due whenever the place `share` (0 to 1) of a period has come; nothing if it is there."""
        number = int(share * self._count)
        place = self._places.setdefault(number, {})
        if not place:
            insort(self._occupied, number)
        self._members += member not in place
        place[member] = None

    def discard(self, member: Member, share: float) -> None:
        """Forget `member`, which was added with this share; nothing if it is not there."""
        number = int(share * self._count)
        place = self._places.get(number, {})
        if member not in place:
            return
        del place[member]
        self._members -= 1
        if not place:
            del self._places[number]
            del self._occupied[bisect_left(self._occupied, number)]

    def next_deadline(self) -> float:
        """When the next place comes where somebody is; infinity for an empty ring."""
        if not self._occupied:
            return math.inf
        count, here = self._count, self._next % self._count
        after = bisect_left(self._occupied, here)
        place = self._occupied[after] if after < len(self._occupied) else self._occupied[0] + count
        return (self._next + place - here) * self._grain

    def expire(self, now: float) -> list[Member]:
        """Everybody whose place has come since the last call, in the order of places; nobody twice."""
        count, reached = self._count, self._reached(now)
        # After a pause longer than a period everybody is due once, not once for each period that was missed.
        first = max(self._next, reached - count + 1)
        if first > reached:
            return []
        self._next = reached + 1
        begin, end = bisect_left(self._occupied, first % count), bisect_right(self._occupied, reached % count)
        if first % count <= reached % count:
            numbers = self._occupied[begin:end]
        else:
            numbers = self._occupied[begin:] + self._occupied[:end]
        return list(chain.from_iterable(self._places[number] for number in numbers))

    def _reached(self, now: float) -> int:
        """The number of the last place that has come; a thousandth of a place away counts as there.

        Seconds since the epoch are known to a quarter of a microsecond only.
        """
        return math.floor(now / self._grain + 1e-3)
