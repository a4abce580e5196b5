from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rich.console import Console

from daemon.cli.demo_view import Note, newest_changes, picture, plain_line
from daemon.fleet.connection import Connection
from daemon.fleet.device import Device
from daemon.fleet.model import ConnectionRecord, DeviceRecord, Mac, Presence, Reachability, Status
from daemon.fleet.notifications import Alarm, EventType, Severity, Telling
from daemon.fleet.operations.operation import Kind, Operation, OperationState, Plan, Step


def device(number: str, reachability: Reachability, since: float) -> Device:
    made = Device(DeviceRecord(Mac(f"00908f00{number}"), number=number), 0.0)
    made.reachability, made.reachability_since, made.reachability_reason = reachability, since, f"reason {number}"
    return made


DEVICES = [
    device("2001", Reachability.OK, 10.0),
    device("2002", Reachability.UNREACHABLE, 30.0),
    device("2003", Reachability.OK, 20.0),
]
ALARM = Alarm(
    id="a",
    sequence=1,
    name="deviceUnreachable",
    source="x",
    device=Mac("00908f002002"),
    tenant="acme",
    severity=Severity.MAJOR,
    description="The phone stopped [answering].",
    event_type=EventType.COMMUNICATIONS,
    probable_cause=29,
    additional_info=(),
    raised_at=30.0,
    updated_at=30.0,
)


@dataclass
class Counts:
    reachability: Mapping[Reachability, int]
    presence: Mapping[Presence, int]
    status: Mapping[Status, int]


@dataclass
class Ordered:
    """Operations by id, each with two devices proved and one that waits."""

    by_id: dict[int, Operation] = field(default_factory=dict)

    def counts(self, _identity: int, /) -> Mapping[Step, int]:
        return {Step.WAITING: 1, Step.PROVED: 2, Step.FAILED: 0}


RESTART = Operation(7, Kind.RESTART, Plan(), "alice", 0.0, state=OperationState.RUNNING)


@dataclass
class SmallFleet:
    """Three devices, a SIP connection and one alarm."""

    alarms: dict[str, Alarm] = field(default_factory=lambda: {"a": ALARM})
    connections: dict[str, Connection] = field(
        default_factory=lambda: {"carrier": Connection(ConnectionRecord("carrier", "sip:127.30.0.1"), 0.0)}
    )

    operations: Ordered = field(default_factory=Ordered)

    def devices(self) -> list[Device]:
        return DEVICES

    def statistics(self) -> Counts:
        return Counts(
            Counter(device.reachability for device in DEVICES),
            Counter(device.presence for device in DEVICES),
            Counter(device.status for device in DEVICES),
        )


def test_the_newest_changes_come_first_with_their_reason() -> None:
    changes = newest_changes(DEVICES, limit=2)
    assert [(change.number, change.state, change.reason) for change in changes] == [
        ("2002", "UNREACHABLE", "reason 2002"),
        ("2003", "OK", "reason 2003"),
    ]


def test_a_plain_line_leaves_out_states_without_devices() -> None:
    assert plain_line(SmallFleet(), 12.3) == (
        "   12 s | reachability: OK 2, UNREACHABLE 1 | presence: NEVER_SEEN 3 | status: UNMONITORED 3"
        " | connections: NO_STATUS 1 | alarms: 1"
    )


def test_the_picture_shows_all_states_changes_and_alarms() -> None:
    console = Console(width=140)
    with console.capture() as shown:
        console.print(picture(SmallFleet(), "heading", 40.0))
    text = shown.get()
    for word in (*Reachability, *Presence, *Status, "heading", "reason 2002", "carrier", "MAJOR", "Active alarms: 1"):
        assert word in text
    assert "stopped [answering]" in text
    assert "10 s" in text


def test_the_alarms_of_a_dead_sites_phones_are_counted_and_the_sites_own_is_shown() -> None:
    down = replace(ALARM, id="s", name="siteDown", source="Site/acme/warehouse", device=None, updated_at=29.0)
    folded = (replace(ALARM, id=str(n), parent="s", telling=Telling.FOLDED) for n in range(7))
    fleet = SmallFleet(alarms={alarm.id: alarm for alarm in (down, *folded)})
    assert "alarms: 8, 7 of them folded beneath Site/acme/warehouse" in plain_line(fleet, 0.0)
    console = Console(width=140)
    with console.capture() as shown:
        console.print(picture(fleet, "heading", 40.0))
    text = shown.get()
    assert "Active alarms: 8, 7 of them folded beneath Site/acme/warehouse" in text
    assert text.count("siteDown") == 1
    assert "deviceUnreachable" not in text


def test_the_newest_operation_is_shown_with_the_steps_of_its_devices() -> None:
    fleet = SmallFleet(operations=Ordered({6: RESTART, 7: RESTART}))
    assert plain_line(fleet, 0.0).endswith(" | operation 7, restart: RUNNING, WAITING 1, PROVED 2")
    console = Console(width=140)
    with console.capture() as shown:
        console.print(picture(fleet, "heading", 40.0, [Note(38.0, "[somebody] was approved")]))
    text = shown.get()
    assert all(word in text for word in ("Operation 7", "restart", "RUNNING", *Step))
    assert "   2 s  [somebody] was approved" in text
