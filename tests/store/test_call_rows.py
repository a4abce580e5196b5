from __future__ import annotations

import json

from hypothesis import given, settings

from daemon.fleet.calls import CallQuality
from daemon.store import schema
from daemon.store.call_rows import call_of, call_row
from tests.support import nouns
from tests.support.calls import a_call


@settings(max_examples=60)
@given(nouns.calls)
def test_every_call_comes_back_from_its_row_as_it_was(call: CallQuality) -> None:
    row = call_row(call)
    assert all(value is None or isinstance(value, str | int | float) for value in row)
    assert call_of(row) == call


def test_a_row_without_its_last_column_is_the_call_without_its_text() -> None:
    assert call_of(call_row(a_call(text="VQSessionReport"))[:-1]) == a_call()


def test_the_table_has_one_column_per_field_in_the_same_order() -> None:
    assert [column.name for column in schema.calls.columns] == list(CallQuality.__dataclass_fields__)


def test_only_what_was_measured_is_written() -> None:
    measured = call_row(a_call(mos=4.1))[12]
    assert json.loads(measured) == {"codec": "PCMA", "mos_cq": 4.1, "loss": 0.0}
