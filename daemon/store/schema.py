"""The tables, and the SQL that writes them. The newest shape; `migrations/versions` says how a file gets there.

Columns stand in the order of the tuples of `daemon.store.rows`. A test holds the tables and the migrations together.
Not here: when anything is written (`store`), what a row means (`rows`).
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ColumnElement, Executable

from daemon.fleet.calls import CallsWanted

METADATA = MetaData()

tenants = Table(
    "tenants",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("description", Text, nullable=False),
    Column("subnet", Text),
    Column("is_default", Boolean, nullable=False),
    Column("sites", Text, nullable=False),  # JSON: [[name, subnet, {placeholder: value}], ...]
    Column("placeholders", Text, nullable=False),  # JSON object
    Column("authentication", Text, nullable=False, server_default=""),
    Column("interval", Float),
    Column("lagged_after", Float),
)

servers = Table(
    "servers",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("address", Text, nullable=False),
)

devices = Table(
    "devices",
    METADATA,
    Column("mac", Text, primary_key=True),
    Column("model", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("server", Text, nullable=False),
    Column("qualify", Boolean, nullable=False),
    Column("lagged_after", Float),
    Column("contact", Text, nullable=False),
    Column("sip_password", Text, nullable=False),  # sealed
    Column("placeholders", Text, nullable=False),  # JSON object
    Column("approved", Boolean, nullable=False),
    Column("armed_until", Float, nullable=False),
    Column("secret_generation", Integer, nullable=False),
    Column("interval", Float),
)

device_states = Table(
    "device_states",
    METADATA,
    Column("mac", Text, primary_key=True),
    Column("presence", Text, nullable=False),
    Column("presence_reason", Text, nullable=False),
    Column("presence_since", Float, nullable=False),
    Column("last_seen", Float),
    Column("source", Text, nullable=False),
    Column("report", Text),  # JSON object, only what was sent
    Column("reachability", Text, nullable=False),
    Column("reachability_reason", Text, nullable=False),
    Column("reachability_since", Float, nullable=False),
    Column("contact", Text),  # JSON: [uri, host, port, expires_at, transport, [route, ...]]
    Column("registered_server", Text, nullable=False),
    Column("ever_registered", Boolean, nullable=False),
    # a JSON list of [contact, call_id, cseq, q], or of [contact, call_id, cseq, q, instance, reg_id]
    Column("bindings", Text, nullable=False, server_default=""),
)

numbers = Table(
    "numbers",
    METADATA,
    Column("number", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("usage", Text, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("device", Text),
    Column("tag", Text, nullable=False),
    Column("release_date", Float),
)

alarms = Table(
    "alarms",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("device", Text),
    Column("tenant", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("description", Text, nullable=False),
    Column("event_type", Integer, nullable=False),
    Column("probable_cause", Integer, nullable=False),
    Column("additional_info", Text, nullable=False),  # JSON list
    Column("raised_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
)

transitions = Table(
    "transitions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("axis", Text, nullable=False),
    Column("old", Text, nullable=False),
    Column("new", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # SQLite ends every index with the id, so this one also gives a device's steps in their order.
    Index("transitions_by_key", "key"),
)

requests = Table(
    "requests",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("mac", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("body", Text, nullable=False),  # JSON object
    Column("queued_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("handed_out_at", Float),
    Index("requests_by_mac", "mac"),
)

operators = Table(
    "operators",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("token_hash", Text, nullable=False),
    Column("added_at", Float, nullable=False),
)

connections = Table(
    "connections",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("target", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("qualify", Boolean, nullable=False),
    Column("interval", Float),
    Column("lagged_after", Float),
    Column("reachability", Text, nullable=False),
    Column("reachability_reason", Text, nullable=False),
    Column("reachability_since", Float, nullable=False),
)

calls = Table(
    "calls",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("at", Float, nullable=False),
    Column("kind", Text, nullable=False),
    Column("device", Text),
    Column("tenant", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("local", Text, nullable=False),
    Column("remote", Text, nullable=False),
    Column("started_at", Float),
    Column("ended_at", Float),
    Column("local_metrics", Text),  # JSON object, only what was measured
    Column("remote_metrics", Text),
    Column("mos", Float),
    Column("alerts", Text, nullable=False),  # JSON: [[metric, level, direction, at], ...]
    Column("reports", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index("calls_by_at", "at", "id"),
    Index("calls_by_device", "device", "at", "id"),
)

marks = Table(
    "marks",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Float, nullable=False),
)

outbox = Table(
    "outbox",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("manager", Text, nullable=False),
    Column("notification", Text, nullable=False),  # JSON object
)


def _text(statement: Executable) -> str:
    """SQL with one `?` per value: the driver takes tuples as they are, which is what makes a group cheap."""
    return str(statement.compile(dialect=_DIALECT))  # type: ignore[attr-defined]


_DIALECT = sqlite.dialect()


def upsert(table: Table) -> str:
    """Insert a row, or overwrite the one with its key."""
    insert = sqlite.insert(table)
    fresh = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    return _text(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=fresh))


def delete_by(table: Table, column: str) -> str:
    """Delete the rows whose `column` has the value given."""
    return _text(delete(table).where(table.c[column] == bindparam("value")))


def select_all(table: Table) -> str:
    """Every row, in the order of the keys."""
    return _text(select(table).order_by(*table.primary_key))


_steps = [column for column in transitions.columns if not column.primary_key]

APPEND_TRANSITION = _text(sqlite.insert(transitions).values({column.name: bindparam(column.name) for column in _steps}))

APPEND_ENTRY = upsert(outbox)

SET_LAST_SEEN = _text(
    update(device_states).values(last_seen=bindparam("seen")).where(device_states.c.mac == bindparam("phone"))
)
"""Values: time, MAC. Does nothing where there is no row."""

TIMELINE = _text(
    select(*_steps)
    .where(transitions.c.key == bindparam("phone"))
    .order_by(transitions.c.id.desc())
    .limit(bindparam("most"))
)
"""Values: MAC, how many, offset 0. Newest first."""

# Ids rise with time, so the oldest steps are the first ones and no index on `at` has to be kept up.
PRUNE = _text(
    delete(transitions).where(
        transitions.c.at < bindparam("before"),
        transitions.c.id.in_(select(transitions.c.id).order_by(transitions.c.id).limit(bindparam("most"))),
    )
)
"""Values: the oldest time that stays, how many rows to look at, offset 0."""

_newest_first = (calls.c.at.desc(), calls.c.id.desc())
_without_text = [column for column in calls.columns if column is not calls.c.text]

RECENT_CALLS = _text(
    select(*_without_text).where(calls.c.at > bindparam("since")).order_by(*_newest_first).limit(bindparam("most"))
)
"""Values: since when, how many, offset 0. Newest first, without the last column."""

PRUNE_CALLS = _text(
    delete(calls).where(
        calls.c.id.in_(select(calls.c.id).where(calls.c.at < bindparam("before")).limit(bindparam("most")))
    )
)
"""Values: the oldest time that stays, how many rows to delete, offset 0."""

PRUNE_SURPLUS_CALLS = _text(
    delete(calls).where(
        calls.c.id.in_(select(calls.c.id).order_by(*_newest_first).limit(bindparam("most")).offset(bindparam("kept")))
    )
)
"""Values: how many rows to delete, how many stay at least."""

FIND_CALL = _text(select(calls).where(calls.c.id == bindparam("identity")))
"""Value: the id."""


def find_calls(wanted: CallsWanted) -> tuple[str, tuple[str | float, ...]]:
    """The statement that finds these calls, newest first, with its values."""
    filters: list[tuple[ColumnElement[bool], tuple[str | float, ...]]] = [
        (calls.c[name] == bindparam(name), (str(value),))
        for name in ("device", "tenant", "site", "verdict")
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.since is not None:
        filters.append((calls.c.at >= bindparam("since"), (wanted.since,)))
    if wanted.before is not None:
        place = tuple_(calls.c.at, calls.c.id) < tuple_(bindparam("before_at"), bindparam("before_id"))
        filters.append((place, wanted.before))
    found = select(*_without_text).where(*(condition for condition, _ in filters)).order_by(*_newest_first)
    values = tuple(value for _, given in filters for value in given)
    return _text(found.limit(bindparam("most"))), (*values, wanted.limit, 0)
