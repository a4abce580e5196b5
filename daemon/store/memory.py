"""What the file remembers, read once at start. Not here: writing (`store`), the shape of a row (`rows`)."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from sqlalchemy import Table

from daemon.config.settings import Quality
from daemon.errors import StoreUnavailable
from daemon.fleet.calls import CallQuality
from daemon.fleet.records import Snapshot
from daemon.store import alarm_rows, operation_rows, rows, schema, statements
from daemon.store.call_rows import call_of
from daemon.store.database import Database
from daemon.store.file_rows import file_of
from daemon.store.outbox import OutboxMemory
from daemon.store.rows import Row

Noun = TypeVar("Noun")

# Of one window: the default of quality.max_calls. A fleet that remembers more begins a start with fewer.
MOST_CALLS: int = Quality.model_fields["max_calls"].default


@dataclass(frozen=True, slots=True)
class Memory:
    """The fleet as it was, and what is to be told."""

    snapshot: Snapshot
    outbox: OutboxMemory


async def load(database: Database, calls_since: float) -> Memory:
    """Everything but timelines and older calls, which are read when somebody asks.

    `StoreUnavailable` if a row makes no sense.
    """
    with _uncollected():
        snapshot = Snapshot(
            tenants=await _read(database, schema.tenants, rows.tenant_of),
            servers=await _read(database, schema.servers, rows.server_of),
            records=await _read(database, schema.devices, rows.device_of),
            states=await _read(database, schema.device_states, rows.state_of),
            alarms=await _read(database, schema.alarms, alarm_rows.alarm_of),
            shelves=await _read(database, schema.shelves, alarm_rows.shelf_of),
            alarms_recorded=(await database.fetch(statements.ALARMS_RECORDED))[0][0] or 0,
            numbers=await _read(database, schema.numbers, rows.number_of),
            requests=await _read(database, schema.requests, rows.request_of),
            operations=await _read(database, schema.operations, operation_rows.operation_of),
            operation_items=await _read(database, schema.operation_items, operation_rows.item_of),
            operators=await _read(database, schema.operators, rows.operator_of),
            connections=await _read(database, schema.connections, rows.connection_of),
            users=await _read(database, schema.users, rows.user_of),
            documents=_nouns(
                database, schema.documents, rows.document_of, await database.fetch(statements.CURRENT_DOCUMENTS)
            ),
            files=await _read(database, schema.files, file_of),
            file_versions=_nouns(
                database, schema.file_versions, rows.file_version_of, await database.fetch(statements.FILES_GIVEN)
            ),
            calls=await _recent_calls(database, calls_since),
            marks=MappingProxyType(dict(await _read(database, schema.marks, rows.mark_of))),
        )
        return Memory(snapshot, await _outbox(database))


async def _read(database: Database, table: Table, noun_of: Callable[[Row], Noun]) -> tuple[Noun, ...]:
    return _nouns(database, table, noun_of, await database.fetch(statements.select_all(table)))


async def _outbox(database: Database) -> OutboxMemory:
    waiting = _nouns(database, schema.outbox, alarm_rows.entry_of, await database.fetch(statements.WAITING))
    ((last_id,),) = await database.fetch(statements.LAST_ENTRY)
    given = {str(name): int(number) for name, number in await database.fetch(statements.GIVEN)}
    return OutboxMemory(waiting, last_id or 0, given)


async def _recent_calls(database: Database, since: float) -> tuple[CallQuality, ...]:
    found = await database.fetch(statements.RECENT_CALLS, since, MOST_CALLS, 0)
    return _nouns(database, schema.calls, call_of, found)


def _nouns(database: Database, table: Table, noun_of: Callable[[Row], Noun], found: Sequence[Row]) -> tuple[Noun, ...]:
    try:
        return tuple(map(noun_of, found))
    except (ValueError, KeyError, TypeError) as fault:
        raise StoreUnavailable(
            f"{database.path}: a row of the table {table.name} makes no sense ({fault}): put a backup in its place"
        ) from fault


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection: there is none to find among fresh nouns, and looking took a third of the time to load."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
