"""Order, overflow and reload of the notifications that wait."""

from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked

from daemon.fleet.notifications import Notification
from daemon.store.alarm_rows import OutboxEntry
from daemon.store.outbox import Outbox
from tests.support.notifications import a_notification


class Table:
    """An outbox, and the ids whose rows it wanted deleted."""

    def __init__(self, *rows: OutboxEntry, limit: int = 100) -> None:
        self.deleted: list[int] = []
        self.outbox = Outbox(rows, limit, self.deleted.append)

    def commit(self, *sequences: int) -> None:
        """These notifications became durable."""
        for sequence in sequences:
            self.outbox.admit(self.outbox.address(a_notification(sequence)))

    async def sequences(self, manager: str, count: int) -> list[int]:
        """What a sender that settles each of them gets."""
        taken = []
        for _ in range(count):
            entry = await self.outbox.next(manager)
            taken.append(entry.notification.sequence)
            self.outbox.settle(entry)
        return taken


def pair() -> Table:
    table = Table()
    table.outbox.apply(["a", "b"])
    return table


async def test_every_manager_gets_every_notification_in_order() -> None:
    table = pair()
    table.commit(1, 2, 3)
    assert await table.sequences("a", 3) == [1, 2, 3]
    assert await table.sequences("b", 3) == [1, 2, 3]
    assert sorted(table.deleted) == [1, 2, 3, 4, 5, 6]


async def test_the_next_entry_stays_until_it_is_settled() -> None:
    table = pair()
    table.commit(1, 2)
    assert await table.outbox.next("a") is await table.outbox.next("a")
    assert table.deleted == []


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


async def test_beyond_the_limit_the_oldest_go_and_are_counted() -> None:
    table = Table(limit=2)
    table.outbox.apply(["a"])
    table.commit(1, 2, 3, 4)
    assert await table.sequences("a", 2) == [3, 4]
    assert table.outbox.statistics().overflowed == 2
    assert table.deleted[:2] == [1, 2]


async def test_settling_what_overflowed_meanwhile_does_nothing() -> None:
    table = Table(limit=1)
    table.outbox.apply(["a"])
    table.commit(1)
    entry = await table.outbox.next("a")
    table.commit(2)
    table.outbox.settle(entry)
    assert table.outbox.statistics().settled == 0
    assert table.deleted == [1]


def test_a_new_manager_starts_empty_and_a_removed_ones_rows_are_deleted_and_counted() -> None:
    table = pair()
    table.commit(1, 2)
    table.outbox.apply(["b", "c"])
    statistics = table.outbox.statistics()
    assert statistics.waiting == {"b": 2, "c": 0}
    assert statistics.orphaned == 2
    assert table.deleted == [1, 3]


def test_what_was_being_committed_for_a_removed_manager_is_deleted_too() -> None:
    table = pair()
    addressed = table.outbox.address(a_notification(1))
    table.outbox.apply(["b"])
    table.outbox.admit(addressed)
    assert table.deleted == [1]
    assert table.outbox.statistics().waiting == {"b": 1}


def test_a_smaller_limit_applies_to_what_waits_already() -> None:
    table = pair()
    table.commit(1, 2, 3)
    table.outbox.apply(["a", "b"], limit=1)
    assert table.outbox.statistics().waiting == {"a": 1, "b": 1}


def test_what_a_refusing_disk_let_in_is_not_let_in_again_once_it_is_committed() -> None:
    table = Table(limit=2)
    table.outbox.apply(["a"])
    refused = [entry for sequence in (1, 2, 3) for entry in table.outbox.address(a_notification(sequence))]
    table.outbox.admit(refused)
    table.outbox.admit(refused)
    assert table.outbox.statistics().waiting == {"a": 2}
    assert table.outbox.statistics().overflowed == 1
    assert table.deleted == [1]


async def test_loaded_rows_come_first_and_new_ids_go_on_from_the_largest() -> None:
    table = Table(OutboxEntry(7, "a", a_notification(3)), OutboxEntry(9, "a", a_notification(4)))
    table.outbox.apply(["a"])
    assert [entry.id for entry in table.outbox.address(a_notification(5))] == [10]
    assert await table.sequences("a", 2) == [3, 4]


async def test_a_sender_of_a_manager_that_is_added_later_is_woken(autojump_clock: trio.testing.MockClock) -> None:
    table = Table()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(table.outbox.next, "late")
        await wait_all_tasks_blocked()
        table.outbox.apply(["late"])
        table.commit(1)
