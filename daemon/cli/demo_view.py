"""What the demo shows of the fleet: a live picture for a terminal, or one plain line for a pipe.

Not here: when it is shown (`demo`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from heapq import nlargest
from typing import Protocol, TypeVar

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from daemon.fleet.connection import Connection
from daemon.fleet.device import Device
from daemon.fleet.model import Presence, Reachability, Status
from daemon.fleet.notifications import Alarm, Severity, Telling
from daemon.fleet.operations.operation import Operation, Step

_State = TypeVar("_State", Reachability, Presence, Status)

NEWEST_TRANSITIONS = 8
NEWEST_ALARMS = 5

_STYLES = {
    **dict.fromkeys(("OK", "REGISTERED", "Used", "PROVED"), "green"),
    **dict.fromkeys(("WARNING", "LAGGED", "MINOR", "STARTED", "Cooling"), "yellow"),
    **dict.fromkeys(("ERROR", "UNREACHABLE", "UNREGISTERED", "DISCONNECTED", "CRITICAL", "MAJOR", "FAILED"), "red"),
}


class Statistics(Protocol):
    """The counts of a fleet by state."""

    @property
    def reachability(self) -> Mapping[Reachability, int]:
        """Devices by reachability."""

    @property
    def presence(self) -> Mapping[Presence, int]:
        """Devices by presence."""

    @property
    def status(self) -> Mapping[Status, int]:
        """Devices by status."""


class Operations(Protocol):
    """What operators have ordered of many devices."""

    @property
    def by_id(self) -> Mapping[int, Operation]:
        """Each operation."""

    def counts(self, identity: int, /) -> Mapping[Step, int]:
        """How many of its devices are at which step."""


class Watched(Protocol):
    """What is looked at: the reading side of the daemon's fleet."""

    @property
    def alarms(self) -> Mapping[str, Alarm]:
        """Active alarms by id."""

    @property
    def connections(self) -> Mapping[str, Connection]:
        """SIP connections by name."""

    @property
    def operations(self) -> Operations:
        """What was ordered, and how far it is."""

    def statistics(self) -> Statistics:
        """Counts by state."""

    def devices(self) -> Collection[Device]:
        """All devices."""


@dataclass(frozen=True, slots=True)
class Change:
    """A device's newest change on one axis."""

    at: float
    number: str
    mac: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """What the demo's operator did or saw."""

    at: float
    text: str


def newest_changes(devices: Iterable[Device], limit: int = NEWEST_TRANSITIONS) -> list[Change]:
    """The latest changes of reachability and presence in the fleet, newest first."""
    changes = (change for device in devices for change in _changes_of(device))
    return nlargest(limit, changes, key=lambda change: change.at)


def plain_line(fleet: Watched, elapsed: float) -> str:
    """The state of the fleet in one line; states that no device is in are left out."""
    counts = fleet.statistics()
    connections = Counter(connection.reachability for connection in fleet.connections.values())
    return (
        f"{elapsed:5.0f} s | reachability: {_in_words(counts.reachability)} | presence: {_in_words(counts.presence)}"
        f" | status: {_in_words(counts.status)} | connections: {_in_words(connections)} | alarms: {len(fleet.alarms)}"
        f"{_folding_in_words(fleet.alarms)}{_operation_in_words(fleet.operations)}"
    )


def picture(fleet: Watched, heading: RenderableType, now: float, diary: Iterable[Note] = ()) -> RenderableType:
    """The state of the fleet as it is drawn on a terminal."""
    counts = fleet.statistics()
    columns = Columns(
        [
            _counts("Reachability", counts.reachability, Reachability),
            _counts("Presence", counts.presence, Presence),
            _counts("Status", counts.status, Status),
            _connections(fleet.connections.values()),
            *_newest_operation(fleet.operations),
        ],
        padding=(0, 3),
    )
    changes, alarms = _transitions(fleet.devices(), now), _alarms(fleet.alarms, now)
    return Group(heading, columns, _diary(diary, now), changes, alarms)


