"""Long work on the loop, cut into slices so that sockets and timers get their turn in between.

Not here: what the work is; work that may run beside the loop belongs in a thread.
"""

from __future__ import annotations

from collections.abc import Callable

import trio


async def in_slices(step: Callable[[], bool]) -> None:
    """Call `step`, which does a slice, until it says that this was the last one."""
    while not step():
        await trio.lowlevel.checkpoint()
