"""Waiting for something that real sockets bring about: looked for again and again, within a bound, never slept for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

Seen = TypeVar("Seen")

PATIENCE = 30.0  # seconds; a busy machine may take many times what an idle one does
_PAUSE = 0.02


async def becomes_true(condition: Callable[[], bool], within: float = PATIENCE) -> None:
    """Return as soon as `condition` holds."""
    with trio.fail_after(within):
        while not condition():  # noqa: ASYNC110 - what is looked at are plain records, without events
            await trio.sleep(_PAUSE)


async def until(look: Callable[[], Awaitable[Seen]], fits: Callable[[Seen], bool], within: float = PATIENCE) -> Seen:
    """What `look` sees, as soon as it fits; what it saw last stands in the failure."""
    seen = await look()
    with trio.move_on_after(within):
        while not fits(seen):
            await trio.sleep(_PAUSE)
            seen = await look()
    assert fits(seen), f"after {within} s it is still: {seen}"
    return seen
