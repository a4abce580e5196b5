from __future__ import annotations

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from daemon.observe.notify import Notifier
from daemon.observe.watchdog import TURN, Watchdog
from daemon.scheduler.clock import Clock


class Pets(Notifier):
    def __init__(self, interval: float | None) -> None:
        super().__init__({})
        self.watchdog_interval = interval
        self.at: list[float] = []

    def watchdog(self) -> None:
        self.at.append(trio.current_time())


@pytest.fixture(autouse=True)
def _wall_follows_trio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.scheduler.clock.time.time", trio.current_time)


async def watch(notifier: Notifier, seconds: float, alive: bool = True) -> Watchdog:
    watchdog = Watchdog(Clock(), notifier, lambda: alive)
    async with trio.open_nursery() as nursery:
        await nursery.start(watchdog.run)
        await trio.sleep(seconds)
        nursery.cancel_scope.cancel()
    return watchdog


async def test_a_loop_that_turns_pets_the_service_manager_in_time(autojump_clock: MockClock) -> None:
    pets = Pets(15.0)
    watchdog = await watch(pets, 61)
    gaps = [later - earlier for earlier, later in zip(pets.at, pets.at[1:], strict=False)]
    assert pets.at[0] == TURN
    assert max(gaps) <= 15.0
    assert watchdog.statistics().petted == len(pets.at) == 5
    assert watchdog.statistics().worst_lag == 0


async def test_without_a_watchdog_nobody_is_petted(autojump_clock: MockClock) -> None:
    pets = Pets(None)
    watchdog = await watch(pets, 60)
    assert pets.at == []
    assert (watchdog.statistics().petted, watchdog.statistics().withheld) == (0, 0)


async def test_dead_workers_are_not_covered_up(autojump_clock: MockClock) -> None:
    pets = Pets(5.0)
    with capture_logs() as lines:
        watchdog = await watch(pets, 12, alive=False)
    assert pets.at == []
    assert watchdog.statistics().withheld == 3
    assert lines[0]["event_name"] == "watchdog-withheld"


async def test_a_late_loop_is_measured_counted_and_logged(mock_clock: MockClock) -> None:
    pets = Pets(5.0)
    watchdog = Watchdog(Clock(), pets, lambda: True)
    with capture_logs() as lines:
        async with trio.open_nursery() as nursery:
            await nursery.start(watchdog.run)
            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(TURN + 7)
            await trio.testing.wait_all_tasks_blocked()
            late = watchdog.statistics()
            mock_clock.jump(TURN)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
    assert (late.lag, late.late_turns, late.petted, late.withheld) == (7.0, 1, 0, 1)
    assert (watchdog.statistics().lag, watchdog.statistics().worst_lag) == (0.0, 7.0)
    assert lines[0]["lag_ms"] == 7000


async def test_a_moved_system_clock_is_told_once(autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    watchdog = Watchdog(Clock(), Pets(None), lambda: True)
    monkeypatch.setattr("daemon.scheduler.clock.time.time", lambda: trio.current_time() + 3600)
    with capture_logs() as lines:
        async with trio.open_nursery() as nursery:
            await nursery.start(watchdog.run)
            await trio.sleep(10)
            nursery.cancel_scope.cancel()
    assert [(line["event_name"], line["drift_seconds"]) for line in lines] == [("clock-drift", 3600.0)]
    assert watchdog.statistics().drift == 3600.0
