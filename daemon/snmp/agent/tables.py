"""A column of a table, in the order that SNMP walks it: by bisection, whatever the number of rows.

A scalar is a column with the one row 0, so both are walked alike. Which rows there are is a snapshot that is replaced
as a whole; what stands in a cell is read and encoded when it is asked for. A row that is gone meanwhile is passed
over. Not here: what the columns are (`fleet_tables`, `scalars`), when rows are looked for (`snapshot`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from daemon.snmp import ber
from daemon.snmp.ber import Oid, Syntax

Row = TypeVar("Row")

# Rows that are sorted or encoded in one piece: some 5 ms, so that nobody else waits long.
SLICE = 2000

_SHORT = 0x80  # a length below takes one octet
_NAME = tuple(bytes((Syntax.OID, size)) for size in range(_SHORT))
_PAIR = tuple(bytes((ber.SEQUENCE, size)) for size in range(_SHORT))
_ARC = tuple(ber.oid_content((0, 0, arc))[1:] for arc in range(256))


class Cell(NamedTuple):
    """A varbind, its name and its value both encoded."""

    name: bytes
    value: bytes

    def varbind(self) -> bytes:
        """Both as one."""
        name, value = self
        size = len(name) + len(value)
        return _PAIR[size] + name + value if size < _SHORT else ber.wrap(ber.SEQUENCE, name + value)


def name_of(oid: Oid) -> bytes:
    """An object identifier, encoded, for whatever was asked."""
    return ber.wrap(Syntax.OID, ber.oid_content(oid))


def encoded_suffix(arcs: Oid) -> bytes:
    """The arcs of an index, encoded as the end of an identifier."""
    if max(arcs) < len(_ARC):
        return b"".join([_ARC[arc] for arc in arcs])
    return ber.oid_content((0, 0, *arcs))[1:]


class Rows(Generic[Row]):
    """The rows of a table in the order of their index.

    `index` says which index a row has, below the column; `present` whether it is still there.
    """

    def __init__(
        self, index: Callable[[Row], Oid], rows: Iterable[Row] = (), present: Callable[[Row], bool] = lambda _: True
    ) -> None:
        self.index = index
        self.present = present
        self.rows: Sequence[Row] = []
        self.suffixes: Sequence[bytes] = []  # the index of each, encoded
        self.gone: dict[int, int] = {}  # place of a row that was seen to be gone -> the next that may not be
        self._known: list[Row] = []  # the rows as they were found, to see whether it is others now
        for _ in self.renew(list(rows)):
            pass

    def renew(self, found: list[Row]) -> Iterator[None]:
        """Take these rows instead, in slices; nothing is done if they are the same in the same order."""
        if found == self._known:
            self.gone = {}
            return
        runs: list[list[Row]] = []
        for start in range(0, len(found), SLICE):
            runs.append(sorted(found[start : start + SLICE], key=self.index))
            yield
        merged = merge(*runs, key=self.index)
        rows: list[Row] = []
        suffixes: list[bytes] = []
        while piece := list(islice(merged, SLICE)):
            rows += piece
            suffixes += [encoded_suffix(self.index(row)) for row in piece]
            yield
        self._known, self.rows, self.suffixes, self.gone = found, rows, suffixes, {}

    def find(self, suffix: Oid) -> Row | None:
        """The row with that index."""
        place = bisect_left(self.rows, suffix, key=self.index)
        if place == len(self.rows) or self.index(self.rows[place]) != suffix or not self.present(self.rows[place]):
            return None
        return self.rows[place]

    def places(self, after: Oid | None, low: Oid, high: Oid | None) -> tuple[int, int]:
        """From where to where rows lie whose index is beyond `after`, not below `low`, and below `high`."""
        start = bisect_left(self.rows, low, key=self.index) if low else 0
        if after is not None:
            start = max(start, bisect_right(self.rows, after, key=self.index))
        return start, len(self.rows) if high is None else bisect_left(self.rows, high, key=self.index)


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """An object: its identifier, its rows, and how a row's value is read, encoded; None where there is none."""

    oid: Oid
    rows: Rows[Row]
    read: Callable[[Row], bytes | None]

    def get(self, suffix: Oid) -> bytes | None:
        """The value in the row with that index."""
        row = self.rows.find(suffix)
        return None if row is None else self.read(row)

    def cells(self, after: Oid | None, low: Oid, high: Oid | None) -> Iterator[Cell]:
        """The cells of the rows whose index is beyond `after`, not below `low`, and below `high`."""
        place, stop = self.rows.places(after, low, high)
        # Bound once: rows may be replaced while somebody walks, who then sees out what there was.
        rows, suffixes, gone = self.rows.rows, self.rows.suffixes, self.rows.gone
        present, read = self.rows.present, self.read
        head = ber.oid_content(self.oid)
        while place < stop:
            row = rows[place]
            if not present(row):
                place = _beyond(place, rows, present, gone)
                continue
            if (value := read(row)) is not None:
                name = head + suffixes[place]
                size = len(name)
                yield Cell(_NAME[size] + name if size < _SHORT else ber.wrap(Syntax.OID, name), value)
            place += 1


def _beyond(place: int, rows: Sequence[Row], present: Callable[[Row], bool], gone: dict[int, int]) -> int:
    """The place of the next row that is there, from that of one that is gone.

    What was seen to be gone is so until rows are looked for anew: else each step of a walk through a table of which
    30,000 rows just ended would look at all of them, and a single question could take seconds.
    """
    end = gone.get(place, place + 1)
    while end < len(rows) and (end in gone or not present(rows[end])):
        end = gone.get(end, end + 1)
    if gone.get(place) != end:
        gone.update(dict.fromkeys(range(place, end), end))
    return end


ONE: Rows[int] = Rows(lambda row: (row,), (0,))
"""The row of every scalar."""


def scalar(oid: Oid, read: Callable[[], bytes | None]) -> Column[int]:
    """An object with one instance, .0."""
    return Column(oid, ONE, lambda _: read())
