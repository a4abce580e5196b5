"""Lists as every route gives them: filtered by field name, searched, sorted, in pages with an opaque cursor.

A cursor is the place of the last item in the order (its sort value and its key), not a count of items: whatever
comes and goes between two pages, an item that stays where it is in the order is given exactly once. Pure: query in,
page out. Not here: which fields a thing has (`views`).
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from typing import Any, Generic, TypeVar

from daemon.http.operators.problems import Problem, ProblemFault

Thing = TypeVar("Thing")
Value = str | float | bool | None

DEFAULT_LIMIT = 100  # a screenful or two
MAX_LIMIT = 1000  # one answer stays below half a megabyte
_MAX_TEXT = 200  # of a filter or a search: as long as anybody types
_MOST_FAULTS = 20  # told of one query; each names every field, and a request line has room for thousands
_MAX_CURSOR = 8192  # it holds a sort value whole, and a request line may have 16 KiB
_MAC_PUNCTUATION = str.maketrans("", "", ":-")


@dataclass(frozen=True, slots=True)
class Field(Generic[Thing]):
    """One field: `read` gives what it sorts by, `show` the text it is filtered by; `fold` brings typed text to that."""

    read: Callable[[Thing], Value]
    show: Callable[[Any], str] = str
    fold: Callable[[str], str] = str.casefold


@dataclass(frozen=True, slots=True)
class Listing(Generic[Thing]):
    """How one kind of thing is listed. `key` is the field that names it and never changes."""

    key: str
    fields: Mapping[str, Field[Thing]]
    search: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked. `filters`: field -> accepted texts, one of which must fit; `after`: place of the last item."""

    filters: Mapping[str, frozenset[str]]
    search: str = ""
    sort: str = ""
    descending: bool = False
    limit: int = DEFAULT_LIMIT
    after: tuple[Value, str] | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Thing]):
    """A piece of a list; `next` is the cursor of the following piece, if there is one."""

    items: list[Thing]
    next: str | None


def truth(value: bool) -> str:
    """How a field that is true or false is filtered by."""
    return "true" if value else "false"


def fold_mac(text: str) -> str:
    """A typed MAC, or a piece of one, in any punctuation -> as it is kept."""
    return text.casefold().translate(_MAC_PUNCTUATION)


def parse_query(listing: Listing[Any], parameters: Iterable[tuple[str, str]]) -> Query:
    """Query parameters -> what was asked; `Problem` 422 naming every parameter that will not do.

    Strict, because a misspelt filter that is ignored shows the whole fleet.
    """
    faults: list[ProblemFault] = []
    filters: dict[str, frozenset[str]] = {}
    plain = {"search": "", "sort": listing.key, "limit": str(DEFAULT_LIMIT), "cursor": ""}
    for name, text in parameters:
        if len(faults) == _MOST_FAULTS:
            break
        longest = _MAX_CURSOR if name == "cursor" else _MAX_TEXT
        if len(text) > longest:
            faults.append(ProblemFault(key=name, wrong=f"longer than {longest} characters"))
        elif name in plain:
            plain[name] = text
        elif name in listing.fields:
            filters[name] = filters.get(name, frozenset()) | {listing.fields[name].fold(text)}
        else:
            faults.append(ProblemFault(key=name, wrong="no such field", hint=f"one of {', '.join(listing.fields)}"))
    sort = plain["sort"].removeprefix("-")
    if sort not in listing.fields:
        faults.append(ProblemFault(key="sort", wrong="no such field", hint=f"one of {', '.join(listing.fields)}"))
    limit = int(plain["limit"]) if plain["limit"].isascii() and plain["limit"].isdecimal() else 0
    if not 1 <= limit <= MAX_LIMIT:
        faults.append(ProblemFault(key="limit", wrong=f"not a number from 1 to {MAX_LIMIT}"))
    after = _read_cursor(plain["cursor"], plain["sort"], faults)
    if faults:
        raise Problem(422, "the query does not have the expected form", tuple(faults))
    return Query(filters, plain["search"].strip(), sort, plain["sort"].startswith("-"), limit, after)


