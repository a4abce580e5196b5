"""YAML text to plain values that remember where they stand: every fault can name its file and line.

A document becomes tables, lists, text and None; numbers, booleans and dates stay the text the operator wrote, so
that 0041 keeps its zeros and 60 is never taken for a duration. Whoever knows the wanted type converts. Keys written
twice, tags and aliases that multiply are faults. Not here: what any key means.

The document is built from libyaml's events instead of PyYAML's nodes: its composer recurses in C without a bound
(100,000 opening brackets end the process with a segmentation fault), and its nodes take three times the memory of
these tables for an inventory of 30,000 devices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from daemon.errors import Fault

Place = tuple[str, int]  # file, line (the first is 1)
Key = str | int

# An inventory has six levels; more than this is a mistake or an attack.
MOST_LEVELS = 32
# Twice what 100,000 devices with 20 values each come to; what an alias stands for counts as often as it is used.
MOST_VALUES = 5_000_000

_SYNTAX = "syntax"  # stands in a fault where a key would, when it is YAML itself that is broken
_COMMON_CAUSE = "often indentation, a missing space behind a colon or an unclosed quote"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_MERGE = "<<"


class Table(dict[str, Any]):
    """A mapping; `places` says where each key stands."""

    __slots__ = ("places",)

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[str, Place] = {}


class Items(list[Any]):
    """A list; `places` says where each item begins."""

    __slots__ = ("places",)

    def __init__(self) -> None:
        super().__init__()
        self.places: list[Place] = []


class _Unusable(Exception):
    """The rest of the document makes no sense; what is wrong has been noted."""


def read_yaml(text: str, file: str, faults: list[Fault], most_values: int = MOST_VALUES) -> Table:
    """One YAML document -> its table; faults are added to `faults`. A document that breaks off is an empty table."""
    reader = _Reader(text, file, faults, most_values)
    try:
        return reader.document()
    except _Unusable:
        pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reader.fault(mark.line + 1 if mark else 1, _SYNTAX, f"{error.problem or error.context}", _COMMON_CAUSE)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        reader.fault(line, _SYNTAX, error.reason, "remove the unprintable character")
    return Table()


def place_of(table: Table, path: tuple[Key, ...], otherwise: Place) -> Place:
    """Where the value at `path` stands, or the nearest thing around it if there is no such value."""
    value: Any = table
    for key in path:
        if isinstance(value, Table) and isinstance(key, str) and key in value.places:
            otherwise, value = value.places[key], value.get(key)  # a `_file` twin has a place, but no value any more
        elif isinstance(value, Items) and isinstance(key, int) and key < len(value.places):
            otherwise, value = value.places[key], value[key]
        else:
            break
    return otherwise


def key_text(path: tuple[Key, ...]) -> str:
    """A path as operators read it, e.g. snmp.managers[0].host."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


def merge(first: Table, second: Table) -> Table:
    """Both tables in one; where both say something the second wins, tables are merged, everything else replaced."""
    both = Table()
    for source in (first, second):
        for key, value in source.items():
            old = both.get(key)
            both[key] = merge(old, value) if isinstance(old, Table) and isinstance(value, Table) else value
            both.places[key] = source.places[key]
    return both


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an anchor stands for, and how many values it adds wherever it is used."""

    value: Any
    size: int


class _Reader:
    """Turns the events of one document into values; recursion is bounded by MOST_LEVELS."""

    def __init__(self, text: str, file: str, faults: list[Fault], most_values: int) -> None:
        self._events: Iterator[Any] = yaml.parse(text.removeprefix("\ufeff"), Loader=yaml.CSafeLoader)
        self._file = file
        self._faults = faults
        self._most = most_values
        self._seen = 0
        self._anchors: dict[str, _Anchored | None] = {}  # None: begun and not yet ended

    def fault(self, line: int, key: str, wrong: str, hint: str = "") -> None:
        """Note what is wrong and go on."""
        self._faults.append(Fault(self._file, line, key, wrong, hint))

    def document(self) -> Table:
        """The whole document; an empty one is an empty table."""
        value: Any = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop(event, "a second document begins", "write one document per file, without ---")
            elif not isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentEndEvent):
                value = self._value(event, 0)
        if value is None:
            return Table()
        if not isinstance(value, Table):
            self.fault(1, _SYNTAX, "the file must hold keys with values", "write it as `key: value` lines")
            return Table()
        return value

    def _value(self, event: Any, level: int) -> Any:
        self._count(event, 1)
        if type(event) is yaml.ScalarEvent:
            value = self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        else:
            return self._container(event, level)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, 1)
        return value

    def _scalar(self, event: Any) -> str | None:
        if event.tag is not None:
            self._tag(event)
        text: str = event.value
        return None if event.implicit[0] and text in _NULLS else text

    def _container(self, event: Any, level: int) -> Table | Items:
        if level >= MOST_LEVELS:
            self._stop(event, f"nested more than {MOST_LEVELS} levels deep", "no key of ours is")
        if event.tag is not None:
            self._tag(event)
        before = self._seen
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        mapping = isinstance(event, yaml.MappingStartEvent)
        value: Table | Items = self._table(level + 1) if mapping else self._items(level + 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, self._seen - before + 1)
        return value

    def _table(self, level: int) -> Table:
        table = Table()
        places = table.places
        merged: list[Any] = []
        for event in self._events:
            if type(event) is yaml.MappingEndEvent:
                break
            if type(event) is not yaml.ScalarEvent:
                self._stop(event, "a key must be plain text", "quote it if it is meant to be text")
            key: str = event.value
            line: int = event.start_mark.line + 1
            value = self._value(next(self._events), level)
            if key == _MERGE and event.implicit[0]:
                merged.append(value)
            elif key in places:
                self.fault(line, key, f"written twice, first in line {places[key][1]}", "keep one of them")
            else:
                table[key] = value
                places[key] = (self._file, line)
        self._merge_in(table, merged)
        return table

    def _merge_in(self, table: Table, merged: list[Any]) -> None:
        """YAML's merge key: what stands in the table itself wins over what it refers to."""
        for value in merged:
            for source in value if isinstance(value, Items) else [value]:
                for key in source if isinstance(source, Table) else ():
                    if key not in table:
                        table[key] = source[key]
                        table.places[key] = source.places[key]

    def _items(self, level: int) -> Items:
        items = Items()
        for event in self._events:
            if type(event) is yaml.SequenceEndEvent:
                break
            items.places.append((self._file, event.start_mark.line + 1))
            items.append(self._value(event, level))
        return items

    def _alias(self, event: Any) -> Any:
        anchored = self._anchors.get(event.anchor)
        if anchored is None:
            known = event.anchor in self._anchors
            wrong = f"*{event.anchor} stands inside itself" if known else f"no &{event.anchor} stands before this"
            self._stop(event, wrong, "an alias repeats something complete that stands further up")
            raise AssertionError
        self._count(event, anchored.size - 1)  # the alias itself is counted already
        return anchored.value

    def _count(self, event: Any, values: int) -> None:
        self._seen += values
        if self._seen > self._most:
            self._stop(event, f"more than {self._most} values", "split the file or use fewer aliases")

    def _tag(self, event: Any) -> None:
        self.fault(
            event.start_mark.line + 1, _SYNTAX, f"the tag {event.tag} is not understood", "write the plain value"
        )

    def _stop(self, event: Any, wrong: str, hint: str) -> None:
        self.fault(event.start_mark.line + 1, _SYNTAX, wrong, hint)
        raise _Unusable
