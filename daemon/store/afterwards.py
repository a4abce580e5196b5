"""Orders that leave only once everything ordered before them is durable.

A phone that is told to restart must never be told again because we forgot that it was told. So the mark that it was
asked is on the disk before the order leaves; a daemon that dies in between finds the mark and does not ask again, at
worst for nothing. While the disk refuses, these orders wait. Not here: which orders these are (`daemon.fleet`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import trio

from daemon.errors import StoreUnavailable
from daemon.fleet.commands import OnceStored, SendNotify
from daemon.fleet.phone_command import SendCommand

RETRY = 1.0  # seconds until the disk is asked again, which keeps what it refused and tries by itself


class Promise(Protocol):
    """That everything written so far will be durable (`daemon.store.store.Receipt`)."""

    async def wait(self) -> None:
        """Return when it is; `StoreUnavailable` if the disk refuses."""


class Afterwards:
    """A line of orders, each with the promise of what came before it."""

    def __init__(
        self, perform: Callable[[list[SendNotify | SendCommand]], object], receipt: Callable[[], Promise]
    ) -> None:
        """`receipt` gives a promise of all that is written by then."""
        self._perform = perform
        self._receipt = receipt
        # As many as there are devices at most, since each is asked for one thing at a time.
        self._enter, self._line = trio.open_memory_channel[tuple[OnceStored, Promise]](math.inf)

    def submit(self, order: OnceStored, receipt: Promise) -> None:
        """Let this leave as soon as `receipt` is kept."""
        self._enter.send_nowait((order, receipt))

    async def run(self) -> None:
        """Let orders leave, in their order, until cancelled."""
        async for order, receipt in self._line:
            await self._durable(receipt)
            self._perform([order.order])

    async def _durable(self, receipt: Promise) -> None:
        """A refused group is laid under the next one, so the next promise holds for it, too."""
        while True:
            try:
                return await receipt.wait()
            except StoreUnavailable:
                await trio.sleep(RETRY)
                receipt = self._receipt()
