from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.exchange.cells import MOST_CELLS, Unreadable, decode, rows, table

CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
BAIT = st.builds(str.__add__, st.text("'=+-@\t\r", max_size=3), CELL)


def cells(text: str) -> list[list[str]]:
    return [row.cells for row in rows(text)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.one_of(CELL, BAIT), min_size=2, max_size=4), min_size=1, max_size=4))
def test_what_is_written_is_read_back(written: list[list[str]]) -> None:
    header = ["a", "b"]
    expected = [line for line in written if any(cell.strip() for cell in line)]
    assert cells(table([header, *written])) == [header, *expected]


@pytest.mark.parametrize("cell", ["=cmd|' /C calc'!A0", "+49", "-1", "@SUM(A1)", "\tx", "'=1"])
def test_no_cell_begins_as_a_formula_does(cell: str) -> None:
    assert table([[cell]]).lstrip('"').startswith("'")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n", ["1", "2"]),
        ("a;b\n1,5;2\n", ["1,5", "2"]),
        ("a\tb\n1\t2\n", ["1", "2"]),
        ('"a,x";b\n1;2\n', ["1", "2"]),
        ("sep=;\na;b\n1;2\n", ["1", "2"]),
        ("a,b\r\n1,2\r\n", ["1", "2"]),
        ("a,b\r1,2\r", ["1", "2"]),
    ],
)
def test_the_separator_is_counted_in_the_header(text: str, expected: list[str]) -> None:
    assert cells(text)[-1] == expected


def test_lines_are_those_of_the_file_though_a_cell_has_several() -> None:
    assert [row.line for row in rows('a,b\n"1\n2",x\n\n3,4\n')] == [1, 2, 5]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("\ufeffä".encode(), "ä"),
        ("ä".encode("utf-16"), "ä"),
        (b"\xfe\xff\x00\xe4", "ä"),
        ("ä".encode(), "ä"),
    ],
)
def test_the_encoding_is_told_by_the_file(data: bytes, text: str) -> None:
    assert decode(data) == (text, "")


def test_what_is_not_utf_8_is_windows_1252_with_a_warning() -> None:
    text, warning = decode(b"Name\nZo\xeb\n")
    assert text == "Name\nZoë\n"
    assert warning.startswith("line 2 is not UTF-8")


@pytest.mark.parametrize(
    ("data", "line"), [(b'a\n"open\n', 2), (b'a\n"x"y,1\n', 2), (b"\xff\xfe\x00", 1), (b"," * (MOST_CELLS + 1), 1)]
)
def test_what_is_no_table_is_told_with_its_line(data: bytes, line: int) -> None:
    with pytest.raises(Unreadable) as caught:
        list(rows(decode(data)[0]))
    assert caught.value.line == line
