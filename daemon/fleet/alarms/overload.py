"""Whether we keep up: signs with a limit to enter and a lower one to leave, both to be kept up for a while.

Not here: measuring (`daemon.observe.load`), the alarm (`daemon.fleet.server_events`).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from daemon.config.overload_settings import Overload
from daemon.fleet.events import LoadMeasured


class Verdict(StrEnum):
    """What a measurement means."""

    SAME = "as before"
    OVERLOADED = "overloaded for too long"
    CALM = "has kept up for long enough"


class OverloadWatch:
    """Remembers since when there have been signs, or none."""

    def __init__(self) -> None:
        self._busy_since: float | None = None
        self._calm_since: float | None = None

    def judge(self, load: LoadMeasured, settings: Overload, now: float, *, overloaded: bool) -> Verdict:
        """What follows from this measurement; `overloaded` is how it stood before."""
        if overloaded:
            self._busy_since = None
            calm = not any(_signs(load, settings, leaving=True))
            self._calm_since = (self._calm_since or now) if calm else None
            over = self._calm_since is not None and now - self._calm_since >= settings.calm
            return Verdict.CALM if over else Verdict.SAME
        self._calm_since = None
        busy = any(_signs(load, settings))
        self._busy_since = (self._busy_since or now) if busy else None
        too_long = self._busy_since is not None and now - self._busy_since >= settings.after
        return Verdict.OVERLOADED if too_long else Verdict.SAME


def described(load: LoadMeasured, settings: Overload) -> tuple[str, ...]:
    """What is above its limit now, for people."""
    return tuple(_signs(load, settings))


def _signs(load: LoadMeasured, settings: Overload, *, leaving: bool = False) -> Iterator[str]:
    late = settings.late_turns_clear if leaving else settings.late_turns
    turned_away = settings.turned_away_clear if leaving else settings.turned_away
    pending = settings.pending_clear if leaving else settings.pending
    if load.late_turns > late:
        yield f"{load.late_turns:.0%} of the loop's turns were late"
    if load.turned_away > turned_away:
        yield f"{load.turned_away:.1f} requests a second turned away"
    if load.pending > pending:
        yield f"{load.pending:.0%} of what may wait for the disk waits"
