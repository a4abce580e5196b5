"""One time axis."""

from __future__ import annotations

import trio
import trio.testing

from daemon.scheduler.clock import Clock


async def test_time_advances_with_trios_clock(autojump_clock: trio.testing.MockClock) -> None:
    clock = Clock(wall=1000.0)
    await trio.sleep(7200)
    assert round(clock.now() - 1000.0, 6) == 7200
    assert round(clock.trio_time(clock.now()) - trio.current_time(), 6) == 0
