"""How fast pings may leave: `qualify.max_rate` for all together, `qualify.site_rate` for the targets of one site.

Who may not go yet waits in line and goes first when its turn comes. Not here: when a target is due (`qualify`).
"""

from __future__ import annotations

import math

from daemon.config.settings import Qualify
from daemon.fleet.target import Target
from daemon.scheduler.pacing import TokenBucket

# How long those in line wait until they are looked at again: less than what may leave at once lasts, so that a line
# moves at the full rate.
PATIENCE = 0.04


class Pace:
    """The line of targets that are due."""

    def __init__(self, settings: Qualify) -> None:
        self._line: dict[Target, None] = {}
        self._sites: dict[str, TokenBucket] = {}
        self._look_again_at = math.inf
        self.apply(settings)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._line)

    def apply(self, settings: Qualify) -> None:
        """Go on with these settings; the line stays."""
        # A twentieth of a second's worth at once, 250 by default: many machines allow a socket 208 KiB of buffer only.
        self._all = TokenBucket(settings.max_rate, burst=max(1.0, settings.max_rate / 20))
        self._site_rate = settings.site_rate
        self._sites.clear()

    def next_deadline(self) -> float:
        """When those in line are to be looked at again; infinity if nobody waits."""
        return self._look_again_at if self._line else math.inf

    def admit(self, due: list[Target], now: float) -> list[Target]:
        """Who may be pinged now, of those that waited and those that are `due`; the others wait."""
        room = self._all.level(now)
        if self._line or len(due) > room or any(target.place for target in due):
            self._line.update(dict.fromkeys(due))
            due = self._first(room, now)
            self._look_again_at = now + PATIENCE
        self._all.spend(len(due))
        return due

    def forget(self, target: Target) -> None:
        """It is not to be pinged any more."""
        self._line.pop(target, None)

    def _first(self, room: int, now: float) -> list[Target]:
        """As many as there is room for, passing over those whose site has had its share."""
        admitted = list[Target]()
        for target in self._line:
            if len(admitted) == room:
                break
            if not target.place or self._of(target.place).take(now):
                admitted.append(target)
        for target in admitted:
            del self._line[target]
        return admitted

    def _of(self, site: str) -> TokenBucket:
        bucket = self._sites.get(site)
        if bucket is None:
            bucket = self._sites[site] = TokenBucket(self._site_rate, burst=max(1.0, self._site_rate / 2))
        return bucket
