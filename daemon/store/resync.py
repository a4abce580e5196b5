"""Queues again what a receiver was told, or should have been, in a span of time: with the numbers it had, in order.

Also what was let go by a full queue, or while the receiver was out of the configuration; not what waits anyway. What is
queued again is on the disk as such before it is sent. Not here: the queues (`outbox`), who may ask (the operators'
listener).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import trio

from daemon.errors import Refused
from daemon.store import statements
from daemon.store.afterwards import Promise
from daemon.store.alarm_rows import OutboxEntry, entry_of
from daemon.store.database import Database
from daemon.store.outbox import Outbox

CHUNK = 500  # rows at a time: some 15 ms, after which sockets get their turn


class Resyncs:
    """One at a time, so that none sees half of another."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        *,
        now: Callable[[], float],
        notify: Callable[[Iterable[OutboxEntry]], None],
        receipt: Callable[[], Promise],
    ) -> None:
        """`notify` has entries written and then admitted, `receipt` promises that all of that is done."""
        self._database = database
        self._outbox = outbox
        self._now = now
        self._notify = notify
        self._receipt = receipt
        self._one = trio.Lock()

    async def resync(self, receiver: str, since: float, until: float) -> int:
        """How many notifications of between these times are queued again.

        `Refused` if there is no such receiver, or no room for so many; `StoreUnavailable` if the disk refuses.
        """
        if receiver not in self._outbox.receivers:
            raise Refused(
                f"there is no receiver {receiver!r}; there are: {', '.join(self._outbox.receivers) or 'none'}"
            )
        async with self._one:
            await self._receipt().wait()  # what left a queue by now is known to the disk
            await self._check_room(receiver, since, until)
            return await self._queue(receiver, since, until)

    async def _check_room(self, receiver: str, since: float, until: float) -> None:
        ((told,),) = await self._database.fetch(statements.COUNT_TOLD, receiver, since, until)
        waiting, limit = self._outbox.waiting(receiver), self._outbox.limits.limit
        if told + waiting > limit:
            raise Refused(
                f"{told} notifications were given to {receiver} in that time, {waiting} wait, and outbox.limit is"
                f" {limit}: ask for a shorter time"
            )

    async def _queue(self, receiver: str, since: float, until: float) -> int:
        count, place = 0, (-math.inf, 0)
        while rows := await self._database.fetch(statements.TOLD, receiver, since, until, *place, CHUNK, 0):
            found = list(map(entry_of, rows))
            place = (found[-1].notification.at, found[-1].id)
            now = self._now()
            left = [replace(entry, again_at=now) for entry in found if not self._outbox.waits(receiver, entry.id)]
            self._notify(left)
            count += len(left)
        await self._receipt().wait()
        return count