def find(listing: Listing[Thing], things: Iterable[Thing], query: Query) -> Page[Thing]:
    """The page of `things` that `query` asks for, in order of the sort field and then of the key."""
    place = _place(listing, query.sort)
    left: Iterable[Thing] = matching(listing, things, query)
    if query.after is not None:
        last = _order(*query.after)
        left = (t for t in left if (place(t) < last if query.descending else place(t) > last))
    pick = nlargest if query.descending else nsmallest
    found = pick(query.limit + 1, left, key=place)
    items = found[: query.limit]
    more = len(found) > query.limit
    return Page(items, _write_cursor(listing, query, items[-1]) if more else None)


def matching(listing: Listing[Thing], things: Iterable[Thing], query: Query) -> Iterable[Thing]:
    """What the filters and the search leave of `things`, on all pages together."""
    return _sifted(listing, things, query) if query.filters or query.search else things


def count_matching(listing: Listing[Thing], things: Iterable[Thing], query: Query) -> int:
    """How many of `things` the filters and the search leave, on all pages together."""
    return sum(1 for _ in matching(listing, things, query))


def parameters_of(listing: Listing[Any]) -> dict[str, Any]:
    """The query parameters of a list, for OpenAPI."""
    text = {"type": "string", "maxLength": _MAX_TEXT}
    filters = [
        {"name": name, "in": "query", "schema": {"type": "array", "items": text}, "description": f"only this {name}"}
        for name in listing.fields
    ]
    sorts = [sign + name for name in listing.fields for sign in ("", "-")]
    number = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    plain = [
        {"name": "search", "in": "query", "schema": text, "description": f"text within {', '.join(listing.search)}"},
        {"name": "sort", "in": "query", "schema": {"type": "string", "enum": sorts, "default": listing.key}},
        {"name": "limit", "in": "query", "schema": number},
        {"name": "cursor", "in": "query", "schema": text | {"maxLength": _MAX_CURSOR}, "description": "`next` before"},
    ]
    return {"parameters": plain + filters}


def _sifted(listing: Listing[Thing], things: Iterable[Thing], query: Query) -> Iterator[Thing]:
    filters = [(listing.fields[name], wanted) for name, wanted in query.filters.items()]
    searched = [(field, field.fold(query.search)) for field in (listing.fields[name] for name in listing.search)]
    for thing in things:
        if all(_shown(field, thing) in wanted for field, wanted in filters) and (
            not query.search or any(text in _shown(field, thing) for field, text in searched)
        ):
            yield thing


def _shown(field: Field[Thing], thing: Thing) -> str:
    value = field.read(thing)
    return "" if value is None else field.show(value).casefold()


def _order(value: Value, key: str) -> tuple[int, Any, str]:
    """No value, then numbers, then texts: total for anything a cursor may hold. The key decides between equals."""
    if value is None:
        return (0, 0, key)
    return (2 if isinstance(value, str) else 1, value, key)


def _place(listing: Listing[Thing], sort: str) -> Callable[[Thing], tuple[int, Any, Any]]:
    read, key = listing.fields[sort].read, listing.fields[listing.key].read
    if sort == listing.key:  # by far the most usual order: half the calls
        return lambda thing: (2, name := key(thing), name)
    return lambda thing: _order(read(thing), str(key(thing)))


def _write_cursor(listing: Listing[Thing], query: Query, last: Thing) -> str:
    value, key = listing.fields[query.sort].read(last), listing.fields[listing.key].read(last)
    order = ("-" if query.descending else "") + query.sort
    return urlsafe_b64encode(json.dumps([order, value, key], separators=(",", ":")).encode()).decode().rstrip("=")


def _read_cursor(cursor: str, order: str, faults: list[ProblemFault]) -> tuple[Value, str] | None:
    if not cursor:
        return None
    try:
        made_for, value, key = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError):
        made_for = value = key = None
    if not isinstance(key, str) or not isinstance(made_for, str) or not isinstance(value, Value | None):
        faults.append(ProblemFault(key="cursor", wrong="not a cursor", hint="take it from `next` as it is"))
        return None
    if made_for != order:
        hint = f"use it with sort={made_for}" if made_for.isprintable() else ""
        faults.append(ProblemFault(key="cursor", wrong="made for another order", hint=hint))
        return None
    return value, key
