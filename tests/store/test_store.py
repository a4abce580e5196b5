"""Grouping, receipts, refusal and recovery, on a real file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from daemon.config.block import DAY
from daemon.config.settings import StoreLimits
from daemon.errors import StoreUnavailable
from daemon.fleet.calls import CallsWanted
from daemon.fleet.events import OutboxDrained, OutboxFilling, StoreFailed, StoreRecovered
from daemon.fleet.model import Mac, Status, Transition
from daemon.fleet.notifications import End, PastAlarm, PastAlarmsWanted, Severity, Shelf, ToldWanted
from daemon.fleet.records import NumberEntry
from daemon.fleet.store_commands import (
    AppendTransition,
    DropAlarm,
    DropShelf,
    Notify,
    RecordAlarm,
    SaveAlarm,
    SaveCall,
    SaveMark,
    SaveNumber,
    SaveShelf,
    SaveState,
    StoreCommand,
)
from daemon.scheduler.clock import Clock
from daemon.store import database, pruning
from daemon.store import store as store_module
from daemon.store.store import open_store
from tests.support.calls import a_call
from tests.support.notifications import a_notification, an_alarm
from tests.support.nouns import state_with_report
from tests.support.opened_store import PATIENT, QUICK, full, locked, rows, running, stored
from tests.support.remembered import Remembered, commands
from tests.support.waiting import becomes_true

MAC = Mac("00908f4867af")
STILL_WAITING = "WHERE left_at IS NULL"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ringkeeper.db"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock is given up on after a twentieth of a second instead of two."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)


def transition(at: float) -> Transition:
    return Transition(MAC, at, "presence", "STARTED", "REGISTERED", "keep-alive")


def storm(count: int) -> list[StoreCommand]:
    """Enough to fill the spare pages of a full disk."""
    return [SaveNumber(NumberEntry(str(index), usage="x" * 400)) for index in range(count)]


async def test_what_was_stored_is_there_after_reopening(path: Path) -> None:
    state, alarm = state_with_report(MAC, status="registered"), an_alarm()
    async with running(path) as fleet:
        await stored(fleet.store, SaveState(state), SaveAlarm(alarm), SaveMark("sequence", 7))
    async with running(path) as fleet:
        snapshot = fleet.store.snapshot
    assert snapshot.states == (state,)
    assert snapshot.alarms == (alarm,)
    assert snapshot.marks == {"sequence": 7.0}


async def test_a_receipt_returns_only_when_another_program_could_read_the_row(path: Path) -> None:
    async with running(path) as fleet:
        await stored(fleet.store, SaveMark("sequence", 1))
        assert rows(path, "SELECT * FROM marks") == [("sequence", 1.0)]


async def test_a_receipt_with_nothing_pending_returns_at_once(path: Path) -> None:
    async with open_store(path, {}, QUICK, Clock()) as store:  # without run
        await store.receipt().wait()


async def test_one_group_shares_one_receipt(path: Path) -> None:
    async with running(path) as fleet:
        fleet.store.submit(SaveMark("a", 1))
        first = fleet.store.receipt()
        fleet.store.submit(SaveMark("b", 1))
        assert fleet.store.receipt() is first
        await first.wait()


async def test_everything_that_comes_while_the_disk_is_busy_is_one_group(path: Path) -> None:
    async with running(path) as fleet:
        async with trio.open_nursery() as nursery:
            for index in range(500):
                nursery.start_soon(stored, fleet.store, SaveMark(str(index), index))
        statistics = fleet.store.statistics()
    assert statistics.rows >= 500
    assert statistics.groups <= 5
    assert statistics.pending == 0


async def test_an_alarm_and_its_notification_are_one_transaction(path: Path) -> None:
    async with running(path) as fleet:
        with locked(path):
            fleet.store.submit(SaveAlarm(an_alarm()))
            fleet.store.submit(Notify(a_notification()))
            with pytest.raises(StoreUnavailable):
                await fleet.store.receipt().wait()
            assert rows(path, "SELECT count(*) FROM alarms UNION ALL SELECT count(*) FROM outbox") == [(0,), (0,)]
        await fleet.store.receipt().wait()
        entry = await fleet.store.outbox.next("a")
        assert entry.notification == a_notification()
        assert rows(path, "SELECT count(*) FROM alarms UNION ALL SELECT count(*) FROM outbox") == [(1,), (1,)]


async def test_notifications_wait_over_a_restart_until_they_are_settled(path: Path) -> None:
    async with running(path, ["a", "b"]) as fleet:
        await stored(fleet.store, *(Notify(a_notification(sequence)) for sequence in (1, 2, 3)))
        fleet.store.outbox.settle(await fleet.store.outbox.next("a"))
    async with running(path, ["a", "c"]) as fleet:
        entry = await fleet.store.outbox.next("a")
        statistics = fleet.store.statistics().outbox
    assert entry.notification.sequence == 2
    assert statistics.waiting == {"a": 2, "c": 0}
    assert statistics.left[End.ORPHANED] == 3
    assert rows(path, f"SELECT receiver, count(*) FROM outbox {STILL_WAITING}") == [("a", 2)]


async def test_notifications_for_nobody_wake_nobody(path: Path, autojump_clock: trio.testing.MockClock) -> None:
    async with running(path, []) as fleet:
        await wait_all_tasks_blocked()
        await stored(fleet.store, Notify(a_notification()))
        assert fleet.store.statistics().groups == 0


async def test_a_full_disk_breaks_receipts_and_is_told_once_and_recovers(path: Path) -> None:
    async with running(path) as fleet:
        with full(fleet.store, path):
            for attempt in range(3):
                with pytest.raises(
                    StoreUnavailable, match=r"ringkeeper\.db: database or disk is full: free some space"
                ):
                    await stored(fleet.store, *storm(2000), SaveMark("attempt", attempt))
            assert fleet.store.statistics().failing == 1
            assert fleet.store.statistics().failures >= 3
        await fleet.store.receipt().wait()
        assert len(fleet.told) == 2
        assert isinstance(fleet.told[0], StoreFailed)
        assert "disk is full" in fleet.told[0].why
        assert isinstance(fleet.told[1], StoreRecovered)
        assert fleet.store.statistics().failing == 0
    assert rows(path, "SELECT count(*) FROM numbers") == [(2000,)]
    assert rows(path, "SELECT value FROM marks") == [(2.0,)]


async def test_an_alarm_about_the_store_raised_while_it_fails_is_told_at_once_and_kept(path: Path) -> None:
    async with running(path) as fleet:
        fleet.then = [SaveAlarm(an_alarm()), Notify(a_notification())]
        with locked(path):
            with pytest.raises(StoreUnavailable, match="locked: another program holds it"):
                await stored(fleet.store, SaveMark("a", 1))
            with pytest.raises(StoreUnavailable):  # the alarm's own receipt
                await fleet.store.receipt().wait()
            assert [type(event) for event in fleet.told] == [StoreFailed]
            assert (await fleet.store.outbox.next("a")).notification == a_notification()
            fleet.then = [DropAlarm(an_alarm().id)]
        await fleet.store.receipt().wait()
        assert rows(path, "SELECT count(*) FROM outbox") == [(1,)]
        await fleet.store.receipt().wait()
        assert [type(event) for event in fleet.told] == [StoreFailed, StoreRecovered]
    assert rows(path, "SELECT count(*) FROM alarms") == [(0,)]


async def test_what_the_disk_refuses_is_told_all_the_same_and_only_once(path: Path) -> None:
    async with running(path) as fleet:
        with locked(path):
            with pytest.raises(StoreUnavailable):
                await stored(fleet.store, Notify(a_notification(1)), Notify(a_notification(2)), SaveMark("a", 1))
            fleet.store.outbox.settle(await fleet.store.outbox.next("a"))
            with pytest.raises(StoreUnavailable):
                await fleet.store.receipt().wait()
        await fleet.store.receipt().wait()
        assert rows(path, f"SELECT notification ->> 'sequence' FROM outbox {STILL_WAITING}") == [(2,)]
        assert (await fleet.store.outbox.next("a")).notification.sequence == 2
        assert fleet.store.statistics().outbox.waiting == {"a": 1}


async def test_what_was_told_while_the_disk_refused_is_kept_as_told_once_it_does_not(path: Path) -> None:
    async with running(path) as fleet:
        with locked(path):
            with pytest.raises(StoreUnavailable):
                await stored(fleet.store, Notify(a_notification()))
            fleet.store.outbox.settle(await fleet.store.outbox.next("a"))
        await fleet.store.receipt().wait()
        assert rows(path, f"SELECT count(*) FROM outbox {STILL_WAITING}") == [(0,)]
        assert [told.end for told in await fleet.store.journal(ToldWanted("a", 9))] == [End.SETTLED]
        assert fleet.store.statistics().pending == 0


async def test_what_came_while_the_disk_refused_overrides_what_was_refused(path: Path) -> None:
    async with running(path) as fleet:
        with locked(path):
            fleet.store.submit(SaveNumber(NumberEntry("2041", usage="old")))
            fleet.store.submit(SaveMark("kept", 1))
            refused = fleet.store.receipt()
            await wait_all_tasks_blocked()  # the disk has it, and waits for the lock
            fleet.store.submit(SaveNumber(NumberEntry("2041", usage="new")))
            with pytest.raises(StoreUnavailable):
                await refused.wait()
        await fleet.store.receipt().wait()
    assert rows(path, "SELECT usage FROM numbers") == [("new",)]
    assert rows(path, "SELECT name FROM marks") == [("kept",)]


async def test_edges_are_told_to_refuse_while_too_much_is_pending(path: Path) -> None:
    async with open_store(path, {}, StoreLimits(max_pending=1000), Clock()) as store:  # without run
        for index in range(1000):
            store.submit(SaveMark(str(index), 1))
        assert store.accepting
        store.submit(SaveMark("one more", 1))
        assert not store.accepting
        store.apply(StoreLimits(max_pending=2000))
        assert store.accepting


async def test_timelines_and_notifications_are_bounded_while_the_disk_refuses(path: Path) -> None:
    limits, outbox = QUICK.model_copy(update={"max_pending": 1000}), PATIENT.model_copy(update={"limit": 100})
    async with running(path, ["a"], limits, outbox=outbox) as fleet:
        with locked(path):
            steps = [AppendTransition(transition(float(at))) for at in range(1500)]
            with pytest.raises(StoreUnavailable):
                await stored(fleet.store, *steps, *(Notify(a_notification(sequence)) for sequence in range(150)))
        await fleet.store.receipt().wait()
        statistics = fleet.store.statistics()
        assert (statistics.trimmed, statistics.outbox.left[End.OVERFLOWED]) == (500, 50)
        assert (await fleet.store.outbox.next("a")).notification.sequence == 50
        assert [step.at for step in await fleet.store.timeline(MAC, 5000)] == [float(at) for at in range(1499, 499, -1)]


async def test_what_is_pending_at_the_end_is_written(path: Path) -> None:
    async with open_store(path, {}, QUICK, Clock()) as store:  # run never started
        store.submit(SaveMark("last", 1))
        receipt = store.receipt()
    await receipt.wait()
    assert rows(path, "SELECT name FROM marks") == [("last",)]


async def test_what_is_pending_is_written_when_everything_is_cancelled(path: Path) -> None:
    with trio.CancelScope() as scope:
        async with running(path) as fleet:
            fleet.store.submit(SaveMark("last", 1))
            scope.cancel()
            await trio.sleep_forever()
    assert rows(path, "SELECT name FROM marks") == [("last",)]


async def test_closing_ends_within_its_bound_though_the_file_is_locked(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "LAST_FLUSH", 0.1)
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.4)
    async with open_store(path, {}, QUICK, Clock()) as store:
        store.submit(SaveMark("lost", 1))
        receipt = store.receipt()
        other = locked(path)
        other.__enter__()
    other.__exit__(None, None, None)
    with pytest.raises(StoreUnavailable):
        await receipt.wait()
    store.submit(SaveMark("too late", 1))
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.receipt().wait()


async def test_a_value_sqlite_cannot_hold_is_mended_and_stops_nobody(path: Path) -> None:
    async with running(path) as fleet:
        await stored(fleet.store, SaveNumber(NumberEntry("2041", usage="half \ud83d")), AppendTransition(transition(1)))
        assert fleet.store.statistics().mended == 1
        assert fleet.told == []
    assert rows(path, "SELECT usage FROM numbers") == [("half ?",)]
    assert rows(path, "SELECT count(*) FROM transitions") == [(1,)]


async def test_the_timeline_is_newest_first_and_bounded(path: Path) -> None:
    other = Transition(Mac("00908f000001"), 5.0, "presence", "a", "b", "c")
    async with running(path) as fleet:
        await stored(
            fleet.store, *(AppendTransition(transition(at)) for at in (1.0, 2.0, 3.0)), AppendTransition(other)
        )
        assert await fleet.store.timeline(MAC, 2) == [transition(3.0), transition(2.0)]
        assert await fleet.store.timeline(Mac("00908f000009"), 2) == []


async def test_steps_beyond_their_age_are_pruned_in_chunks_and_again_every_day(
    path: Path, mock_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "CHUNK", 10)
    now = Clock().now()
    old = [AppendTransition(transition(now - 91 * DAY)) for _ in range(25)]
    aging, young = transition(now - 89.5 * DAY), transition(now)
    async with running(path) as fleet:
        await stored(fleet.store, *old, AppendTransition(aging), AppendTransition(young))
    async with running(path, limits=StoreLimits()) as fleet:
        while fleet.store.statistics().pruned < 25:
            mock_clock.jump(1.0)
            await trio.lowlevel.checkpoint()
        assert await fleet.store.timeline(MAC, 10) == [young, aging]
        mock_clock.jump(DAY)
        while fleet.store.statistics().pruned < 26:
            await trio.lowlevel.checkpoint()
        assert await fleet.store.timeline(MAC, 10) == [young]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.lists(commands, max_size=6), max_size=3), max_size=4))
def test_any_commands_and_restarts_are_remembered(
    tmp_path_factory: pytest.TempPathFactory, lives: list[list[list[StoreCommand]]]
) -> None:
    trio.run(remember, tmp_path_factory.mktemp("store") / "ringkeeper.db", lives)


async def remember(path: Path, lives: list[list[list[StoreCommand]]]) -> None:
    model = Remembered()
    for life in [*lives, []]:
        async with running(path) as fleet:
            store = fleet.store
            assert store.snapshot == model.snapshot()
            for mac in model.tables["states"]:
                assert await store.timeline(mac, 1000) == model.timeline(mac)
            assert store.statistics().outbox.waiting == {"a": len(model.notifications)}
            if model.notifications:
                entry = await store.outbox.next("a")
                assert entry.notification == model.notifications.pop(0)
                store.outbox.settle(entry)
            for event in life:
                for command in event:
                    model.handle(command)
                await stored(store, *event)


async def test_calls_are_found_newest_first_filtered_and_page_by_page(path: Path) -> None:
    now = Clock().now()
    calls = [a_call(f"c{at:02}", at=now + at, site="hq" if at % 2 else "lab", text="VQ") for at in range(10)]
    async with running(path) as fleet:
        await stored(fleet.store, *map(SaveCall, calls))
        first = await fleet.store.calls(CallsWanted(limit=3, site="hq"))
        assert [call.id for call in first] == ["c09", "c07", "c05"]
        assert {call.text for call in first} == {""}
        rest = await fleet.store.calls(CallsWanted(limit=3, site="hq", before=(first[-1].at, first[-1].id)))
        assert [call.id for call in rest] == ["c03", "c01"]
        since = await fleet.store.calls(
            CallsWanted(limit=9, device=MAC, tenant="acme", verdict=Status.OK, since=now + 8)
        )
        assert [call.id for call in since] == ["c09", "c08"]
        assert await fleet.store.call("c09") == calls[9]
        assert await fleet.store.call("c99") is None


async def test_only_the_calls_of_the_window_are_loaded(path: Path) -> None:
    now = Clock().now()
    async with running(path) as fleet:
        await stored(fleet.store, SaveCall(a_call("old", at=now - 90)), SaveCall(a_call("new", at=now, text="VQ")))
    async with open_store(path, {}, QUICK, Clock(), calls_of=60.0) as store:
        assert store.snapshot.calls == (a_call("new", at=now),)


@pytest.mark.parametrize("limits", [StoreLimits(calls_days=1), StoreLimits(max_calls=1000)], ids=["age", "number"])
async def test_calls_beyond_their_age_or_number_are_let_go(path: Path, limits: StoreLimits) -> None:
    now = Clock().now()
    calls = [SaveCall(a_call(f"c{index}", at=now - (2 * DAY if index < 5 else 0))) for index in range(1005)]
    async with running(path) as fleet:
        await stored(fleet.store, *calls)
    async with running(path, limits=limits) as fleet:
        with trio.fail_after(5):
            while fleet.store.statistics().calls_let_go < 5:
                await trio.lowlevel.checkpoint()
    assert rows(path, "SELECT min(id), count(*) FROM calls") == [("c10", 1000)]


def past(identity: int, **fields: Any) -> PastAlarm:
    """An alarm that was active for a second, and had been worse."""
    alarm = replace(an_alarm(severity=Severity.MINOR), peak=Severity.MAJOR, raised_at=float(identity))
    cleared_at = fields.pop("cleared_at", identity + 1.0)
    return PastAlarm(identity, replace(alarm, **fields), cleared_at, "cleared")


async def test_alarms_that_are_over_are_found_newest_first_filtered_and_page_by_page(path: Path) -> None:
    ended = [past(1), past(2, tenant="globex"), past(3, device=None, source="Site/acme/hq", name="siteDown")]
    ended += [past(4, peak=Severity.CRITICAL), past(5), past(6, tenant="initech", raised_at=1.5)]
    async with running(path) as fleet:
        await stored(fleet.store, *map(RecordAlarm, ended))

        async def found(**wanted: Any) -> list[int]:
            return [each.id for each in await fleet.store.past_alarms(PastAlarmsWanted(**{"limit": 9, **wanted}))]

        assert await fleet.store.past_alarms(PastAlarmsWanted(limit=9)) == ended[::-1]
        assert await found(limit=2) == [6, 5]
        assert await found(limit=2, before=5) == [4, 3]
        assert await found(tenants=("globex", "initech")) == [6, 2]
        assert await found(tenants=()) == []
        assert await found(device=MAC, tenants=("acme",), before=5) == [4, 1]
        assert await found(source="Site/acme/hq", name="siteDown") == [3]
        assert await found(severity=Severity.CRITICAL) == [4]
        assert await found(since=3.5, until=4.0) == [6, 4, 3]  # 6 began early, 3 ended late
        assert fleet.store.snapshot.alarms_recorded == 0
    async with running(path) as fleet:
        assert fleet.store.snapshot.alarms_recorded == 6


async def test_shelves_are_remembered_until_they_are_dropped(path: Path) -> None:
    shelf = Shelf(3, "acme", "acme/hq", "", "", "", 1.0, 2.0, "new switch", "alice", 0.5)
    async with running(path) as fleet:
        await stored(fleet.store, SaveShelf(shelf), SaveShelf(replace(shelf, id=4)), DropShelf(4))
    async with running(path) as fleet:
        assert fleet.store.snapshot.shelves == (shelf,)


async def test_a_receiver_that_takes_nothing_is_told_of_and_so_is_its_recovery(path: Path) -> None:
    async with running(path, outbox=PATIENT.model_copy(update={"limit": 100})) as fleet:
        await stored(fleet.store, *(Notify(a_notification(sequence)) for sequence in range(50)))
        await becomes_true(lambda: bool(fleet.told))
        assert [(type(event), event.receiver) for event in fleet.told] == [(OutboxFilling, "a")]  # type: ignore[union-attr]
        for _ in range(50):
            fleet.store.outbox.settle(await fleet.store.outbox.next("a"))
        await becomes_true(lambda: len(fleet.told) == 2)
        assert fleet.told[1] == OutboxDrained("a")
