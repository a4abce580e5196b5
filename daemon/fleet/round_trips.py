"""A phone's round trips: the newest, the smoothed one that LAGGED is judged on, and an hour of history.

The history is a ring of 60 single-precision samples, an hour at the default interval, 240 bytes a phone. When a
phone falls silent the newest and the smoothed value end with it: they would describe a path that may be gone. Not
here: what a round trip means for a state (`reachability`).
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

SAMPLES = 60


class RoundTrips:
    """Samples in seconds, newest overwriting oldest."""

    __slots__ = ("_next", "_ring", "newest", "smoothed")

    def __init__(self) -> None:
        self.newest: float | None = None
        self.smoothed: float | None = None
        self._ring = array("f")
        self._next = 0

    def __len__(self) -> int:
        return len(self._ring)

    def add(self, sample: float, weight: float) -> None:
        """Take a sample in; `weight` (0 to 1) is its share in the smoothed value."""
        self.newest = sample
        self.smoothed = sample if self.smoothed is None else self.smoothed + weight * (sample - self.smoothed)
        if len(self._ring) < SAMPLES:
            self._ring.append(sample)
            return
        self._ring[self._next] = sample
        self._next = (self._next + 1) % SAMPLES

    def fall_silent(self) -> None:
        """The phone stopped answering; the history stays."""
        self.newest = self.smoothed = None

    def percentiles(self, shares: Sequence[float]) -> list[float] | None:
        """For each share (0 to 1) the sample below which that much of the history lies; None without history."""
        ordered = sorted(self._ring)
        return [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in shares] if ordered else None
