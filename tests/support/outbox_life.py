"""An outbox with its groups and its table in memory, beside a plain record of what every receiver should hear."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, cast

import sqlalchemy
import trio

from daemon.config.alarm_settings import OutboxLimits
from daemon.config.route_settings import Route
from daemon.errors import Refused
from daemon.fleet.notifications import End, Notification, Occasion, Severity
from daemon.store import alarm_rows, schema, statements
from daemon.store.alarm_rows import OutboxEntry
from daemon.store.database import Database
from daemon.store.group import Group
from daemon.store.outbox import Outbox, OutboxMemory
from daemon.store.resync import Resyncs
from tests.support.notifications import an_alarm

ROUTES = {"all": Route(), "worst": Route(minimum="critical")}
LIMIT = 6


@dataclass
class Record:
    """What one receiver was addressed, by number, and which of that waits; the rest it heard, or it was let go."""

    addressed: dict[int, int] = field(default_factory=dict)  # number -> sequence, which is its time, too
    waiting: set[int] = field(default_factory=set)


def tables() -> sqlite3.Connection:
    """All tables in memory, without Alembic."""
    connection = sqlite3.connect(":memory:")
    dialect = sqlalchemy.create_mock_engine("sqlite://", lambda statement, *_: connection.execute(str(statement)))
    schema.METADATA.create_all(dialect, checkfirst=False)
    return connection


class OutboxLife:
    """Steps that may come in any order; each checks what it did against the record."""

    def __init__(self) -> None:
        self._disk = tables()
        self._sequence = 0
        self.records = {name: Record() for name in ROUTES}
        self._durable = deepcopy(self.records)
        self.dropped = dict.fromkeys(ROUTES, 0)
        self._group = Group()
        self._open()

    def notify(self, source: str, occasion: Occasion, peak: Severity) -> None:
        """Something is to be told."""
        self._sequence += 1
        severity = Severity.CLEARED if occasion is Occasion.CLEARED else peak
        alarm = replace(an_alarm(source=source, severity=severity), peak=peak)
        notification = Notification(self._sequence, float(self._sequence), alarm, occasion=occasion)
        entries = self._outbox.address(notification)
        expected = [name for name in ROUTES if name == "all" or peak is Severity.CRITICAL]
        assert [entry.receiver for entry in entries] == expected
        for entry in entries:
            record = self.records[entry.receiver]
            assert entry.number == len(record.addressed) + 1
            record.addressed[entry.number] = self._sequence
        self._group.notify(entries)

    def commit(self) -> None:
        """The disk takes the open group."""
        group, self._group = self._group, Group()
        for sql, values in group.steps():
            self._disk.executemany(sql, values)
        self._admit(group)
        self._durable = deepcopy(self.records)
        for sql, values in self._group.steps():  # what overflowed by that
            self._disk.executemany(sql, values)
        self._group = Group()

    def refuse(self) -> None:
        """The disk refuses it."""
        group, self._group = self._group, Group()
        self._admit(group)
        group.absorb(self._group)
        self._group = group

    def take(self, receiver: str) -> None:
        """The receiver takes the next one, if there is one: the lowest of what waits."""
        waiting = self.records[receiver].waiting
        if not waiting:
            assert self._outbox.waiting(receiver) == 0
            return
        entry = trio.run(self._outbox.next, receiver)
        assert entry.number == min(waiting)
        assert entry.notification.sequence == self.records[receiver].addressed[entry.number]
        self._outbox.settle(entry)
        self._outbox.settle(entry)
        assert entry.number not in waiting

    def resync(self, receiver: str, back: int, length: int) -> None:
        """An operator has so many sent again, from so many back."""
        self.commit()
        since = self._sequence - back
        until = since + length
        record = self.records[receiver]
        asked = {number for number, sequence in record.addressed.items() if since <= sequence <= until}
        before = set(record.waiting)
        if len(asked - before) + len(before) > LIMIT:
            self._refused(receiver, since, until, len(asked - before))
            return
        assert trio.run(self._resyncs.resync, receiver, float(since), float(until)) == len(asked - before)
        assert record.waiting == before | asked

    def kill(self) -> None:
        """The daemon dies with whatever was not on the disk, and starts again."""
        self.records = deepcopy(self._durable)
        self._sequence = max((max(r.addressed.values(), default=0) for r in self.records.values()), default=0)
        self._open()
        for name, record in self.records.items():
            assert self._outbox.waiting(name) == len(record.waiting)

    def lost(self) -> dict[str, int]:
        """How many entries of each receiver the journal says were let go and never asked for again."""
        sql = "SELECT receiver, count(*) FROM outbox WHERE \"end\" IN ('overflowed', 'over', 'aged') GROUP BY 1"
        return dict.fromkeys(ROUTES, 0) | dict(self._disk.execute(sql).fetchall())

    def settled(self, receiver: str) -> set[int]:
        """The numbers that the journal says were told."""
        sql = "SELECT number FROM outbox WHERE receiver = ? AND \"end\" = 'settled'"
        return {number for (number,) in self._disk.execute(sql, (receiver,))}

    def close(self) -> None:
        """Nothing more."""
        self._disk.close()

    def _open(self) -> None:
        waiting = list(map(alarm_rows.entry_of, self._disk.execute(statements.WAITING).fetchall()))
        ((last_id,),) = self._disk.execute(statements.LAST_ENTRY).fetchall()
        given = dict(self._disk.execute(statements.GIVEN).fetchall())
        self._group = Group()
        self._receivers = {entry.id: (entry.receiver, entry.number) for entry in waiting}
        limits = OutboxLimits.model_construct(limit=LIMIT)
        self._outbox = Outbox(OutboxMemory(waiting, last_id or 0, given), limits, self._leave)
        self._outbox.apply(ROUTES)
        self._resyncs = Resyncs(
            cast("Database", self), self._outbox, now=lambda: 1.0, notify=self._again, receipt=lambda: self
        )

    def _admit(self, group: Group) -> None:
        newcomers = group.newcomers()
        for entry in newcomers:
            self._receivers[entry.id] = (entry.receiver, entry.number)
            self.records[entry.receiver].waiting.add(entry.number)
        self._outbox.admit(newcomers)

    def _leave(self, identity: int, end: End) -> None:
        receiver, number = self._receivers[identity]
        self.records[receiver].waiting.remove(number)
        self.dropped[receiver] += end in (End.OVERFLOWED, End.OVER)
        self._group.leave(identity, 1.0, end)

    def _again(self, entries: Iterable[OutboxEntry]) -> None:
        self._group.notify(entries)

    def _refused(self, receiver: str, since: int, until: int, count: int) -> None:
        try:
            trio.run(self._resyncs.resync, receiver, float(since), float(until))
        except Refused as refused:
            assert f"{count} notifications were given" in str(refused)  # noqa: PT017 - inside trio.run
        else:
            raise AssertionError("there is no room for so many")

    async def wait(self) -> None:
        """The receipt of the open group."""
        self.commit()
        await trio.lowlevel.checkpoint()

    async def fetch(self, sql: str, *values: Any) -> Sequence[tuple[Any, ...]]:
        """The rows of a SELECT."""
        await trio.lowlevel.checkpoint()
        return self._disk.execute(sql, values).fetchall()
