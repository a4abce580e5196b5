"""Times in text."""

from __future__ import annotations

from daemon.scheduler.timestamps import rfc3339


def test_times_are_printed_in_utc_with_milliseconds() -> None:
    assert rfc3339(1_772_615_702.125) == "2026-03-04T09:15:02.125Z"
