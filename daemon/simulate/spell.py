"""Trouble by the clock: when it begins, how long it lasts, and whether it comes back. Pure.

Not here: what it does to anybody (`phone`, `trunk`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spell:
    """Begins `at` seconds from the start, `lasts` so many, and again `every` so many; infinity for once only."""

    at: float
    lasts: float
    every: float = math.inf

    def on(self, elapsed: float) -> bool:
        """Whether it is under way, so many seconds after the start."""
        since = elapsed - self.at
        return since >= 0 and since % self.every < self.lasts
