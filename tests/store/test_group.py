"""A group writes what its commands said, however they are grouped, coalesced, refused and laid over each other."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import count
from typing import Any

import sqlalchemy
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.fleet.model import DeviceState, Mac, Transition
from daemon.fleet.notifications import End, Notification, PastAlarm
from daemon.fleet.records import NumberEntry, PhoneRequest
from daemon.fleet.store_commands import (
    AppendTransition,
    DropDevice,
    HoldCommits,
    Notify,
    RecordAlarm,
    ReleaseCommits,
    SaveLastSeen,
    SaveMark,
    SaveNumber,
    SaveRequest,
    SaveState,
    StoreCommand,
)
from daemon.store import alarm_rows, rows, schema, statements
from daemon.store.alarm_rows import OutboxEntry
from daemon.store.group import CHUNK, Group
from tests.support.notifications import a_notification, an_alarm
from tests.support.nouns import state_with_report
from tests.support.remembered import Remembered, commands

MAC = Mac("00908f000000")


def empty() -> sqlite3.Connection:
    """The tables in memory, without Alembic."""
    connection = sqlite3.connect(":memory:")
    dialect = sqlalchemy.create_mock_engine("sqlite://", lambda statement, *_: connection.execute(str(statement)))
    schema.METADATA.create_all(dialect, checkfirst=False)
    return connection


def write(connection: sqlite3.Connection, group: Group) -> None:
    for sql, values in group.steps():
        connection.executemany(sql, values)


def read(connection: sqlite3.Connection, table: sqlalchemy.Table) -> list[Any]:
    return connection.execute(statements.select_all(table)).fetchall()


def entry(number: int, notification: Notification | None = None, again_at: float | None = None) -> OutboxEntry:
    """Notification number `number` for receiver m, in the row of that id."""
    return OutboxEntry(number, "m", number, notification or a_notification(number), again_at)


def outbox(connection: sqlite3.Connection) -> list[tuple[int, float | None, str]]:
    """Id, and when and how it left, of every row."""
    return connection.execute('SELECT id, left_at, "end" FROM outbox ORDER BY id').fetchall()


def grouped(*orders: StoreCommand) -> Group:
    group = Group()
    numbers = count(1)
    for order in orders:
        if isinstance(order, Notify):
            group.notify([entry(next(numbers), order.notification)])
        elif not isinstance(order, HoldCommits | ReleaseCommits):
            group.add(order)
    return group


def states(connection: sqlite3.Connection) -> list[DeviceState]:
    return list(map(rows.state_of, read(connection, schema.device_states)))


def step(index: int) -> Transition:
    return Transition(MAC, float(index), "presence", "STARTED", "REGISTERED", "keep-alive")


@settings(max_examples=120)
@given(st.lists(st.tuples(commands.filter(lambda each: not isinstance(each, Notify)), st.integers(0, 9)), max_size=40))
def test_groups_write_what_the_commands_said_one_by_one(script: list[tuple[Any, int]]) -> None:
    model, group = Remembered(), Group()
    with closing(empty()) as connection:
        for command, then in script:
            model.handle(command)
            group.add(command)
            if then == 0:  # the disk took it
                write(connection, group)
                group = Group()
            elif then == 1:  # it refused an older group
                older, group = group, Group()
                older.absorb(group)
                group = older
        write(connection, group)
        found = model.snapshot()
        assert tuple(map(rows.tenant_of, read(connection, schema.tenants))) == found.tenants
        assert tuple(map(rows.device_of, read(connection, schema.devices))) == found.records
        assert tuple(states(connection)) == found.states
        assert tuple(map(rows.request_of, read(connection, schema.requests))) == found.requests
        assert tuple(map(alarm_rows.alarm_of, read(connection, schema.alarms))) == found.alarms
        assert dict(read(connection, schema.marks)) == found.marks
        assert [rows.transition_of(row[1:]) for row in read(connection, schema.transitions)] == model.transitions


@settings(max_examples=120)
@given(st.lists(commands, max_size=25), st.lists(commands, max_size=25))
def test_a_refused_group_with_a_newer_one_laid_over_is_the_same_as_both_in_order(
    older: list[StoreCommand], newer: list[StoreCommand]
) -> None:
    model, group = Remembered(), grouped(*older)
    group.absorb(grouped(*(order for order in newer if not isinstance(order, Notify))))
    for command in older + newer:
        model.handle(command)
    with closing(empty()) as connection:
        write(connection, group)
        found = model.snapshot()
        assert tuple(states(connection)) == found.states
        assert tuple(map(rows.device_of, read(connection, schema.devices))) == found.records
        assert tuple(map(rows.request_of, read(connection, schema.requests))) == found.requests
        assert tuple(map(alarm_rows.alarm_of, read(connection, schema.alarms))) == found.alarms
        assert tuple(map(rows.number_of, read(connection, schema.numbers))) == found.numbers


def test_the_last_word_for_a_key_costs_one_row() -> None:
    group = grouped(*(SaveNumber(NumberEntry("2041", usage=str(turn))) for turn in range(100)))
    assert len(group) == 1
    ((_, values),) = group.steps()
    assert [row[2] for row in values] == ["99"]


def test_last_seen_changes_nothing_else_and_needs_a_row() -> None:
    known, unknown = state_with_report(MAC, status="registered"), Mac("00908f000009")
    with closing(empty()) as connection:
        write(connection, grouped(SaveState(known)))
        write(connection, grouped(SaveLastSeen(MAC, 77.0), SaveLastSeen(unknown, 77.0)))
        assert states(connection) == [state_with_report(MAC, last_seen=77.0, status="registered")]


def test_a_whole_state_stands_over_an_earlier_last_seen() -> None:
    with closing(empty()) as connection:
        write(connection, grouped(SaveLastSeen(MAC, 77.0), SaveState(state_with_report(MAC, last_seen=80.0))))
        assert [state.last_seen for state in states(connection)] == [80.0]


def test_a_dropped_device_takes_its_requests_along_but_not_its_timeline() -> None:
    request = PhoneRequest(1, MAC, "Restart", {}, 1.0, 2.0)
    with closing(empty()) as connection:
        write(connection, grouped(SaveRequest(request), AppendTransition(step(1))))
        write(connection, grouped(DropDevice(MAC)))
        assert read(connection, schema.requests) == []
        assert len(read(connection, schema.transitions)) == 1


def test_a_request_for_a_device_that_came_back_survives_the_drop_before_it() -> None:
    request = PhoneRequest(1, MAC, "Restart", {}, 1.0, 2.0)
    with closing(empty()) as connection:
        write(connection, grouped(DropDevice(MAC), SaveRequest(request)))
        assert len(read(connection, schema.requests)) == 1


def test_rows_come_in_chunks_so_that_sockets_get_their_turn() -> None:
    group = grouped(*(SaveMark(str(index), index) for index in range(CHUNK + 1)))
    assert [len(values) for _, values in group.steps()] == [CHUNK, 1]


def test_the_oldest_steps_go_first_when_a_group_is_trimmed() -> None:
    group = grouped(*(AppendTransition(step(index)) for index in range(10)))
    assert group.trim(4) == 6
    ((_, values),) = group.steps()
    assert [at for _, at, *_ in values] == [6.0, 7.0, 8.0, 9.0]


def test_a_notification_that_was_sent_before_it_was_written_is_written_as_sent() -> None:
    older, newer = grouped(Notify(a_notification(1)), Notify(a_notification(2))), Group()
    newer.leave(1, 5.0, End.SETTLED)
    older.absorb(newer)
    with closing(empty()) as connection:
        write(connection, older)
        assert outbox(connection) == [(1, 5.0, "settled"), (2, None, "")]


def test_what_is_to_be_sent_again_waits_again_whatever_became_of_it_before() -> None:
    with closing(empty()) as connection:
        write(connection, grouped(*(Notify(a_notification(number)) for number in (1, 2, 3))))
        group = Group()
        group.leave(1, 5.0, End.SETTLED)
        group.leave(2, 5.0, End.OVERFLOWED)
        group.notify([entry(1, again_at=6.0)])
        newer = Group()
        newer.notify([entry(2, again_at=6.0)])
        newer.leave(1, 7.0, End.SETTLED)
        group.absorb(newer)
        assert [each.id for each in group.newcomers()] == [1, 2]
        assert group.newcomers() == []
        write(connection, group)
        assert outbox(connection) == [(1, 7.0, "settled"), (2, None, ""), (3, None, "")]
        assert read(connection, schema.receivers) == [("m", 3)]  # numbers do not go back


def test_what_is_only_added_is_bounded_and_the_oldest_goes_first() -> None:
    group = grouped(*(Notify(a_notification(number)) for number in range(1, 6)))
    for number in (1, 2, 3, 4):
        group.leave(number, 5.0, End.SETTLED)
    for number in (1, 2, 3):
        group.add(RecordAlarm(PastAlarm(number, an_alarm(), 5.0, "cleared")))
    assert group.trim(2) == 3
    with closing(empty()) as connection:
        write(connection, group)
        assert outbox(connection) == [(3, 5.0, "settled"), (4, 5.0, "settled"), (5, None, "")]
        assert [row[0] for row in read(connection, schema.alarm_history)] == [2, 3]
        assert read(connection, schema.receivers) == [("m", 5)]
