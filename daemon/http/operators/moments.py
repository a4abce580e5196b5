"""Times as operators write them to the API: RFC 3339 with a zone, or for what is past also so long ago (`2h`).

Every reader collects what is wrong as a fault under the parameter's name. Not here: how times are shown (`views`).
"""

from __future__ import annotations

import math
from datetime import datetime

from daemon.config.durations import parse_duration
from daemon.http.operators.problems import ProblemFault

# What lies outside cannot be shown any more once a duration is added to it.
_FIRST_YEAR, _LAST_YEAR = 1970, 2999


def read_moment(text: str, key: str, faults: list[ProblemFault]) -> float | None:
    """A time -> UTC seconds; None for "", and with a fault for everything else."""
    if not text:
        return None
    found = _seconds(text)
    if found is None:
        hint = "like 2027-01-31T22:00:00+01:00"
        faults.append(ProblemFault(key=key, wrong="not a time with its zone", hint=hint))
    return found


def read_past_moment(text: str, key: str, now: float, faults: list[ProblemFault]) -> float | None:
    """A time, or how long ago it was -> UTC seconds; None for "", and with a fault for everything else."""
    if not text:
        return None
    found = _seconds(text)
    if found is None:
        found = _ago(text, now)
    if found is None:
        hint = "like 2027-01-31T22:00:00+01:00, or 2h for two hours ago"
        faults.append(ProblemFault(key=key, wrong="neither a time with its zone nor a duration", hint=hint))
    return found


def read_length(text: str, key: str, faults: list[ProblemFault]) -> float | None:
    """A duration that ends -> seconds; None for "", and with a fault for everything else."""
    if not text:
        return None
    try:
        length = parse_duration(text)
    except ValueError as error:
        faults.append(ProblemFault(key=key, wrong=str(error)))
        return None
    if math.isinf(length):
        faults.append(ProblemFault(key=key, wrong="it has to end", hint="like 30m, 2h or 2d"))
        return None
    return length


def _seconds(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None
    return moment.timestamp()


def _ago(text: str, now: float) -> float | None:
    try:
        return max(0.0, now - parse_duration(text))
    except ValueError:
        return None
