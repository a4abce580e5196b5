"""Commits that are held until what belongs together is whole: one transaction, one promise, nothing of a half."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from daemon.config.settings import StoreLimits
from daemon.errors import StoreUnavailable
from daemon.fleet.store_commands import HoldCommits, ReleaseCommits, SaveMark
from daemon.scheduler.clock import Clock
from daemon.store import database
from daemon.store.store import open_store
from tests.support.opened_store import QUICK, locked, rows, running
from tests.support.waiting import becomes_true

MARKS = "SELECT count(*) FROM marks"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ringkeeper.db"


async def test_nothing_is_written_before_the_last_of_it_and_then_all_at_once(path: Path) -> None:
    async with running(path) as fleet:
        store = fleet.store
        store.submit(HoldCommits())
        promise = store.receipt()
        for index in range(5):
            store.submit(SaveMark(str(index), index))
            await trio.sleep(0.005)  # time enough to write, were it not held
        assert rows(path, MARKS) == [(0,)]
        assert store.receipt() is promise
        store.submit(ReleaseCommits())
        await promise.wait()
        assert rows(path, MARKS) == [(5,)]
        assert store.statistics().groups == 1


async def test_an_end_in_the_middle_leaves_nothing_of_it(path: Path) -> None:
    async with open_store(path, {}, QUICK, Clock()) as store:
        store.submit(HoldCommits())
        store.submit(SaveMark("half", 1))
        promise = store.receipt()
    assert rows(path, MARKS) == [(0,)]
    with pytest.raises(StoreUnavailable):
        await promise.wait()


async def test_what_the_disk_refused_before_is_not_tried_again_with_a_half(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    async with running(path) as fleet:
        store = fleet.store
        with locked(path):
            store.submit(SaveMark("before", 1))
            await becomes_true(lambda: bool(store.statistics().failing))
            store.submit(HoldCommits())
            store.submit(SaveMark("half", 1))
        await trio.sleep(3 * QUICK.retry)
        assert rows(path, MARKS) == [(0,)]
        store.submit(ReleaseCommits())
        await store.receipt().wait()
        assert rows(path, MARKS) == [(2,)]


async def test_what_is_large_on_purpose_does_not_close_the_door(path: Path) -> None:
    limits = StoreLimits(max_pending=1000)
    async with open_store(path, {}, limits, Clock()) as store:
        store.submit(HoldCommits())
        for index in range(2000):
            store.submit(SaveMark(str(index), index))
        assert store.accepting
        assert store.statistics().pending == 2000
        store.submit(ReleaseCommits())
        assert store.accepting


async def test_when_what_was_held_is_no_change_its_promise_is_kept_at_once(path: Path) -> None:
    async with running(path) as fleet:
        fleet.store.submit(HoldCommits())
        promise = fleet.store.receipt()
        await trio.sleep(0.005)
        fleet.store.submit(ReleaseCommits())
        with trio.fail_after(1):
            await promise.wait()
        assert fleet.store.statistics().groups == 0
