"""What became of a target's pings: the newest round trip, the smoothed one that LAGGED is judged on, and a history.

The history is a ring of the last 60 outcomes, an hour at the default interval: single-precision samples, 240 bytes a
target, in which a lost ping is not a number. When a target falls silent the newest and the smoothed value end with
it: they would describe a path that may be gone. In memory only: all of it begins anew with the daemon. Not here: what a
round trip means for a state (`reachability`).
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

SAMPLES = 60
_LOST = math.nan
_EMPTY = array("f", [_LOST] * SAMPLES)


class RoundTrips:
    """Samples in seconds, newest overwriting oldest."""

    __slots__ = ("_count", "_ring", "smoothed")

    def __init__(self) -> None:
        self.smoothed: float | None = None
        self._ring = _EMPTY  # shared until there is something to remember
        self._count = 0

    def __len__(self) -> int:
        """How many pings the history knows of, answered or lost."""
        return min(self._count, SAMPLES)

    def add(self, sample: float, weight: float) -> None:
        """Take a sample in; `weight` (0 to 1) is its share in the smoothed value."""
        smoothed = self.smoothed
        self.smoothed = sample if smoothed is None else smoothed + weight * (sample - smoothed)
        count = self._count
        if count == 0:
            self._ring = _EMPTY[:]
        self._ring[count % SAMPLES] = sample
        self._count = count + 1

    def lose(self) -> None:
        """A ping found no answer."""
        if self._count == 0:
            self._ring = _EMPTY[:]
        self._ring[self._count % SAMPLES] = _LOST
        self._count += 1

    def fall_silent(self) -> None:
        """The target stopped answering; the history stays."""
        self.smoothed = None

    @property
    def newest(self) -> float | None:
        """The newest sample; None without one, and of a target that fell silent."""
        if self.smoothed is None:
            return None
        backwards = (self._ring[(self._count - back) % SAMPLES] for back in range(1, SAMPLES + 1))
        return next((sample for sample in backwards if not math.isnan(sample)), None)

    def loss(self) -> float | None:
        """The share (0 to 1) of pings in the history that were lost; None without history."""
        answered = SAMPLES - sum(map(math.isnan, self._ring))
        return 1 - answered / len(self) if self._count else None

    def percentiles(self, shares: Sequence[float]) -> list[float] | None:
        """For each share (0 to 1) the sample below which that much of the answers lies; None without answers."""
        ordered = sorted(sample for sample in self._ring if not math.isnan(sample))
        return [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in shares] if ordered else None
