"""A table on its way to values, together with the faults found in it so far.

Whoever checks something names the path of the value; the sheet knows its file and line. Not here: any check.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from daemon.config.positions import Items, Key, Place, Table, key_text, place_of
from daemon.errors import Fault

Where = tuple[Key, ...]


class Sheet:
    """`file` is the name under which a fault stands that has no better place."""

    def __init__(self, table: Table, file: str, faults: list[Fault]) -> None:
        self.table = table
        self.faults = faults
        self._file = file

    def place(self, where: Where) -> Place:
        """File and line of the value at `where`, or of the nearest thing around it."""
        return place_of(self.table, where, (self._file, 1))

    def fault(self, where: Where, wrong: str, hint: str) -> None:
        """Note what is wrong at `where` and what to do about it."""
        file, line = self.place(where)
        self.faults.append(Fault(file, line, key_text(where), wrong, hint))

    def entries(self, where: Where) -> Iterator[tuple[Where, Table]]:
        """The tables in the list at `where`, each with its own path; nothing if there is no such list."""
        value: Any = self.table
        for key in where:
            value = value.get(str(key)) if isinstance(value, Table) else value[key]
        for index, entry in enumerate(value if isinstance(value, Items) else ()):
            if isinstance(entry, Table):
                yield (*where, index), entry
