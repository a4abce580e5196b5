"""Who is queued what under which number, and how entries leave."""

from __future__ import annotations

from dataclasses import replace

import trio
from trio.testing import wait_all_tasks_blocked

from daemon.config.alarm_settings import OutboxLimits
from daemon.config.route_settings import Route
from daemon.fleet.notifications import End, Notification
from daemon.store.alarm_rows import OutboxEntry
from daemon.store.outbox import Outbox, OutboxMemory
from daemon.store.routing import Routed
from tests.support.notifications import WEDNESDAY, a_notification, an_alarm

A, B, C = (dict.fromkeys(name, Route()) for name in "abc")


def limits(limit: int = 100) -> OutboxLimits:
    return OutboxLimits.model_construct(limit=limit, age=1000.0)


class Table:
    """An outbox, and the ids of what left it, each with its end."""

    def __init__(self, *rows: OutboxEntry, limit: int = 100, **given: int) -> None:
        self.left: dict[int, End] = {}
        last = max((row.id for row in rows), default=0)
        self.outbox = Outbox(OutboxMemory(rows, last, given), limits(limit), self.left.__setitem__)

    def commit(self, *sequences: int) -> None:
        """These notifications became durable."""
        for sequence in sequences:
            self.outbox.admit(self.outbox.address(a_notification(sequence)))

    async def told(self, receiver: str, count: int) -> list[tuple[int, int]]:
        """Number and sequence of what a sender gets that settles each of them."""
        taken = []
        for _ in range(count):
            entry = await self.outbox.next(receiver)
            taken.append((entry.number, entry.notification.sequence))
            self.outbox.settle(entry)
        return taken


def pair() -> Table:
    table = Table()
    table.outbox.apply(A | B)
    return table


async def test_every_receiver_gets_every_notification_in_order_under_numbers_of_its_own() -> None:
    table = pair()
    table.commit(7, 8)
    table.outbox.apply(A | B | C)
    table.commit(9)
    assert await table.told("a", 3) == [(1, 7), (2, 8), (3, 9)]
    assert await table.told("b", 3) == [(1, 7), (2, 8), (3, 9)]
    assert await table.told("c", 1) == [(1, 9)]
    assert set(table.left.values()) == {End.SETTLED}
    assert table.outbox.statistics().given == {"a": 3, "b": 3, "c": 1}


async def test_what_a_receiver_did_not_choose_takes_no_number_and_is_counted_with_its_reason() -> None:
    table = Table()
    table.outbox.apply(A | {"b": Route(minimum="critical"), "c": Route(tenants=("globex",))})
    minor = a_notification(2, alarm=replace(an_alarm(), name="linkDown", severity=3, peak=3))  # type: ignore[arg-type]
    for notification in (a_notification(1), minor, a_notification(3)):
        table.outbox.admit(table.outbox.address(notification))
    assert await table.told("a", 3) == [(1, 1), (2, 2), (3, 3)]
    assert await table.told("b", 2) == [(1, 1), (2, 3)]
    assert table.outbox.statistics().routed == {
        ("a", Routed.QUEUED): 3,
        ("b", Routed.QUEUED): 2,
        ("b", Routed.SEVERITY): 1,
        ("c", Routed.TENANT): 3,
    }


async def test_the_next_entry_stays_until_it_is_settled() -> None:
    table = pair()
    table.commit(1, 2)
    assert await table.outbox.next("a") is await table.outbox.next("a")
    assert table.left == {}


async def test_a_sender_waits_for_an_entry_and_gets_it_only_once_it_is_committed(
    autojump_clock: trio.testing.MockClock,
) -> None:
    table = pair()
    got: list[Notification] = []

    async def sender() -> None:
        got.append((await table.outbox.next("a")).notification)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(sender)
        addressed = table.outbox.address(a_notification(1))
        await wait_all_tasks_blocked()
        assert got == []
        table.outbox.admit(addressed)
    assert [each.sequence for each in got] == [1]


async def test_beyond_the_limit_the_oldest_go_and_are_counted_by_severity() -> None:
    table = Table(limit=2)
    table.outbox.apply(A)
    table.commit(1, 2, 3, 4)
    assert await table.told("a", 2) == [(3, 3), (4, 4)]
    statistics = table.outbox.statistics()
    assert statistics.left[End.OVERFLOWED] == 2
    assert statistics.dropped == {("a", "critical"): 2}
    assert table.outbox.losses() == {"a": 2}
    assert table.left == {1: End.OVERFLOWED, 2: End.OVERFLOWED, 3: End.SETTLED, 4: End.SETTLED}


