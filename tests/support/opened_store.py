"""A running store in a temporary folder, what it delivered, and ways to make the disk refuse."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trio
from sqlalchemy import event

from daemon.config.alarm_settings import Alarms, OutboxLimits
from daemon.config.block import DAY
from daemon.config.route_settings import Route
from daemon.config.settings import StoreLimits
from daemon.fleet.commands import Answer
from daemon.fleet.delivery import Delivery
from daemon.fleet.events import Event
from daemon.fleet.store_commands import StoreCommand
from daemon.scheduler.clock import Clock
from daemon.store.store import Store, open_store
from tests.support.waiting import becomes_true

QUICK = StoreLimits(retry=0.02, timeline_days=36_500, calls_days=36_500)  # so that nothing of 1970 is pruned
PATIENT = OutboxLimits(limit=1000, age=36_500 * DAY)  # nor too old to be told
FOREVER = Alarms(history_days=36_500)


class Taken:
    """What comes of an event nobody answers."""

    answer: Answer | None = None

    async def stored(self) -> None:
        """At once."""
        await trio.lowlevel.checkpoint()


@dataclass
class Fleet:
    """Remembers what it was told, and orders `then` of the store as the real one would raise an alarm."""

    store: Store
    told: list[Event] = field(default_factory=list)
    then: Sequence[StoreCommand] = ()

    def deliver(self, event: Event) -> Delivery:
        """An event, and at once what it leads to."""
        self.told.append(event)
        for command in self.then:
            self.store.submit(command)
        return Taken()


@asynccontextmanager
async def running(
    path: Path,
    receivers: Sequence[str] = ("a",),
    limits: StoreLimits = QUICK,
    *,
    outbox: OutboxLimits = PATIENT,
    alarms: Alarms = FOREVER,
) -> AsyncIterator[Fleet]:
    """A store that writes, and the fleet it talks to; every receiver is told everything."""
    routes = dict.fromkeys(receivers, Route())
    async with open_store(path, routes, limits, Clock(), outbox=outbox, alarms=alarms, calls_of=math.inf) as store:
        fleet = Fleet(store)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(store.run, fleet.deliver)
            yield fleet
            nursery.cancel_scope.cancel()


async def stored(store: Store, *commands: StoreCommand) -> None:
    """These are durable when this returns."""
    for command in commands:
        store.submit(command)
    await store.receipt().wait()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program holds the file for itself."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@asynccontextmanager
async def refusing(path: Path) -> AsyncIterator[None]:
    """The same beside a store that is in use: the lock is taken between two of its writes, without holding them up."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other:
        await becomes_true(lambda: _locks(other))
        yield
        other.execute("ROLLBACK")


def _locks(other: sqlite3.Connection) -> bool:
    try:
        other.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        return False
    return True


@contextmanager
def full(store: Store, path: Path, spare_pages: int = 8) -> Iterator[None]:
    """The file may grow by this little, as if the disk were full; for connections made from now on."""
    with closing(sqlite3.connect(path)) as other:
        (pages,) = other.execute("PRAGMA page_count").fetchone()
    engine = store._database._engine.sync_engine  # the one way to fill a disk without root

    def bound(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages + spare_pages}")

    event.listen(engine, "connect", bound)
    try:
        yield
    finally:
        event.remove(engine, "connect", bound)


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    """What another program reads from the file."""
    with closing(sqlite3.connect(path)) as other:
        return other.execute(sql).fetchall()
