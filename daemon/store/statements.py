"""The SQL that reads and writes the tables, as text that is made once.

Not here: the tables (`schema`), when anything is written (`store`), what a row means (`rows`).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Table, Text, bindparam, delete, false, func, literal_column, or_, select, tuple_, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ColumnElement, Executable

from daemon.fleet.calls import CallsWanted
from daemon.fleet.notifications import PastAlarmsWanted
from daemon.store.schema import (
    alarm_history,
    calls,
    device_states,
    documents,
    file_versions,
    outbox,
    receivers,
    transitions,
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

LEAVE = _text(
    update(outbox).values(left_at=bindparam("when"), end=bindparam("how")).where(outbox.c.id == bindparam("entry"))
)
"""Values: when, how it ended, id."""

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


def _newest(table: Table, of: str, number: str, without: str = "") -> str:
    """The row with the highest `number` for each `of`, in the order of `of`.

    SQLite takes the columns beside a max() from the row that has it (sqlite.org/lang_select.html, "Bare columns in an
    aggregate query"), which is a third less work than to join the table with its own maxima.
    """
    columns = [func.max(column) if column.name == number else column for column in table.columns]
    wanted = [column for column in columns if column.name != without]
    return _text(select(*wanted).group_by(table.c[of]))


CURRENT_DOCUMENTS = _newest(documents, "path", "version")
"""The newest version of every document, those that were removed too: their numbers go on."""

FILES_GIVEN = _newest(file_versions, "mac", "number", without="body")
"""The newest version of every device's file, without its body."""

FILE_VERSIONS = _text(
    select(file_versions)
    .where(file_versions.c.mac == bindparam("mac"))
    .order_by(file_versions.c.number.desc())
    .limit(bindparam("most"))
)
"""Values: MAC, how many, offset 0. Newest first."""

VERSIONS = _text(
    select(documents)
    .where(documents.c.path == bindparam("path"))
    .order_by(documents.c.version.desc())
    .limit(bindparam("most"))
)
"""Values: path, how many, offset 0. Newest first."""

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

WAITING = _text(select(outbox).where(outbox.c.left_at.is_(None)).order_by(outbox.c.id))

GIVEN = select_all(receivers)

LAST_ENTRY = _text(select(func.max(outbox.c.id)))

_span = (
    outbox.c.receiver == bindparam("receiver"),
    outbox.c.at >= bindparam("since"),
    outbox.c.at <= bindparam("until"),
    outbox.c.left_at.is_not(None),
)

COUNT_TOLD = _text(select(func.count()).where(*_span))
"""Values: receiver, since, until."""

TOLD = _text(
    select(outbox)
    .where(*_span, tuple_(outbox.c.at, outbox.c.id) > tuple_(bindparam("after_at"), bindparam("after_id")))
    .order_by(outbox.c.at, outbox.c.id)
    .limit(bindparam("most"))
)
"""Values: receiver, since, until, time and id of the last one seen, how many, offset 0. Oldest first."""

JOURNAL = _text(
    select(outbox)
    .where(
        outbox.c.receiver == bindparam("receiver"),
        tuple_(outbox.c.at, outbox.c.id) < tuple_(bindparam("before_at"), bindparam("before_id")),
    )
    .order_by(outbox.c.at.desc(), outbox.c.id.desc())
    .limit(bindparam("most"))
)
"""Values: receiver, time and id of the last one seen, how many, offset 0. Newest first."""

PRUNE_TOLD = _text(
    delete(outbox).where(
        outbox.c.id.in_(select(outbox.c.id).where(outbox.c.left_at < bindparam("before")).limit(bindparam("most")))
    )
)
"""Values: the oldest time that stays, how many rows to delete, offset 0."""

# As with steps: the ids of the history rise with the time at which alarms ended.
_first_past = select(alarm_history.c.id).order_by(alarm_history.c.id).limit(bindparam("most"))
PRUNE_PAST = _text(
    delete(alarm_history).where(alarm_history.c.cleared_at < bindparam("before"), alarm_history.c.id.in_(_first_past))
)
"""Values: the oldest time that stays, how many rows to look at, offset 0."""

# Ids are given without a gap, so nothing has to be counted.
_last_past = select(func.max(alarm_history.c.id)).scalar_subquery()
PRUNE_SURPLUS_PAST = _text(
    delete(alarm_history).where(
        alarm_history.c.id.in_(_first_past.where(alarm_history.c.id <= _last_past - bindparam("kept")))
    )
)
"""Values: how many stay at most, how many rows to delete, offset 0."""

ALARMS_RECORDED = _text(select(func.max(alarm_history.c.id)))


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


def find_past_alarms(wanted: PastAlarmsWanted) -> tuple[str, tuple[str | float, ...]]:
    """The statement that finds these alarms of the history, newest first, with its values."""
    table = alarm_history.c
    asked: list[tuple[ColumnElement[bool], Sequence[str | float | None]]] = [
        (table.device == bindparam("device"), (wanted.device,)),
        (table.name == bindparam("name"), (wanted.name,)),
        (table.source == bindparam("source"), (wanted.source,)),
        (table.peak >= bindparam("severity"), (wanted.severity,)),
        (table.cleared_at >= bindparam("since"), (wanted.since,)),
        (table.raised_at <= bindparam("until"), (wanted.until,)),
        (table.id < bindparam("before"), (wanted.before,)),
    ]
    if wanted.tenants is not None:
        # A device or a source is rarer than a tenant, but SQLite cannot know, unless its index is ruled out by a plus
        # (sqlite.org/optoverview.html). Of 500,000 alarms: 84 to 9 ms.
        rare = wanted.device or wanted.source
        column: ColumnElement[str] = literal_column("+alarm_history.tenant", Text) if rare else table.tenant
        theirs = (column == bindparam(f"tenant_{at}") for at in range(len(wanted.tenants)))
        asked.append((or_(false(), *theirs), wanted.tenants))
    filters = [(condition, values) for condition, values in asked if None not in values]
    found = select(alarm_history).where(*(condition for condition, _ in filters)).order_by(table.id.desc())
    given = tuple(value for _, values in filters for value in values if value is not None)
    return _text(found.limit(bindparam("most"))), (*given, wanted.limit, 0)
