"""Whether a receiver is told of an alarm: a decision with a named reason.

An alarm counts by the worst it has been. That never falls within one life, so its changes and its clear go wherever its
raise went; one that gets worse may reach a strict receiver first by a change. Pure. Not here: what a route is
(`daemon.config.route_settings`), the queues (`queue`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache

from daemon.config.route_settings import Route
from daemon.fleet.notifications import Alarm, Severity

# By what `minimum` says, the least severity that is sent. The lowest lets through whatever there is.
_LEAST = {
    "indeterminate": Severity.CLEARED,
    "warning": Severity.WARNING,
    "minor": Severity.MINOR,
    "major": Severity.MAJOR,
    "critical": Severity.CRITICAL,
}


class Routed(StrEnum):
    """Why a receiver is told, or is not."""

    QUEUED = "queued"
    TENANT = "another tenant's"
    SEVERITY = "below its minimum"
    NAME = "a name it does not want"


def routed(route: Route, alarm: Alarm) -> Routed:
    """What becomes of this alarm's notification at a receiver with that route."""
    if route.tenants and alarm.tenant not in route.tenants:
        return Routed.TENANT
    if worst(alarm) < _LEAST[route.minimum]:
        return Routed.SEVERITY
    return Routed.QUEUED if _wanted(route.names, alarm.name) else Routed.NAME


def known_to(route: Route, alarms: Iterable[Alarm]) -> Iterator[Alarm]:
    """Those of `alarms`, as they are now, that a receiver with that route was told of.

    One by one, since tens of thousands at once would hold up everybody else.
    """
    return (alarm for alarm in tuple(alarms) if alarm.known and routed(route, alarm) is Routed.QUEUED)


def worst(alarm: Alarm) -> Severity:
    """How bad an alarm has been; of one from a version that did not note it, how bad it is."""
    return max(alarm.peak, alarm.severity)


@lru_cache(maxsize=4096)  # names are few, and storms are large
def _wanted(patterns: tuple[str, ...], name: str) -> bool:
    """Fits one of the patterns, and none that begins with "!"; where all begin so, every other name is wanted."""
    fits = [pattern for pattern in patterns if not pattern.startswith("!")]
    taken_out = any(fnmatchcase(name, pattern[1:]) for pattern in patterns if pattern.startswith("!"))
    return not taken_out and (not fits or any(fnmatchcase(name, pattern) for pattern in fits))
