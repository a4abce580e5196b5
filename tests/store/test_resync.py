"""What was told, or should have been, is sent again: with its number, in order, durably, and not twice."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from daemon.errors import Refused, StoreUnavailable
from daemon.fleet.notifications import End, ToldWanted
from daemon.fleet.store_commands import Notify
from daemon.store import database, resync
from daemon.store.store import Store
from tests.support.notifications import WEDNESDAY, a_notification
from tests.support.opened_store import PATIENT, locked, running, stored


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ringkeeper.db"


async def takes(store: Store, count: int) -> list[int]:
    """The numbers of what receiver a is told."""
    numbers = []
    for _ in range(count):
        entry = await store.outbox.next("a")
        numbers.append(entry.number)
        store.outbox.settle(entry)
    return numbers


def notices(count: int) -> list[Notify]:
    return [Notify(a_notification(number, at=WEDNESDAY + number)) for number in range(1, count + 1)]


async def test_a_resync_sends_again_what_was_told_with_its_number_also_after_a_restart(path: Path) -> None:
    async with running(path) as fleet:
        await stored(fleet.store, *notices(5))
        await takes(fleet.store, 4)
        assert await fleet.store.resync("a", WEDNESDAY + 2, WEDNESDAY + 5) == 3  # the fifth waits anyway
        assert [each.end for each in await fleet.store.journal(ToldWanted("a", 9))] == [None] * 4 + [End.SETTLED]
    async with running(path) as fleet:
        assert await takes(fleet.store, 4) == [2, 3, 4, 5]
        await fleet.store.receipt().wait()
        journal = await fleet.store.journal(ToldWanted("a", 2))
        assert [each.number for each in journal] == [5, 4]
        older = await fleet.store.journal(ToldWanted("a", 9, (journal[-1].notification.at, journal[-1].id)))
        assert [(each.number, each.end) for each in older] == [(3, End.SETTLED), (2, End.SETTLED), (1, End.SETTLED)]


async def test_a_resync_of_nobody_or_of_too_much_is_refused_with_what_to_do(path: Path) -> None:
    async with running(path, outbox=PATIENT.model_copy(update={"limit": 2})) as fleet:
        await stored(fleet.store, *(Notify(a_notification(sequence)) for sequence in range(3)))
        with pytest.raises(Refused, match="there is no receiver 'b'; there are: a"):
            await fleet.store.resync("b", 0.0, 1.0)
        with pytest.raises(Refused, match=r"1 notifications were given to a in that time, 2 wait, .* 2: ask for a sho"):
            await fleet.store.resync("a", 0.0, WEDNESDAY)


async def test_many_come_in_chunks_and_two_resyncs_at_once_send_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resync, "CHUNK", 10)
    async with running(path) as fleet:
        await stored(fleet.store, *notices(35))
        await takes(fleet.store, 35)
        counts = []

        async def again() -> None:
            counts.append(await fleet.store.resync("a", WEDNESDAY, WEDNESDAY + 99))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(again)
            nursery.start_soon(again)
        assert sorted(counts) == [0, 35]
        assert await takes(fleet.store, 35) == list(range(1, 36))
        assert fleet.store.outbox.waiting("a") == 0
        assert fleet.store.statistics().outbox.again == 35


async def test_what_a_full_queue_let_go_is_sent_after_all(path: Path) -> None:
    async with running(path, outbox=PATIENT.model_copy(update={"limit": 3})) as fleet:
        await stored(fleet.store, *notices(5))
        assert await takes(fleet.store, 3) == [3, 4, 5]
        assert await fleet.store.resync("a", WEDNESDAY, WEDNESDAY + 2) == 2
        assert await takes(fleet.store, 2) == [1, 2]
        await fleet.store.receipt().wait()
        assert {told.end for told in await fleet.store.journal(ToldWanted("a", 9))} == {End.SETTLED}


async def test_a_resync_while_the_disk_refuses_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    async with running(path) as fleet:
        await stored(fleet.store, *notices(2))
        await takes(fleet.store, 2)
        with locked(path), pytest.raises(StoreUnavailable):
            await fleet.store.resync("a", WEDNESDAY, WEDNESDAY + 9)
