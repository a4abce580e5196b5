"""Columns in the order of their index, by bisection."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.snmp import ber
from daemon.snmp.agent.tables import SLICE, Cell, Column, Rows, encoded_suffix, name_of, scalar
from daemon.snmp.ber import Oid

COLUMN: Oid = (1, 3, 6, 1, 4, 1, 32473, 1, 1, 99, 1, 2)
INDEXES = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4).map(tuple)


def column(rows: Rows[Oid]) -> Column[Oid]:
    """A column whose cells say which row they are in."""
    return Column(COLUMN, rows, lambda row: ber.integer(len(row)))


def indexes(cells: Iterator[Cell]) -> list[Oid]:
    """The indexes of the cells, as their names say."""
    return [_read(cell.name)[len(COLUMN) :] for cell in cells]


def _read(name: bytes) -> Oid:
    return ber.read_oid_content(ber.read(name, ber.Syntax.OID)[0])


@settings(max_examples=50)
@given(st.sets(INDEXES), INDEXES, INDEXES, INDEXES)
def test_a_walk_meets_every_row_between_its_bounds_once_and_in_order(
    found: set[Oid], after: Oid, low: Oid, high: Oid
) -> None:
    rows = Rows(lambda row: row, found)
    assert indexes(column(rows).cells(None, (), None)) == sorted(found)
    bounded = [row for row in sorted(found) if after < row and low <= row < high]
    assert indexes(column(rows).cells(after, low, high)) == bounded


@settings(max_examples=50)
@given(st.sets(INDEXES), INDEXES)
def test_a_row_is_found_by_its_whole_index_only(found: set[Oid], wanted: Oid) -> None:
    rows = Rows(lambda row: row, found)
    assert [rows.find(row) for row in found] == list(found)
    assert rows.find(wanted) == (wanted if wanted in found else None)
    assert rows.find(()) is None


@settings(max_examples=50)
@given(INDEXES)
def test_an_index_is_encoded_as_the_end_of_an_identifier(index: Oid) -> None:
    assert ber.oid_content((*COLUMN, *index)) == ber.oid_content(COLUMN) + encoded_suffix(index)


def test_a_row_that_is_gone_is_passed_over() -> None:
    there = {(1,), (3,)}
    rows: Rows[Oid] = Rows(lambda row: row, [(1,), (2,), (3,)], present=lambda row: row in there)
    assert indexes(column(rows).cells(None, (), None)) == [(1,), (3,)]
    assert column(rows).get((2,)) is None


@settings(max_examples=50)
@given(st.sets(st.integers(0, 60)), st.lists(st.tuples(st.integers(0, 60), st.sets(st.integers(0, 60)))))
def test_rows_that_go_while_others_walk_are_passed_over_by_all(
    found: set[int], steps: list[tuple[int, set[int]]]
) -> None:
    there = set(found)
    rows: Rows[Oid] = Rows(lambda row: row, [(each,) for each in found], present=lambda row: row[0] in there)
    for after, gone in steps:
        there -= gone
        assert indexes(column(rows).cells((after,), (), None)) == [(each,) for each in sorted(there) if each > after]
    there |= found
    list(rows.renew([(each,) for each in found]))
    assert indexes(column(rows).cells(None, (), None)) == [(each,) for each in sorted(found)]


def test_rows_that_are_gone_are_looked_at_once_and_not_by_every_step() -> None:
    looks = 0

    def present(_row: Oid) -> bool:
        nonlocal looks
        looks += 1
        return False

    rows: Rows[Oid] = Rows(lambda row: row, [(number,) for number in range(1000)], present)
    for start in range(200):
        assert indexes(column(rows).cells((start,), (), None)) == []
    assert looks < 1500


def test_a_row_without_a_value_has_no_cell() -> None:
    rows: Rows[Oid] = Rows(lambda row: row, [(1,), (2,)])
    holed = Column(COLUMN, rows, lambda row: ber.integer(7) if row == (2,) else None)
    assert indexes(holed.cells(None, (), None)) == [(2,)]
    assert holed.get((1,)) is None


def test_many_rows_are_sorted_in_slices_and_appear_at_once() -> None:
    rows: Rows[Oid] = Rows(lambda row: row, [(7,)])
    found: list[Oid] = [(number,) for number in range(3 * SLICE, 0, -1)]
    slices = rows.renew(found)
    next(slices)
    assert indexes(column(rows).cells(None, (), None)) == [(7,)]
    assert len(list(slices)) + 1 == 6  # three to sort, three to merge
    assert rows.rows == sorted(found)


def test_the_same_rows_cost_nothing() -> None:
    found: list[Oid] = [(1,), (2,)]
    rows: Rows[Oid] = Rows(lambda row: row, found)
    before = rows.rows
    assert list(rows.renew(list(found))) == []
    assert rows.rows is before


def test_who_walks_while_rows_are_replaced_sees_out_what_there_was() -> None:
    rows: Rows[Oid] = Rows(lambda row: row, [(1,), (2,)])
    walk = column(rows).cells(None, (), None)
    assert next(walk)
    list(rows.renew([(9,)]))
    assert indexes(walk) == [(2,)]


def test_a_scalar_is_a_column_with_one_row() -> None:
    version = scalar((1, 3, 9), lambda: ber.integer(5))
    assert version.get((0,)) == ber.integer(5)
    assert version.get((1,)) is None
    assert list(version.cells(None, (), None)) == [Cell(name_of((1, 3, 9, 0)), ber.integer(5))]


def test_a_varbind_is_framed_whatever_its_length() -> None:
    for size in (0, 100, 300):
        cell = Cell(name_of((1, 3)), ber.wrap(ber.Syntax.OCTETS, bytes(size)))
        assert cell.varbind() == ber.sequence(cell)
