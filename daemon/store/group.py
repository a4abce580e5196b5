"""What is to be written in one transaction: the last word per key, and lists of what is only ever added.

Coalescing is what makes the store keep up: a phone that reported five times while the disk was busy costs one row.
The transaction first forgets dropped devices, then deletes and keeps by key, then appends; the outcome is the same
as that of the commands one by one. Pure: no disk, no time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any

from sqlalchemy import Table

from daemon.fleet.model import Mac, Transition
from daemon.fleet.notifications import End
from daemon.fleet.store_commands import (
    AppendTransition,
    DropAlarm,
    DropConnection,
    DropDevice,
    DropDocument,
    DropFileVersion,
    DropItem,
    DropOperation,
    DropOperator,
    DropRequest,
    DropShelf,
    DropStoredFile,
    DropTenant,
    DropUser,
    RecordAlarm,
    SaveAlarm,
    SaveCall,
    SaveConnection,
    SaveDevice,
    SaveDocument,
    SaveFileVersion,
    SaveItem,
    SaveLastSeen,
    SaveMark,
    SaveNumber,
    SaveOperation,
    SaveOperator,
    SaveRequest,
    SaveServer,
    SaveShelf,
    SaveState,
    SaveStoredFile,
    SaveTenant,
    SaveUser,
    Write,
)
from daemon.store import alarm_rows, call_rows, file_rows, operation_rows, rows, schema, statements
from daemon.store.alarm_rows import OutboxEntry
from daemon.store.rows import Row

Step = tuple[str, list[Row]]
"""One SQL statement and the rows it is to be carried out for."""

# Rows are made while their statement is next, this many at a time: 2 ms, after which sockets get their turn.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Keyed:
    """A table in which the last word for a key stands for all before it."""

    upsert: str
    delete: str
    row: Callable[[Any], Row]


def _keyed(table: Table, row: Callable[[Any], Row]) -> Keyed:
    (key,) = table.primary_key
    return Keyed(statements.upsert(table), statements.delete_by(table, key.name), row)


KEYED = {
    "tenants": _keyed(schema.tenants, rows.tenant_row),
    "servers": _keyed(schema.servers, rows.server_row),
    "devices": _keyed(schema.devices, rows.device_row),
    "device_states": _keyed(schema.device_states, rows.state_row),
    "numbers": _keyed(schema.numbers, rows.number_row),
    "alarms": _keyed(schema.alarms, alarm_rows.alarm_row),
    "alarm_history": _keyed(schema.alarm_history, alarm_rows.past_row),
    "shelves": _keyed(schema.shelves, alarm_rows.shelf_row),
    "requests": _keyed(schema.requests, rows.request_row),
    "operations": _keyed(schema.operations, operation_rows.operation_row),
    "operation_items": _keyed(schema.operation_items, operation_rows.item_row),
    "operators": _keyed(schema.operators, rows.operator_row),
    "users": _keyed(schema.users, rows.user_row),
    "documents": _keyed(schema.documents, rows.document_row),
    "files": _keyed(schema.files, file_rows.file_row),
    "file_versions": _keyed(schema.file_versions, rows.file_version_row),
    "connections": _keyed(schema.connections, rows.connection_row),
    "calls": _keyed(schema.calls, call_rows.call_row),
    "marks": _keyed(schema.marks, rows.mark_row),
}

# An order to keep something under its key -> the table, the thing in the order, and the key of the thing.
SAVES: dict[type[Write], tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = {
    SaveTenant: ("tenants", attrgetter("tenant"), attrgetter("name")),
    SaveFileVersion: ("file_versions", attrgetter("version"), attrgetter("id")),
    SaveServer: ("servers", attrgetter("server"), attrgetter("name")),
    SaveUser: ("users", attrgetter("user"), attrgetter("key")),
    SaveDevice: ("devices", attrgetter("record"), attrgetter("mac")),
    SaveDocument: ("documents", attrgetter("document"), attrgetter("id")),
    SaveStoredFile: ("files", attrgetter("file"), attrgetter("name")),
    SaveAlarm: ("alarms", attrgetter("alarm"), attrgetter("id")),
    RecordAlarm: ("alarm_history", attrgetter("past"), attrgetter("id")),
    SaveShelf: ("shelves", attrgetter("shelf"), attrgetter("id")),
    SaveNumber: ("numbers", attrgetter("entry"), attrgetter("number")),
    SaveRequest: ("requests", attrgetter("request"), attrgetter("id")),
    SaveOperation: ("operations", attrgetter("operation"), attrgetter("id")),
    SaveItem: ("operation_items", attrgetter("item"), attrgetter("key")),
    SaveOperator: ("operators", attrgetter("operator"), attrgetter("name")),
    SaveConnection: ("connections", attrgetter("state"), attrgetter("record.name")),
    SaveCall: ("calls", attrgetter("call"), attrgetter("id")),
}

# An order to forget something -> the table, and the key in the order.
DROPS: dict[type[Write], tuple[str, Callable[[Any], Any]]] = {
    DropTenant: ("tenants", attrgetter("name")),
    DropUser: ("users", attrgetter("key")),
    DropFileVersion: ("file_versions", attrgetter("id")),
    DropDocument: ("documents", attrgetter("id")),
    DropStoredFile: ("files", attrgetter("name")),
    DropAlarm: ("alarms", attrgetter("id")),
    DropShelf: ("shelves", attrgetter("id")),
    DropRequest: ("requests", attrgetter("id")),
    DropOperation: ("operations", attrgetter("id")),
    DropItem: ("operation_items", attrgetter("key")),
    DropOperator: ("operators", attrgetter("name")),
    DropConnection: ("connections", attrgetter("name")),
}

_FORGET = (
    KEYED["devices"].delete,
    KEYED["device_states"].delete,
    statements.delete_by(schema.requests, "mac"),
)
_GIVEN = statements.upsert(schema.receivers)


class Group:
    """Changes that become durable together."""

    def __init__(self) -> None:
        self.exempt = False  # as large as it is on purpose, and no sign that the disk does not keep up
        self._kept: dict[str, dict[Any, Any]] = {table: {} for table in KEYED}  # key -> noun, None: to be deleted
        self._forgotten: dict[Mac, None] = {}  # in order; a set would make two runs differ
        self._last_seen: dict[Mac, float] = {}
        self._transitions: deque[Transition] = deque()
        self._entries: dict[int, OutboxEntry] = {}  # by id
        self._newcomers: list[OutboxEntry] = []  # of these, those that the outbox was not given yet
        self._given: dict[str, int] = {}  # receiver -> the last number it was given
        self._left: dict[int, tuple[float, End]] = {}  # entry -> when and how it left the outbox

    def __len__(self) -> int:
        """How many changes wait here."""
        appended = len(self._transitions) + len(self._entries) + len(self._given) + len(self._left)
        return sum(map(len, self._kept.values())) + len(self._forgotten) + len(self._last_seen) + appended

    def newcomers(self) -> list[OutboxEntry]:
        """The notifications written here that were not asked for before, oldest first."""
        newcomers, self._newcomers = self._newcomers, []
        return newcomers

    def add(self, command: Write) -> None:
        """Take an order; it replaces what waited for the same key."""
        match command:
            case SaveState(state):
                self._last_seen.pop(state.mac, None)
                self._keep("device_states", state.mac, state)
            case SaveLastSeen(mac, last_seen):
                self._last_seen[mac] = last_seen
            case AppendTransition(transition):
                self._transitions.append(transition)
            case DropDevice(mac):
                self._forget(mac)
            case SaveMark(name, value):
                self._keep("marks", name, (name, value))
            case _ if drop := DROPS.get(type(command)):
                table, key_of = drop
                self._keep(table, key_of(command), None)
            case _:
                table, noun_of, key_of = SAVES[type(command)]
                noun = noun_of(command)
                self._keep(table, key_of(noun), noun)

    def notify(self, entries: Iterable[OutboxEntry]) -> None:
        """Write these notifications into the outbox, new ones or anew."""
        for entry in entries:
            self._entries[entry.id] = entry
            self._newcomers.append(entry)
            self._left.pop(entry.id, None)
            if entry.again_at is None:
                self._given[entry.receiver] = entry.number

    def leave(self, entry: int, at: float, end: End) -> None:
        """A notification is done with; its row stays, for the journal."""
        self._left[entry] = (at, end)

    def absorb(self, newer: Group) -> None:
        """Take over everything a later group holds, as if its commands had come here."""
        for mac in newer._forgotten:
            self._forget(mac)
        for mac in newer._kept["device_states"]:
            self._last_seen.pop(mac, None)
        for table, kept in newer._kept.items():
            self._kept[table].update(kept)
        self._last_seen.update(newer._last_seen)
        self._transitions.extend(newer._transitions)
        self._entries.update(newer._entries)
        self._newcomers += newer._newcomers
        self._given.update(newer._given)
        for entry in newer._entries:
            self._left.pop(entry, None)
        self._left.update(newer._left)

    def trim(self, most: int) -> int:
        """Let the oldest go of what is only ever added, beyond this bound each; how many. For a disk that refuses.

        These are steps of timelines, alarms that are over, and notifications that were told. Everything else is
        bounded: by the number of keys, and notifications that wait by the outbox.
        """
        steps = max(0, len(self._transitions) - most)
        for _ in range(steps):
            self._transitions.popleft()
        past = self._kept["alarm_history"]
        ended = list(islice(past, max(0, len(past) - most)))
        for alarm in ended:
            del past[alarm]
        told = [entry for entry in self._left if entry in self._entries]
        surplus = told[: max(0, len(told) - most)]
        for entry in surplus:
            del self._entries[entry], self._left[entry]
        return steps + len(ended) + len(surplus)

    def steps(self) -> Iterator[Step]:
        """The statements that write this group, rows ready, in an order that must be kept."""
        forgotten = [(mac,) for mac in self._forgotten]
        for delete in _FORGET:
            yield from _chunks(delete, forgotten, tuple)
        for table, keyed in KEYED.items():
            kept = self._kept[table]
            yield from _chunks(keyed.delete, (key for key, noun in kept.items() if noun is None), _alone)
            yield from _chunks(keyed.upsert, (noun for noun in kept.values() if noun is not None), keyed.row)
        yield from _chunks(statements.SET_LAST_SEEN, ((at, mac) for mac, at in self._last_seen.items()), tuple)
        yield from _chunks(statements.APPEND_TRANSITION, self._transitions, rows.transition_row)
        yield from _chunks(statements.APPEND_ENTRY, self._entries.values(), alarm_rows.entry_row)
        yield from _chunks(_GIVEN, self._given.items(), tuple)
        yield from _chunks(statements.LEAVE, ((at, end.value, entry) for entry, (at, end) in self._left.items()), tuple)

    def _keep(self, table: str, key: object, noun: object) -> None:
        self._kept[table][key] = noun

    def _forget(self, mac: Mac) -> None:
        self._forgotten[mac] = None
        self._last_seen.pop(mac, None)
        self._kept["devices"].pop(mac, None)
        self._kept["device_states"].pop(mac, None)
        requests = self._kept["requests"]
        for identity in [key for key, request in requests.items() if request is not None and request.mac == mac]:
            del requests[identity]


def _alone(key: object) -> Row:
    return (key,)


def _chunks(sql: str, nouns: Iterable[Any], row: Callable[[Any], Row]) -> Iterator[Step]:
    source = iter(nouns)
    while chunk := [row(noun) for noun in islice(source, CHUNK)]:
        yield sql, chunk
