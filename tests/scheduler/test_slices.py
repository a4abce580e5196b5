"""Work that is cut into slices."""

from __future__ import annotations

from itertools import count

import trio

from daemon.scheduler.slices import in_slices


async def test_others_get_their_turn_between_two_slices() -> None:
    turns, slices = count(), list[int]()

    async def others() -> None:
        while True:
            next(turns)
            await trio.lowlevel.checkpoint()

    def step() -> bool:
        slices.append(next(turns))
        return len(slices) == 3

    async with trio.open_nursery() as nursery:
        nursery.start_soon(others)
        await in_slices(step)
        nursery.cancel_scope.cancel()
    assert len(slices) == 3
    assert slices[-1] > 2  # somebody else counted, too
