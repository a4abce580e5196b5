"""The first page: the fleet's counts as tiles that filter, its worst alarms, and the table of devices.

Everything the page shows is in its address, so a view can be sent to a colleague. Not here: its looks (`fleet.html`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from daemon.fleet.connection import Connection
from daemon.fleet.model import Reachability
from daemon.http.operators.access import Reader
from daemon.http.operators.alarm_views import ALARMS, alarm_item
from daemon.http.operators.connections import connection_item
from daemon.http.operators.desk import AtDesk
from daemon.http.operators.lists import Query, count_matching, find, parse_query
from daemon.http.operators.live import WORST_ALARMS
from daemon.http.operators.pages.templates import page
from daemon.http.operators.summary import Counts, count
from daemon.http.operators.views import DEVICES, device_item

router = APIRouter(include_in_schema=False)

CONNECTIONS_SHOWN = 20  # those in trouble come first, and the API lists all
ALARMS_SHOWN = 5  # the page is about devices; more than this pushes them off the screen

COLUMNS = (
    ("mac", "MAC"),
    ("status", "Status"),
    ("user", "User"),
    ("number", "Number"),
    ("model", "Model"),
    ("tenant", "Tenant / site"),
    ("ip", "IP"),
    ("firmware", "Firmware"),
    ("reachability", "Reachability"),
    ("presence", "Presence"),
    ("rtt_ms", "RTT"),
    ("last_seen", "Last seen"),
)

_TROUBLE = {Reachability.UNREACHABLE: 0, Reachability.LAGGED: 1, Reachability.UNKNOWN: 2, Reachability.NO_STATUS: 3}
_AXES = (("status", "Status"), ("reachability", "Reachability"), ("presence", "Presence"))

Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Tile:
    """A count that is a link: to the devices it counts, or away from them when they are shown already."""

    value: str
    count: int
    href: str
    selected: bool


@dataclass(frozen=True, slots=True)
class Slice:
    """A tile's share of the bar above it, on a scale of 0 to 100."""

    value: str
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Axis:
    """One way to count the fleet."""

    field: str
    title: str
    tiles: tuple[Tile, ...]
    slices: tuple[Slice, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading, a link that sorts by it; `order` as in aria-sort."""

    field: str
    title: str
    href: str
    order: str


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, a link that takes it off."""

    field: str
    value: str
    href: str


@router.get("/")
async def show_fleet(request: Request, desk: AtDesk, caller: Reader) -> Response:
    """The fleet as the address asks for it."""
    parameters = tuple(request.query_params.multi_items())
    query, kept = parse_query(DEVICES, parameters), without(parameters, "cursor")
    devices = find(DEVICES, desk.directory.devices(), query)
    alarms = find(ALARMS, desk.directory.alarms.values(), WORST_ALARMS)
    counts = count(desk.directory.statistics())
    return page(
        "fleet.html",
        caller=caller,
        now=desk.clock.now(),
        counts=counts,
        axes=axes(counts, kept),
        alarms=[alarm_item(alarm, desk.directory.device) for alarm in alarms.items[:ALARMS_SHOWN]],
        connections=[connection_item(each) for each in troubled_first(desk.directory.connections.values())],
        columns=[_column(field, title, query, kept) for field, title in COLUMNS],
        chips=chips(kept),
        hidden=without(kept, "search"),
        search=query.search,
        devices=[device_item(device) for device in devices.items],
        matching=count_matching(DEVICES, desk.directory.devices(), query),
        first=link(kept) if query.after else "",
        following=link((*kept, ("cursor", devices.next))) if devices.next else "",
        events="/api/v1/events" + link(parameters).removeprefix("/"),
    )


def troubled_first(connections: Iterable[Connection]) -> list[Connection]:
    """The connections to show: down, then slow, then given up, then the others, each by name."""
    return sorted(connections, key=lambda each: (_TROUBLE.get(each.reachability, len(_TROUBLE)), each.name))[
        :CONNECTIONS_SHOWN
    ]


def link(parameters: Iterable[tuple[str, str]]) -> str:
    """The page's address with these parameters."""
    text = urlencode([(name, value) for name, value in parameters if value])
    return f"/?{text}" if text else "/"


def without(parameters: Parameters, *names: str) -> Parameters:
    """The parameters but those named."""
    return tuple(pair for pair in parameters if pair[0] not in names)


def axes(counts: Counts, parameters: Parameters) -> tuple[Axis, ...]:
    """The fleet counted three ways."""
    by_field: Mapping[str, Mapping[str, int]] = counts.model_dump()
    return tuple(
        Axis(field, title, tuple(_tiles(field, by_field[field], parameters)), tuple(_slices(by_field[field])))
        for field, title in _AXES
    )


def chips(parameters: Parameters) -> list[Chip]:
    """Every filter in force."""
    return [
        Chip(name, value, link(pair for pair in parameters if pair != (name, value)))
        for name, value in parameters
        if name in DEVICES.fields or (name == "search" and value)
    ]


def _tiles(field: str, counted: Mapping[str, int], parameters: Parameters) -> Iterable[Tile]:
    for value, number in counted.items():
        selected = (field, value) in parameters
        others = without(parameters, field)
        yield Tile(value, number, link(others if selected else (*others, (field, value))), selected)


def _slices(counted: Mapping[str, int]) -> Iterable[Slice]:
    whole, start = sum(counted.values()), 0.0
    for value, number in counted.items():
        if number:
            width = 100 * number / whole
            yield Slice(value, round(start, 3), round(width, 3))
            start += width


def _column(field: str, title: str, query: Query, parameters: Parameters) -> Column:
    """Sorting by a column that is sorted already turns it round."""
    sorted_up = query.sort == field and not query.descending
    order = "none" if query.sort != field else "descending" if query.descending else "ascending"
    others = without(parameters, "sort")
    return Column(field, title, link((*others, ("sort", f"-{field}" if sorted_up else field))), order)
