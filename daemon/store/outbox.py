"""Notifications that receivers have not been told of yet: one queue per receiver, in order, durable.

A receiver is whoever takes notifications: an SNMP manager or another output. It is told what its route lets through,
numbered without a gap by a count of its own, which goes on over restarts. An entry comes in here after its row is
committed together with its alarm, and leaves when it was sent (trap) or acknowledged (inform); then its row is marked
with the store's next group, and stays as a journal. So a kill at any moment may repeat a notification, with the same
number, and never skips one. What a full or old queue lets go is counted, and marked in the journal likewise.

The exception is a disk that refuses: then entries come in without a row, or nobody would hear of that very disk until
it works again. A kill in that time forgets them together with all else that was refused, and the next start gives
their numbers away again. Not here: sending (`daemon.snmp.sending.sender`), which entry goes first (`queue`), who hears
(`routing`), the alarm about a queue that fills (`outbox_watch`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import trio

from daemon.config.alarm_settings import OutboxLimits
from daemon.config.route_settings import Route
from daemon.fleet.notifications import End, Notification
from daemon.store.alarm_rows import OutboxEntry
from daemon.store.queue import Queue
from daemon.store.routing import Routed, routed, worst

# The mark from which the numbers of a receiver go on that has none of its own: it was told everything before there
# were such numbers.
ANYBODY = ""


@dataclass(frozen=True, slots=True)
class OutboxMemory:
    """What the disk remembers: the entries that wait, oldest first, the last id of all, and each receiver's number."""

    waiting: Sequence[OutboxEntry] = ()
    last_id: int = 0
    given: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutboxStatistics:
    """What went through, since start, but for `waiting`, `oldest` and `given`, which are as of now.

    `oldest` is since when the oldest waits, `given` the last number; `dropped` counts by receiver and severity what
    was let go for want of room or for its age, `routed` by receiver and reason what became of every notification.
    """

    waiting: Mapping[str, int]
    oldest: Mapping[str, float]
    given: Mapping[str, int]
    left: Mapping[End, int]
    dropped: Mapping[tuple[str, str], int]
    routed: Mapping[tuple[str, Routed], int]
    again: int  # queued again by a resync


