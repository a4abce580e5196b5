"""Notifications that managers have not been told of yet: one queue per manager, in order, durable.

An entry comes in here after its row is committed together with its alarm, and leaves when it was sent (trap) or
acknowledged (inform); then its row goes with the store's next group. So a kill at any moment may repeat a
notification, with the same sequence number, and never skips one.

The exception is a disk that refuses: then entries come in without a row, or nobody would hear of that very disk until
it works again. A kill in that time forgets them together with all else that was refused, and the next start gives
their sequence numbers away again. Not here: sending (`daemon.snmp.sender`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import trio

from daemon.fleet.notifications import Notification
from daemon.store.alarm_rows import OutboxEntry


@dataclass(frozen=True, slots=True)
class OutboxStatistics:
    """What went through, since start."""

    waiting: Mapping[str, int]  # per manager
    settled: int  # sent or acknowledged
    overflowed: int  # the oldest, let go because a manager's queue was full
    orphaned: int  # their manager was taken out of the configuration


class Outbox:
    """At most `limit` entries per manager; `unsend` is told the id of every entry whose row is no longer needed."""

    def __init__(self, rows: Sequence[OutboxEntry], limit: int, unsend: Callable[[int], None]) -> None:
        # By id, oldest first. Ordered, because a plain dict gets slow when it is emptied from its front.
        self._queues: dict[str, OrderedDict[int, OutboxEntry]] = {row.manager: OrderedDict() for row in rows}
        self._changed = trio.Event()  # replaced whenever it is set; managers are few, so all of them may look
        self._limit = limit
        self._unsend = unsend
        self._last_id = max((row.id for row in rows), default=0)
        self._settled = self._overflowed = self._orphaned = 0
        self._admitted = 0  # ids grow, so this one tells what was admitted
        self.admit(rows)

    async def next(self, manager: str) -> OutboxEntry:
        """The oldest unsettled entry for `manager`, which stays. Waits for one, even for a manager not known yet."""
        while not (queue := self._queues.get(manager)):
            await self._changed.wait()
        await trio.lowlevel.checkpoint()
        return next(iter(queue.values()))

    def settle(self, entry: OutboxEntry) -> None:
        """It was sent or acknowledged. Nothing happens if it went meanwhile, by overflow or with its manager."""
        queue = self._queues.get(entry.manager)
        if queue and queue.pop(entry.id, None):
            self._settled += 1
            self._unsend(entry.id)

    def apply(self, managers: Sequence[str], limit: int | None = None) -> None:
        """The managers (and the bound) have changed: new ones start empty, the rows of those gone are deleted."""
        self._limit = limit or self._limit
        for name in self._queues.keys() - set(managers):
            for identity in self._queues.pop(name):
                self._orphan(identity)
        for name in managers:
            self._bound(self._queues.setdefault(name, OrderedDict()))

    def address(self, notification: Notification) -> list[OutboxEntry]:
        """One entry per manager, to be committed and then admitted."""
        return [OutboxEntry(self._next_id(), manager, notification) for manager in self._queues]

    def admit(self, entries: Iterable[OutboxEntry]) -> None:
        """These may be sent. One that was admitted before, when the disk refused it, is not admitted again."""
        for entry in entries:
            if entry.id <= self._admitted:
                continue
            self._admitted = entry.id
            queue = self._queues.get(entry.manager)
            if queue is None:
                self._orphan(entry.id)
                continue
            queue[entry.id] = entry
            self._bound(queue)
        self._changed.set()
        self._changed = trio.Event()

    def statistics(self) -> OutboxStatistics:
        """What waits, and what became of the rest."""
        return OutboxStatistics(
            waiting={name: len(queue) for name, queue in self._queues.items()},
            settled=self._settled,
            overflowed=self._overflowed,
            orphaned=self._orphaned,
        )

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _bound(self, queue: OrderedDict[int, OutboxEntry]) -> None:
        while len(queue) > self._limit:
            identity, _ = queue.popitem(last=False)
            self._overflowed += 1
            self._unsend(identity)

    def _orphan(self, identity: int) -> None:
        self._orphaned += 1
        self._unsend(identity)
