"""Durations as operators write them: `200ms`, `30s`, `5m`, `1h30m`, `2d`, `never`. Seconds as floats inside.

Not here: any default; those stand in `settings`.
"""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+\Z")


def parse_duration(value: object) -> float:
    """Duration text -> seconds; `never` -> infinity. `ValueError` with a hint for everything else.

    Bare numbers are refused: `interval: 60` has meant minutes in one peer and seconds in the next.
    """
    if isinstance(value, float) and not isinstance(value, bool):
        return value  # a default, already in seconds; YAML never gets here with a float that means something else
    if value == "never":
        return math.inf
    if not isinstance(value, str) or not _WHOLE.match(value):
        raise ValueError("not a duration: write it like 200ms, 30s, 5m, 1h30m, 2d or never")
    return sum(float(amount) * _UNITS[unit] for amount, unit in _PART.findall(value))


def format_duration(seconds: float) -> str:
    """Seconds -> the shortest text that `parse_duration` reads back as the same whole milliseconds."""
    if math.isinf(seconds):
        return "never"
    rest = round(seconds * 1000)
    text = ""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


Duration = Annotated[float, BeforeValidator(parse_duration)]