class Outbox:
    """The queues; `leave` is told the id of every entry that is done with, and how it ended."""

    def __init__(self, memory: OutboxMemory, limits: OutboxLimits, leave: Callable[[int, End], None]) -> None:
        self._limits = limits
        self._leave = leave
        self._routes: Mapping[str, Route] = {}
        self._given = dict(memory.given)
        self._last_id = memory.last_id
        self._changed = trio.Event()  # replaced whenever it is set; receivers are few, so all of them may look
        self._left: Counter[End] = Counter(dict.fromkeys(End, 0))
        self._dropped: Counter[tuple[str, str]] = Counter()
        self._routed: Counter[tuple[str, Routed]] = Counter()
        self._again = 0
        self._queues: dict[str, Queue] = {entry.receiver: Queue() for entry in memory.waiting}
        for entry in sorted(memory.waiting, key=lambda entry: entry.again_at is not None):
            self._queues[entry.receiver].add(entry)

    @property
    def limits(self) -> OutboxLimits:
        """The bounds in force."""
        return self._limits

    async def next(self, receiver: str) -> OutboxEntry:
        """The oldest unsettled entry for `receiver`, which stays. Waits for one, even for a receiver not known yet."""
        while not ((queue := self._queues.get(receiver)) and (entry := queue.first())):
            await self._changed.wait()
        await trio.lowlevel.checkpoint()
        return entry

    def head(self, receiver: str, most: int) -> list[OutboxEntry]:
        """The oldest unsettled entries for `receiver`, in order, which stay; none if there are none."""
        queue = self._queues.get(receiver)
        return queue.head(most) if queue else []

    def settle(self, entry: OutboxEntry) -> None:
        """It was sent or acknowledged. Nothing happens if it went meanwhile, by overflow or with its receiver."""
        queue = self._queues.get(entry.receiver)
        if queue and queue.remove(entry.id):
            self._end(entry.id, End.SETTLED)

    def apply(self, receivers: Mapping[str, Route], limits: OutboxLimits | None = None) -> None:
        """Receivers, routes or bounds have changed: what waited for those gone ends, new ones start empty."""
        self._routes = receivers
        self._limits = limits or self._limits
        for name in self._queues.keys() - receivers.keys():
            for identity in self._queues.pop(name).ids():
                self._end(identity, End.ORPHANED)
        for name in receivers:
            queue = self._queues.setdefault(name, Queue())
            while len(queue) > self._limits.limit:
                self._drop(name, *queue.shed())

    def address(self, notification: Notification) -> list[OutboxEntry]:
        """One entry per receiver whose route it fits, to be committed and then admitted."""
        return [
            self._entry(name, notification)
            for name, route in self._routes.items()
            if self._count(name, routed(route, notification.alarm)) is Routed.QUEUED
        ]

    def admit(self, entries: Iterable[OutboxEntry]) -> None:
        """These may be sent, new ones and those that are to be sent again."""
        for entry in entries:
            queue = self._queues.get(entry.receiver)
            if queue is None:
                self._end(entry.id, End.ORPHANED)
            elif entry.id not in queue:
                self._again += entry.again_at is not None
                queue.add(entry)
                if len(queue) > self._limits.limit:
                    self._drop(entry.receiver, *queue.shed())
        self._changed.set()
        self._changed = trio.Event()

    def waits(self, receiver: str, identity: int) -> bool:
        """Whether that entry waits now."""
        return identity in self._queues.get(receiver, ())

    def waiting(self, receiver: str) -> int:
        """How many entries wait for the receiver."""
        return len(self._queues.get(receiver, ()))

    def oldest(self, receiver: str) -> float | None:
        """Since when the oldest of the receiver's entries waits."""
        queue = self._queues.get(receiver)
        return queue.oldest() if queue else None

    def expire(self, now: float) -> None:
        """Let go what has waited too long."""
        for name, queue in self._queues.items():
            self._drop(name, End.AGED, queue.aged(now - self._limits.age))

    @property
    def receivers(self) -> tuple[str, ...]:
        """Whoever is told of alarms now."""
        return tuple(self._routes)

    def losses(self) -> Counter[str]:
        """How many entries of each receiver were let go since start."""
        lost: Counter[str] = Counter()
        for (receiver, _), count in self._dropped.items():
            lost[receiver] += count
        return lost

    def statistics(self) -> OutboxStatistics:
        """What waits, and what became of the rest."""
        oldest = {name: queue.oldest() for name, queue in self._queues.items()}
        return OutboxStatistics(
            waiting={name: len(queue) for name, queue in self._queues.items()},
            oldest={name: since for name, since in oldest.items() if since is not None},
            given={name: self.last_number(name) for name in self._routes},
            left=dict(self._left),
            dropped=dict(self._dropped),
            routed=dict(self._routed),
            again=self._again,
        )

    def _entry(self, receiver: str, notification: Notification) -> OutboxEntry:
        self._last_id += 1
        self._given[receiver] = number = self.last_number(receiver) + 1
        return OutboxEntry(self._last_id, receiver, number, notification)

    def last_number(self, receiver: str) -> int:
        """The last number that the receiver was given."""
        return self._given.get(receiver, self._given.get(ANYBODY, 0))

    def _count(self, receiver: str, reason: Routed) -> Routed:
        self._routed[receiver, reason] += 1
        return reason

    def _drop(self, receiver: str, end: End, entries: Iterable[OutboxEntry]) -> None:
        for entry in entries:
            self._dropped[receiver, worst(entry.notification.alarm).name.lower()] += 1
            self._end(entry.id, end)

    def _end(self, identity: int, end: End) -> None:
        self._left[end] += 1
        self._leave(identity, end)
