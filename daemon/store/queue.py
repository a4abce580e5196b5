"""What waits for one receiver, in order, and what of it goes first when there is no room.

Everything is found by dictionary, so a queue of 150,000 costs no more per step than an empty one. Three orders are kept
of the same entries: that of telling, that of importance, and which alarms are over while all of them still waits. Pure.
Not here: disk, receivers that come and go (`outbox`), when there is no room (`outbox`).
"""

from __future__ import annotations

from collections import OrderedDict
from heapq import heappop, heappush
from itertools import islice

from daemon.fleet.alarms.catalogue import OUTBOX_FILLING
from daemon.fleet.notifications import End, Occasion, Severity
from daemon.store.alarm_rows import OutboxEntry
from daemon.store.routing import worst

# The alarm that a queue fills must not be what is let go because it fills, so it ranks above every severity.
_KEPT = max(Severity) + 1


class Queue:
    """The entries of one receiver: new ones in order of their ids, and those that are to be sent again."""

    def __init__(self) -> None:
        # Ordered, because a plain dict gets slow when it is emptied from its front.
        self._new: OrderedDict[int, OutboxEntry] = OrderedDict()
        self._again: dict[int, OutboxEntry] = {}
        self._again_order: list[int] = []  # a heap of ids, also of some that left meanwhile
        self._ranks: tuple[OrderedDict[int, OutboxEntry], ...] = tuple(OrderedDict() for _ in range(_KEPT + 1))
        # Alarm -> the ids of what waits of its present life, raise first; it is forgotten once one of them left.
        self._lives: dict[str, list[int]] = {}
        self._over: OrderedDict[int, list[int]] = OrderedDict()  # the same of lives that ended, by their raise
        self._raise_of: dict[int, int] = {}  # an entry in `_over` -> its raise

    def __len__(self) -> int:
        return len(self._new) + len(self._again)

    def __contains__(self, identity: int) -> bool:
        return identity in self._new or identity in self._again

    def add(self, entry: OutboxEntry) -> None:
        """The entry waits; new ones come in order of their ids, those to be sent again take the place of theirs."""
        rank = _rank(entry)
        self._ranks[rank][entry.id] = entry
        if entry.again_at is None:
            self._new[entry.id] = entry
            if rank != _KEPT:
                self._live(entry)
        else:
            self._again[entry.id] = entry
            heappush(self._again_order, entry.id)

    def first(self) -> OutboxEntry | None:
        """The one to be told next, which stays. From now on it may be on its way, so it is not taken back in pairs."""
        while self._again_order and self._again_order[0] not in self._again:
            heappop(self._again_order)
        identity = next(iter(self._new), None)
        if self._again_order and (identity is None or self._again_order[0] < identity):
            entry = self._again[self._again_order[0]]
        elif identity is None:
            return None
        else:
            entry = self._new[identity]
        self._unlive(entry)
        return entry

    def head(self, most: int) -> list[OutboxEntry]:
        """Up to `most` that are to be told next, in order; they stay, as with `first`."""
        again: dict[int, OutboxEntry] = {}
        while self._again_order and len(again) < most:
            identity = heappop(self._again_order)
            if identity in self._again:
                again[identity] = self._again[identity]
        for identity in again:
            heappush(self._again_order, identity)
        ids = sorted([*again, *islice(self._new, most)])[:most]
        entries = [again.get(identity) or self._new[identity] for identity in ids]
        for entry in entries:
            self._unlive(entry)
        return entries

    def remove(self, identity: int) -> OutboxEntry | None:
        """The entry leaves, if it is there."""
        entry = self._again.pop(identity, None) or self._new.pop(identity, None)
        if entry is not None:
            del self._ranks[_rank(entry)][identity]
            self._unlive(entry)
        return entry

    def shed(self) -> tuple[End, list[OutboxEntry]]:
        """Make room: a whole alarm that is over before its receiver heard of it, else the oldest of the least bad."""
        if self._over:
            _, life = next(iter(self._over.items()))
            gone = [self.remove(identity) for identity in list(life)]
            return End.OVER, [entry for entry in gone if entry]
        least = next(rank for rank in self._ranks if rank)
        entry = self.remove(next(iter(least)))
        return End.OVERFLOWED, [entry] if entry else []

    def aged(self, before: float) -> list[OutboxEntry]:
        """Take out what has waited since before then. Within a rank it waits in the order of its times."""
        gone = []
        for rank in self._ranks[:_KEPT]:
            while rank and (entry := next(iter(rank.values()))).since < before:
                self.remove(entry.id)
                gone.append(entry)
        return gone

    def oldest(self) -> float | None:
        """Since when the oldest waits."""
        return min((next(iter(rank.values())).since for rank in self._ranks if rank), default=None)

    def ids(self) -> list[int]:
        """Of all that waits."""
        return [*self._new, *self._again]

    def _live(self, entry: OutboxEntry) -> None:
        alarm, occasion = entry.notification.alarm.id, entry.notification.occasion
        if occasion is Occasion.RAISED:
            self._lives[alarm] = [entry.id]
        elif life := self._lives.get(alarm):
            life.append(entry.id)
            if occasion is Occasion.CLEARED:
                del self._lives[alarm]
                self._over[life[0]] = life
                self._raise_of.update(dict.fromkeys(life, life[0]))

    def _unlive(self, entry: OutboxEntry) -> None:
        """Part of its alarm is told, or may be: the rest is owed."""
        alarm = entry.notification.alarm.id
        life = self._lives.get(alarm)
        if life and life[0] <= entry.id:
            del self._lives[alarm]
        if entry.id in self._raise_of:
            for identity in self._over.pop(self._raise_of[entry.id]):
                del self._raise_of[identity]


def _rank(entry: OutboxEntry) -> int:
    alarm = entry.notification.alarm
    return _KEPT if alarm.name == OUTBOX_FILLING.name else worst(alarm)
