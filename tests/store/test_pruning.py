"""What reached its age or makes room is deleted, in chunks, and counted; what waits for a receiver is not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from daemon.config.alarm_settings import Alarms, OutboxLimits
from daemon.config.block import DAY
from daemon.errors import StoreUnavailable
from daemon.fleet.notifications import PastAlarm, ToldWanted
from daemon.fleet.store_commands import Notify, RecordAlarm
from daemon.scheduler.clock import Clock
from daemon.store import pruning
from daemon.store.store import Store
from tests.support.notifications import a_notification, an_alarm
from tests.support.opened_store import FOREVER, PATIENT, QUICK, rows, running, stored
from tests.support.waiting import becomes_true

OLD = 91 * DAY


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "CHUNK", 10)
    monkeypatch.setattr(pruning, "PAUSE", 0.0)


async def let_go(store: Store, alarms: int = 0, journal: int = 0) -> None:
    """Return when so many went."""
    await becomes_true(
        lambda: (store.statistics().alarms_let_go, store.statistics().journal_let_go) == (alarms, journal)
    )


def ended(count: int, first: int, at: float) -> list[RecordAlarm]:
    return [RecordAlarm(PastAlarm(number, an_alarm(), at, "cleared")) for number in range(first, first + count)]


async def test_alarms_that_ended_long_ago_are_forgotten(tmp_path: Path) -> None:
    path, now = tmp_path / "ringkeeper.db", Clock().now()
    async with running(path) as fleet:
        await stored(fleet.store, *ended(25, 1, now - OLD), *ended(5, 26, now))
    async with running(path, alarms=Alarms()) as fleet:
        await let_go(fleet.store, alarms=25)
    assert rows(path, "SELECT min(id), count(*) FROM alarm_history") == [(26, 5)]


async def test_of_too_many_alarms_the_oldest_are_forgotten(tmp_path: Path) -> None:
    path, now = tmp_path / "ringkeeper.db", Clock().now()
    async with running(path) as fleet:
        await stored(fleet.store, *ended(30, 1, now))
    async with running(path, alarms=FOREVER.model_copy(update={"max_history": 8})) as fleet:
        await let_go(fleet.store, alarms=22)
        assert fleet.store.snapshot.alarms_recorded == 30
    assert rows(path, "SELECT min(id), count(*) FROM alarm_history") == [(23, 8)]


async def test_the_journal_forgets_what_was_told_long_ago_but_nothing_that_waits(tmp_path: Path) -> None:
    path = tmp_path / "ringkeeper.db"
    async with running(path, ["a", "b"]) as fleet:
        await stored(fleet.store, *(Notify(a_notification(sequence)) for sequence in range(25)))
        for _ in range(23):
            fleet.store.outbox.settle(await fleet.store.outbox.next("a"))
        await fleet.store.receipt().wait()
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE outbox SET left_at = ? WHERE left_at IS NOT NULL", (Clock().now() - OLD,))
    async with running(path, ["a", "b"], outbox=PATIENT) as fleet:
        await let_go(fleet.store, journal=23)
        assert fleet.store.statistics().outbox.waiting == {"a": 2, "b": 25}
        assert [told.number for told in await fleet.store.journal(ToldWanted("a", 99))] == [25, 24]


async def test_a_disk_that_refuses_is_asked_once_and_again_in_an_hour(tmp_path: Path) -> None:
    path = tmp_path / "ringkeeper.db"
    clock = Clock()
    asked: list[str] = []

    class Refusing:
        async def write(self, _steps: object) -> int:
            asked.append("a chunk")
            raise StoreUnavailable(str(path))

    pruner = pruning.Pruner(Refusing(), clock)  # type: ignore[arg-type]
    await pruner.prune(QUICK, Alarms(), OutboxLimits())
    assert len(asked) == 1
    assert pruner.due_at > clock.now() + 3000
