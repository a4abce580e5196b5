"""The storm limit: how many alarms of phones are told at once, and who waits for their turn.

A token bucket of `alarms.storm_burst`, filled with `alarms.storm_rate` a second, and a queue in the order of arrival;
nobody overtakes whoever waits. Not here: what alarm says that there is a storm (`book`).
"""

from __future__ import annotations

import math

from daemon.config.alarm_settings import Alarms
from daemon.scheduler.pacing import TokenBucket

# Seconds between two looks at the queue; a turn with several costs less than one for each.
_PAUSE = 1.0


class Storm:
    """The bucket and the queue of ids."""

    def __init__(self, settings: Alarms) -> None:
        self.waiting: dict[str, None] = {}
        self._looks_at = math.inf
        self.apply(settings)

    def apply(self, settings: Alarms) -> None:
        """Go on with these settings, with a full bucket."""
        self._bucket = TokenBucket(settings.storm_rate, settings.storm_burst)
        self._pause = max(_PAUSE, 1 / settings.storm_rate)

    def admits(self, now: float) -> bool:
        """Whether one more may be told at once; it takes its token."""
        return not self.waiting and self._bucket.take(now)

    def queue(self, alarm_id: str, now: float) -> None:
        """It has to wait for its turn."""
        self.waiting[alarm_id] = None
        self.look(now)

    def look(self, now: float) -> None:
        """Look at the queue after the usual pause."""
        self._looks_at = min(self._looks_at, now + self._pause)

    def leave(self, alarm_id: str) -> None:
        """It waits no longer."""
        self.waiting.pop(alarm_id, None)

    def next_deadline(self) -> float:
        """When the queue is looked at again."""
        return self._looks_at

    def turns(self, now: float, limit: int) -> list[str]:
        """Whose turn it is, if it is time to look: taken out of the queue, with a token for each."""
        if now < self._looks_at:
            return []
        level = min(self._bucket.level(now), limit, len(self.waiting))
        self._bucket.spend(level)
        due = [alarm_id for alarm_id, _ in zip(self.waiting, range(level), strict=False)]
        for alarm_id in due:
            del self.waiting[alarm_id]
        self._looks_at = now + self._pause if self.waiting else math.inf
        return due
