"""Every noun comes back from its row as it was; what SQLite cannot hold is mended, not refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.fleet.model import DeviceRecord, DeviceState, Server, Tenant, Transition
from daemon.fleet.notifications import Alarm
from daemon.fleet.records import NumberEntry, Operator, PhoneRequest
from daemon.store import rows, schema
from tests.support import nouns

PAIRS: list[tuple[st.SearchStrategy[Any], Callable[[Any], rows.Row], Callable[[rows.Row], Any]]] = [
    (nouns.tenants, rows.tenant_row, rows.tenant_of),
    (nouns.servers, rows.server_row, rows.server_of),
    (nouns.users, rows.user_row, rows.user_of),
    (nouns.file_versions, rows.file_version_row, rows.file_version_of),
    (nouns.documents, rows.document_row, rows.document_of),
    (nouns.records(), rows.device_row, rows.device_of),
    (nouns.states(), rows.state_row, rows.state_of),
    (nouns.numbers, rows.number_row, rows.number_of),
    (nouns.transitions, rows.transition_row, rows.transition_of),
    (nouns.requests, rows.request_row, rows.request_of),
    (nouns.operators, rows.operator_row, rows.operator_of),
    (nouns.connections, rows.connection_row, rows.connection_of),
]

TABLES = {
    Tenant: schema.tenants,
    Server: schema.servers,
    DeviceRecord: schema.devices,
    DeviceState: schema.device_states,
    NumberEntry: schema.numbers,
    Alarm: schema.alarms,
    PhoneRequest: schema.requests,
    Operator: schema.operators,
}


@settings(max_examples=150)
@given(st.data())
def test_every_noun_comes_back_from_its_row_as_it_was(data: st.DataObject) -> None:
    strategy, row_of, noun_of = data.draw(st.sampled_from(PAIRS))
    noun = data.draw(strategy)
    row = row_of(noun)
    assert all(value is None or isinstance(value, str | int | float) for value in row)
    assert noun_of(row) == noun


@pytest.mark.parametrize(("noun", "table"), TABLES.items(), ids=lambda each: getattr(each, "__name__", str(each)))
def test_a_table_has_one_column_per_field_in_the_same_order(noun: Any, table: Any) -> None:
    columns = ["default" if column.name == "is_default" else column.name for column in table.columns]
    assert columns == list(noun.__dataclass_fields__)


def test_a_transition_has_every_column_but_the_id_the_table_gives_it() -> None:
    assert [column.name for column in schema.transitions.columns][1:] == list(Transition.__dataclass_fields__)


def test_only_what_a_phone_sent_is_written() -> None:
    text = rows.state_row(nouns.state_with_report(status="registered", firmware="2.2"))[6]
    assert text == '{"status":"registered","firmware":"2.2"}'


@given(st.tuples(st.text(st.characters()), st.text("ab\ud800\udfff\0"), st.integers(), st.floats(allow_nan=False)))
@settings(max_examples=60)
def test_a_mended_row_is_one_sqlite_takes(row: rows.Row) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a TEXT, b TEXT, c INTEGER, d REAL)")
    connection.execute("INSERT INTO t VALUES (?, ?, ?, ?)", rows.mended(row))
    kept = connection.execute("SELECT * FROM t").fetchone()
    connection.close()
    assert kept == rows.mended(row)


def test_a_row_that_needs_no_mending_stays_as_it_is() -> None:
    row = ("Zürich", 2**63 - 1, -(2**63), 1.5, None)
    assert rows.mended(row) == row