async def test_a_slow_receiver_costs_no_other_anything() -> None:
    table = Table(limit=2)
    table.outbox.apply(A | B)
    for sequence in range(1, 9):
        table.commit(sequence)
        await table.told("b", 1)
    statistics = table.outbox.statistics()
    assert statistics.waiting == {"a": 2, "b": 0}
    assert statistics.dropped == {("a", "critical"): 6}


async def test_what_waited_too_long_goes_and_is_counted() -> None:
    table = pair()
    table.commit(1, 2)
    await table.told("b", 1)
    assert table.outbox.statistics().oldest == {"a": WEDNESDAY, "b": WEDNESDAY}
    table.outbox.expire(WEDNESDAY + 1000.0)
    assert table.outbox.waiting("a") == 2
    table.outbox.expire(WEDNESDAY + 1000.1)
    assert (table.outbox.waiting("a"), table.outbox.waiting("b")) == (0, 0)
    assert table.outbox.statistics().left[End.AGED] == 3
    assert table.outbox.statistics().oldest == {}


async def test_settling_what_overflowed_meanwhile_does_nothing() -> None:
    table = Table(limit=1)
    table.outbox.apply(A)
    table.commit(1)
    entry = await table.outbox.next("a")
    table.commit(2)
    table.outbox.settle(entry)
    assert table.left == {1: End.OVERFLOWED}


def test_a_new_receiver_starts_empty_and_what_waited_for_a_removed_one_ends() -> None:
    table = pair()
    table.commit(1, 2)
    table.outbox.apply(B | C)
    assert table.outbox.statistics().waiting == {"b": 2, "c": 0}
    assert table.left == {1: End.ORPHANED, 3: End.ORPHANED}


def test_what_was_being_committed_for_a_removed_receiver_ends_too() -> None:
    table = pair()
    addressed = table.outbox.address(a_notification(1))
    table.outbox.apply(B)
    table.outbox.admit(addressed)
    assert table.left == {1: End.ORPHANED}
    assert table.outbox.statistics().waiting == {"b": 1}


async def test_the_numbers_of_a_receiver_that_comes_back_go_on() -> None:
    table = pair()
    table.commit(1, 2)
    table.outbox.apply(B)
    table.commit(3)
    table.outbox.apply(A | B)
    table.commit(4)
    assert await table.told("a", 1) == [(3, 4)]


def test_a_smaller_limit_applies_to_what_waits_already() -> None:
    table = pair()
    table.commit(1, 2, 3)
    table.outbox.apply(A | B, limits(1))
    assert table.outbox.statistics().waiting == {"a": 1, "b": 1}


async def test_what_waited_comes_first_after_a_start_and_numbers_and_ids_go_on() -> None:
    waiting = [OutboxEntry(7, "a", 3, a_notification(3)), OutboxEntry(9, "a", 5, a_notification(4))]
    table = Table(*waiting, a=6)
    table.outbox.apply(A)
    assert [(entry.id, entry.number) for entry in table.outbox.address(a_notification(5))] == [(10, 7)]
    assert await table.told("a", 2) == [(3, 3), (5, 4)]


async def test_whoever_had_no_number_of_its_own_goes_on_from_what_everybody_was_told() -> None:
    table = Table(**{"": 40, "a": 7})
    table.outbox.apply(A | B)
    table.commit(41)
    assert await table.told("a", 1) == [(8, 41)]
    assert await table.told("b", 1) == [(41, 41)]


async def test_what_is_to_be_sent_again_keeps_its_number_and_comes_in_its_place_once() -> None:
    table = pair()
    table.commit(1, 2, 3)
    entry = await table.outbox.next("a")
    table.outbox.settle(entry)
    again = replace(entry, again_at=WEDNESDAY)
    table.outbox.admit([again, again])
    assert table.outbox.waits("a", entry.id)
    assert await table.told("a", 3) == [(1, 1), (2, 2), (3, 3)]
    assert table.outbox.statistics().again == 1


async def test_a_sender_of_a_receiver_that_is_added_later_is_woken(autojump_clock: trio.testing.MockClock) -> None:
    table = Table()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(table.outbox.next, "late")
        await wait_all_tasks_blocked()
        table.outbox.apply({"late": Route()})
        table.commit(1)
