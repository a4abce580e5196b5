"""One time axis."""

from __future__ import annotations

import trio
import trio.testing

from daemon.scheduler.clock import Clock, rfc3339


async def test_time_advances_with_trios_clock(autojump_clock: trio.testing.MockClock) -> None:
    clock = Clock(wall=1000.0)
    await trio.sleep(7200)
    assert round(clock.now() - 1000.0, 6) == 7200
    assert round(clock.trio_time(clock.now()) - trio.current_time(), 6) == 0


def test_times_are_printed_in_utc_with_milliseconds() -> None:
    assert rfc3339(1_772_615_702.125) == "2026-03-04T09:15:02.125Z"
