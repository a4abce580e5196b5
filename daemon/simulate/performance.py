"""A script while it is played: which turn comes next, and when. Pure.

Not here: what stands in a script (`characters`), what a turn does to a phone (`phone`).
"""

from __future__ import annotations

import math

from daemon.simulate.characters import Script, Turn


class Performance:
    """A script that begins at `begin`, played `pace` times slower than it is written."""

    __slots__ = ("_begin", "_cycle", "_next", "_pace", "_script")

    def __init__(self, script: Script, begin: float, pace: float) -> None:
        self._script = script
        self._begin = begin
        self._pace = pace
        self._cycle = 0
        self._next = 0

    def next_deadline(self) -> float:
        """When the next turn comes; infinity if none does."""
        script = self._script
        if not script.moments or (self._cycle and math.isinf(script.every)):
            return math.inf
        begin = self._cycle * script.every if self._cycle else 0.0
        return self._begin + self._pace * (begin + script.moments[self._next].at)

    def take(self) -> Turn:
        """The next turn, which is played now."""
        turn = self._script.moments[self._next].turn
        self._next += 1
        if self._next == len(self._script.moments):
            self._next = 0
            self._cycle += 1
        return turn
