"""A keyed set of deadlines that answers two questions: when is the next, and what is due by now?

A heap with lazy removal, after trio's `Deadlines`: setting a key again leaves the old entry in the heap, and it is
skipped when it surfaces. When stale entries outnumber live ones the heap is rebuilt, so its size stays below twice
the keys plus a constant; each rebuild is paid for by as many removals. Not here: any clock, any task.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

_SLACK = 1000  # trio's DEADLINE_HEAP_MIN_PRUNE_THRESHOLD: below it a rebuild is not worth its time


class Deadlines(Generic[Key]):
    """Times (seconds on the caller's axis) by key; at most one per key."""

    def __init__(self) -> None:
        self._at: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._count = 0  # breaks ties, so keys are never compared and equal times keep their order

    def __len__(self) -> int:
        return len(self._at)

    def __contains__(self, key: Key) -> bool:
        return key in self._at

    def get(self, key: Key) -> float | None:
        """When `key` is due, if it is set."""
        return self._at.get(key)

    def set(self, key: Key, at: float) -> None:
        """Make `key` due at `at`, instead of whenever it was; infinity means never."""
        if at == math.inf:
            self.cancel(key)
            return
        if self._at.get(key) == at:
            return  # its entry stands
        self._at[key] = at
        self._count += 1
        heappush(self._heap, (at, self._count, key))
        self._bound()

    def cancel(self, key: Key) -> None:
        """Forget `key`; nothing happens if it is not set."""
        if self._at.pop(key, None) is not None:
            self._bound()

    def next_deadline(self) -> float:
        """The earliest time in the set; infinity if it is empty."""
        heap, current = self._heap, self._at
        while heap and current.get(heap[0][2]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else math.inf

    def expire(self, now: float, limit: int = 1 << 30) -> list[Key]:
        """Remove and return the keys due by `now`, earliest first, `limit` at most (the rest stays due)."""
        heap, current, due = self._heap, self._at, list[Key]()
        while heap and heap[0][0] <= now and len(due) < limit:
            at, _, key = heappop(heap)
            if current.get(key) == at:
                del current[key]
                due.append(key)
        return due

    def _bound(self) -> None:
        if len(self._heap) > 2 * len(self._at) + _SLACK:
            self._prune()

    def _prune(self) -> None:
        """Keep one entry a key: one that came back to a former time has several that look alive."""
        alive = {entry[2]: entry for entry in self._heap if self._at.get(entry[2]) == entry[0]}
        self._heap = list(alive.values())
        heapify(self._heap)
