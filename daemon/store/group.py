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
from typing import Any, assert_never

from sqlalchemy import Table

from daemon.fleet.commands import (
    AppendTransition,
    DropAlarm,
    DropConnection,
    DropDevice,
    DropOperator,
    DropRequest,
    SaveAlarm,
    SaveCall,
    SaveConnection,
    SaveDevice,
    SaveLastSeen,
    SaveMark,
    SaveNumber,
    SaveOperator,
    SaveRequest,
    SaveServer,
    SaveState,
    SaveTenant,
)
from daemon.fleet.model import Mac, Transition
from daemon.store import call_rows, rows, schema
from daemon.store.rows import OutboxEntry, Row

Step = tuple[str, list[Row]]
"""One SQL statement and the rows it is to be carried out for."""

Write = (
    SaveTenant
    | SaveServer
    | SaveDevice
    | SaveState
    | SaveLastSeen
    | DropDevice
    | AppendTransition
    | SaveAlarm
    | DropAlarm
    | SaveNumber
    | SaveRequest
    | DropRequest
    | SaveOperator
    | DropOperator
    | SaveConnection
    | DropConnection
    | SaveCall
    | SaveMark
)
"""Every order for the store except Notify, which the outbox first turns into one entry per manager."""

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
    return Keyed(schema.upsert(table), schema.delete_by(table, key.name), row)


KEYED = {
    "tenants": _keyed(schema.tenants, rows.tenant_row),
    "servers": _keyed(schema.servers, rows.server_row),
    "devices": _keyed(schema.devices, rows.device_row),
    "device_states": _keyed(schema.device_states, rows.state_row),
    "numbers": _keyed(schema.numbers, rows.number_row),
    "alarms": _keyed(schema.alarms, rows.alarm_row),
    "requests": _keyed(schema.requests, rows.request_row),
    "operators": _keyed(schema.operators, rows.operator_row),
    "connections": _keyed(schema.connections, rows.connection_row),
    "calls": _keyed(schema.calls, call_rows.call_row),
    "marks": _keyed(schema.marks, rows.mark_row),
}

_FORGET = (
    KEYED["devices"].delete,
    KEYED["device_states"].delete,
    schema.delete_by(schema.requests, "mac"),
)
_UNSEND = schema.delete_by(schema.outbox, "id")


class Group:
    """Changes that become durable together."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[Any, Any]] = {table: {} for table in KEYED}  # key -> noun, None: to be deleted
        self._forgotten: dict[Mac, None] = {}  # in order; a set would make two runs differ
        self._last_seen: dict[Mac, float] = {}
        self._transitions: deque[Transition] = deque()
        self._entries: dict[int, OutboxEntry] = {}  # by id, oldest first
        self._settled: list[int] = []

    def __len__(self) -> int:
        """How many changes wait here."""
        appended = len(self._transitions) + len(self._entries) + len(self._settled)
        return sum(map(len, self._kept.values())) + len(self._forgotten) + len(self._last_seen) + appended

    @property
    def entries(self) -> Iterable[OutboxEntry]:
        """The notifications that this group writes into the outbox, oldest first."""
        return self._entries.values()

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
            case SaveAlarm(alarm):
                self._keep("alarms", alarm.id, alarm)
            case DropAlarm(identity):
                self._keep("alarms", identity, None)
            case SaveNumber(entry):
                self._keep("numbers", entry.number, entry)
            case SaveRequest(request):
                self._keep("requests", request.id, request)
            case DropRequest(identity):
                self._keep("requests", identity, None)
            case SaveDevice(record):
                self._keep("devices", record.mac, record)
            case DropDevice(mac):
                self._forget(mac)
            case SaveTenant(tenant):
                self._keep("tenants", tenant.name, tenant)
            case SaveServer(server):
                self._keep("servers", server.name, server)
            case SaveOperator(operator):
                self._keep("operators", operator.name, operator)
            case DropOperator(name):
                self._keep("operators", name, None)
            case SaveConnection(state):
                self._keep("connections", state.record.name, state)
            case DropConnection(name):
                self._keep("connections", name, None)
            case SaveCall(call):
                self._keep("calls", call.id, call)
            case SaveMark(name, value):
                self._keep("marks", name, (name, value))
            case _:
                assert_never(command)

    def notify(self, entries: Iterable[OutboxEntry]) -> None:
        """Write these notifications into the outbox."""
        self._entries.update((entry.id, entry) for entry in entries)

    def settle(self, entry: int) -> None:
        """Remove a row from the outbox; one that is still to be written is not written at all."""
        if self._entries.pop(entry, None) is None:
            self._settled.append(entry)

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
        for entry in newer._settled:
            self.settle(entry)

    def trim(self, transitions: int) -> int:
        """Let the oldest steps go beyond this bound; how many went. Only needed while the disk refuses.

        Everything else is bounded: by the number of keys, and notifications by the outbox.
        """
        surplus = max(0, len(self._transitions) - transitions)
        for _ in range(surplus):
            self._transitions.popleft()
        return surplus

    def steps(self) -> Iterator[Step]:
        """The statements that write this group, rows ready, in an order that must be kept."""
        forgotten = [(mac,) for mac in self._forgotten]
        for delete in _FORGET:
            yield from _chunks(delete, forgotten, tuple)
        for table, keyed in KEYED.items():
            kept = self._kept[table]
            yield from _chunks(keyed.delete, (key for key, noun in kept.items() if noun is None), _alone)
            yield from _chunks(keyed.upsert, (noun for noun in kept.values() if noun is not None), keyed.row)
        yield from _chunks(schema.SET_LAST_SEEN, ((at, mac) for mac, at in self._last_seen.items()), tuple)
        yield from _chunks(schema.APPEND_TRANSITION, self._transitions, rows.transition_row)
        yield from _chunks(schema.APPEND_ENTRY, self._entries.values(), rows.entry_row)
        yield from _chunks(_UNSEND, self._settled, _alone)

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
