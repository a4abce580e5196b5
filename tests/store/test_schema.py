"""The tables themselves. That the migrations lead to them is `test_database`'s, that nouns fit them `test_rows`'s."""

from __future__ import annotations

import pytest
import sqlalchemy

from daemon.store import schema


@pytest.mark.parametrize("table", schema.METADATA.sorted_tables, ids=lambda table: table.name)
def test_every_table_has_one_column_as_its_key(table: sqlalchemy.Table) -> None:
    """The last word per key is what a group writes."""
    assert len(table.primary_key) == 1
