"""What is written of an operation is what is read."""

from __future__ import annotations

from hypothesis import given, settings

from daemon.fleet.operations.operation import Item, Operation
from daemon.store.operation_rows import item_of, item_row, operation_of, operation_row
from tests.support import nouns


@settings(max_examples=50)
@given(nouns.operations)
def test_an_operation_survives_its_row(operation: Operation) -> None:
    assert operation_of(operation_row(operation)) == operation


@settings(max_examples=50)
@given(nouns.operation_items)
def test_a_device_of_an_operation_survives_its_row(item: Item) -> None:
    assert item_of(item_row(item)) == item
