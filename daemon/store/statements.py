"""The SQL that reads and writes the tables, as text that is made once.

Not here: the tables (`schema`), when anything is written (`store`), what a row means (`rows`).
"""

from __future__ import annotations

from sqlalchemy import Table, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ColumnElement, Executable

from daemon.fleet.calls import CallsWanted
from daemon.store.schema import calls, device_states, documents, file_versions, outbox, transitions


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
