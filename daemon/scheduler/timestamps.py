"""How a time of the program's axis is written for people and other programs: RFC 3339, UTC. Not here: any clock."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(at: float) -> str:
    """A time of the axis as text, e.g. 2026-03-04T09:15:02.125Z."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
