"""What an asker sees: the parts of the tree that his access shows, and how they are walked (RFC 3415, section 4).

Of the subtrees that hold an identifier the longest says whether it is seen. So whether it is changes only where one
of them begins or ends; between two such places all is alike, and a walk goes from one seen stretch to the next
without looking at what lies between. Not here: who is asking (`access`), what there is (`tables`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from daemon.snmp.agent.mib_values import NO_SUCH_INSTANCE, NO_SUCH_OBJECT
from daemon.snmp.agent.tables import Cell, Column
from daemon.snmp.ber import Oid

Stretch = tuple[Oid, Oid | None]
"""From here on, and up to but not including there; None: to the end."""


class View:
    """Subtrees that are shown, but for those that are not; one that is both is not."""

    def __init__(self, include: Iterable[Oid], exclude: Iterable[Oid]) -> None:
        self._shown = {**dict.fromkeys(include, True), **dict.fromkeys(exclude, False)}
        places = sorted({place for subtree in self._shown for place in (subtree, _end(subtree))})
        seen = [(place, self._sees(place)) for place in places]
        self._stretches = [
            (here, there) for (here, shown), (there, _) in pairwise(seen) if shown
        ]  # beyond the last place nothing is shown

    def below(self, oid: Oid) -> tuple[Stretch, ...]:
        """What is seen of the subtree `oid`, as stretches of what follows `oid`."""
        end = _end(oid)
        found: list[Stretch] = []
        for here, there in self._stretches:
            low, high = max(here, oid), min(there, end)
            if low < high:
                found.append((low[len(oid) :], None if high == end else high[len(oid) :]))
        return tuple(_joined(found))

    def _sees(self, place: Oid) -> bool:
        holding = (place[:size] for size in range(len(place), 0, -1))
        return next((self._shown[subtree] for subtree in holding if subtree in self._shown), False)


class Sight:
    """All columns that one access sees something of, in the order of their identifiers."""

    def __init__(self, columns: Iterable[Column[Any]], view: View) -> None:
        ordered = sorted(columns, key=lambda column: column.oid)
        self._seen = [(column, stretches) for column in ordered if (stretches := view.below(column.oid))]
        self._oids = [column.oid for column, _ in self._seen]

    def get(self, oid: Oid) -> bytes:
        """The value of that very instance, encoded; or which exception stands in its place."""
        place = self._place(oid)
        if place is None:
            return NO_SUCH_OBJECT
        column, stretches = self._seen[place]
        suffix = oid[len(column.oid) :]
        if not any(low <= suffix and (high is None or suffix < high) for low, high in stretches):
            return NO_SUCH_INSTANCE
        value = column.get(suffix)
        return NO_SUCH_INSTANCE if value is None else value

    def after(self, oid: Oid) -> Iterator[Cell]:
        """Everything beyond `oid`, in order."""
        first = bisect_right(self._oids, oid)
        place = self._place(oid)
        if place is not None:
            yield from _cells(*self._seen[place], oid[len(self._oids[place]) :])
        for column, stretches in self._seen[first:]:
            yield from _cells(column, stretches, None)

    def holds(self, oid: Oid) -> bool:
        """Whether that identifier is an object that is seen, or lies below one."""
        return self._place(oid) is not None

    def _place(self, oid: Oid) -> int | None:
        """Which column `oid` belongs to."""
        place = bisect_right(self._oids, oid) - 1
        return place if place >= 0 and oid[: len(self._oids[place])] == self._oids[place] else None


def parse_oid(text: str) -> Oid:
    """Dotted numbers, as settings have them."""
    return tuple(map(int, text.split(".")))


def _cells(column: Column[Any], stretches: Sequence[Stretch], after: Oid | None) -> Iterator[Cell]:
    for low, high in stretches:
        if after is None or high is None or after < high:
            yield from column.cells(after, low, high)


def _end(subtree: Oid) -> Oid:
    """The first identifier beyond it."""
    return (*subtree[:-1], subtree[-1] + 1)


def _joined(stretches: list[Stretch]) -> Iterator[Stretch]:
    """Those that touch as one."""
    pending: Stretch | None = None
    for low, high in stretches:
        if pending is not None and pending[1] == low:
            pending = (pending[0], high)
        else:
            if pending is not None:
                yield pending
            pending = (low, high)
    if pending is not None:
        yield pending
