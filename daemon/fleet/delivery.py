"""What an edge gets back for an event it delivered. Shapes only; `daemon.switchboard` makes them.

`stored()` is the promise that lets an edge say yes to a peer: nothing is acknowledged before it returns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from daemon.fleet.commands import Answer
from daemon.fleet.events import Event


class Delivery(Protocol):
    """What came of one event."""

    @property
    def answer(self) -> Answer | None:
        """What the deliverer is to be told, if the fleet said anything."""

    async def stored(self) -> None:
        """Return when all the event caused is durable; `StoreUnavailable` if the disk does not take it."""


Deliver = Callable[[Event], Delivery]
