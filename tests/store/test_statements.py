"""Statements as the driver gets them: one `?` per value, in the order of the columns.

That the migrations lead to these tables is `test_database`'s, that nouns fit them `test_rows`'s.
"""

from __future__ import annotations

import pytest
import sqlalchemy

from daemon.fleet.calls import CallsWanted
from daemon.fleet.model import Mac, Status
from daemon.store import schema, statements

TABLES = pytest.mark.parametrize("table", schema.METADATA.sorted_tables, ids=lambda table: table.name)


@TABLES
def test_a_row_has_one_value_per_column(table: sqlalchemy.Table) -> None:
    assert statements.upsert(table).count("?") == len(table.columns)


@TABLES
def test_rows_are_read_in_the_order_of_their_keys(table: sqlalchemy.Table) -> None:
    (key,) = table.primary_key
    assert statements.select_all(table).replace('"', "").endswith(f"ORDER BY {table.name}.{key.name}")


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (statements.SET_LAST_SEEN, 2),
        (statements.TIMELINE, 3),
        (statements.PRUNE, 3),
        (statements.APPEND_TRANSITION, 6),
        (statements.RECENT_CALLS, 3),
        (statements.FIND_CALL, 1),
        (statements.PRUNE_CALLS, 3),
        (statements.PRUNE_SURPLUS_CALLS, 2),
    ],
)
def test_the_other_statements_take_the_values_they_say(statement: str, values: int) -> None:
    assert statement.count("?") == values


@pytest.mark.parametrize(
    "wanted",
    [
        CallsWanted(limit=3),
        CallsWanted(limit=3, device=Mac("00908f000000"), site="hq"),
        CallsWanted(limit=3, tenant="acme", verdict=Status.OK, since=1.0, before=(2.0, "c1")),
    ],
)
def test_a_search_for_calls_has_a_value_for_each_of_its_places(wanted: CallsWanted) -> None:
    statement, values = statements.find_calls(wanted)
    assert statement.count("?") == len(values)