def _changes_of(device: Device) -> Iterable[Change]:
    number, mac = device.number, device.mac
    yield Change(device.reachability_since, number, mac, device.reachability, device.reachability_reason)
    yield Change(device.presence_since, number, mac, device.presence, device.presence_reason)


def _folding_in_words(alarms: Mapping[str, Alarm]) -> str:
    """How many of them receivers do not hear of, and beneath which, if there are any."""
    beneath = Counter(alarms[alarm.parent].source for alarm in alarms.values() if alarm.parent in alarms)
    return "".join(f", {count} of them folded beneath {parent}" for parent, count in beneath.items())


def _operation_in_words(operations: Operations) -> str:
    """The newest one, if there is any."""
    newest = max(operations.by_id, default=0)
    if not newest:
        return ""
    operation, counts = operations.by_id[newest], operations.counts(newest)
    steps = ", ".join(f"{step} {counts[step]}" for step in Step if counts.get(step))
    return f" | operation {newest}, {operation.kind}: {operation.state}, {steps}"


def _newest_operation(operations: Operations) -> Iterable[Table]:
    """How far the newest one is, if there is any."""
    newest = max(operations.by_id, default=0)
    if newest:
        operation, counts = operations.by_id[newest], operations.counts(newest)
        table = Table(title=f"Operation {newest}", show_header=False, title_justify="left", title_style="bold")
        table.add_row(str(operation.kind), _coloured(operation.state))
        for step in Step:
            table.add_row(_coloured(step), Text(str(counts.get(step, 0)), justify="right"))
        yield table


def _diary(notes: Iterable[Note], now: float) -> Table:
    table = Table(title="Operator", title_justify="left", title_style="bold", expand=True, box=None, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, ratio=1)
    for note in notes:
        table.add_row(_ago(note.at, now), Text(note.text))
    return table


def _in_words(states: Mapping[_State, int]) -> str:
    return ", ".join(f"{state} {count}" for state, count in states.items() if count) or "none"


def _counts(title: str, counts: Mapping[_State, int], states: Iterable[_State]) -> Table:
    table = Table(title=title, show_header=False, title_justify="left", title_style="bold")
    for state in states:
        table.add_row(_coloured(state), Text(str(counts.get(state, 0)), justify="right"))
    return table


def _connections(connections: Iterable[Connection]) -> Table:
    table = Table(title="SIP connections", show_header=False, title_justify="left", title_style="bold")
    for connection in connections:
        table.add_row(connection.name, _coloured(connection.reachability))
    return table


def _transitions(devices: Iterable[Device], now: float) -> Table:
    table = Table(title="Latest changes", title_justify="left", title_style="bold", expand=True, box=None)
    for heading in ("", "Number", "Device", "State"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Reason", no_wrap=True, ratio=1)
    for change in newest_changes(devices):
        table.add_row(_ago(change.at, now), change.number, change.mac, _coloured(change.state), Text(change.reason))
    return table


def _alarms(alarms: Mapping[str, Alarm], now: float) -> Table:
    """The newest of those that receivers hear of, or may: one of a dead site stands there for all of its phones."""
    title = f"Active alarms: {len(alarms)}{_folding_in_words(alarms)}"
    shown = (alarm for alarm in alarms.values() if alarm.telling is not Telling.FOLDED)
    table = Table(title=title, title_justify="left", title_style="bold", expand=True, box=None)
    for heading in ("", "Severity", "Device", "Alarm"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Description", no_wrap=True, ratio=1)
    for alarm in nlargest(NEWEST_ALARMS, shown, key=lambda alarm: alarm.updated_at):
        severity = _coloured(Severity(alarm.severity).name)
        source = alarm.device or alarm.source
        table.add_row(_ago(alarm.updated_at, now), severity, source, alarm.name, Text(alarm.description))
    return table


def _coloured(state: str) -> Text:
    return Text(str(state), style=_STYLES.get(str(state), "dim"))


def _ago(at: float, now: float) -> Text:
    return Text(f"{max(0.0, now - at):4.0f} s", style="dim")
