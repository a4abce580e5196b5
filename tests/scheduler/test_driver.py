"""The one loop that sleeps, on an autojumping clock."""

from __future__ import annotations

import math
from collections.abc import Iterable

import trio
import trio.testing

from daemon.scheduler.clock import Clock
from daemon.scheduler.deadlines import Deadlines
from daemon.scheduler.driver import GRAIN, Driver


class _Machine(Deadlines[str]):
    """Fires its keys."""


async def test_it_fires_what_is_due_when_it_is_due_and_hears_of_earlier_deadlines(
    autojump_clock: trio.testing.MockClock,
) -> None:
    clock, machine, fired = Clock(wall=0.0), _Machine(), list[tuple[float, str]]()

    def perform(keys: Iterable[str]) -> None:
        fired.extend((round(clock.now(), 3), key) for key in keys)

    driver: Driver[str] = Driver(machine, clock, perform)
    machine.set("late", 3600)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(driver.run)
        await trio.sleep(5)
        machine.set("early", 10)
        driver.poke()
        await trio.sleep(7200)
        nursery.cancel_scope.cancel()
    assert fired == [(10.0, "early"), (3600.0, "late")]


async def test_a_machine_that_is_always_due_leaves_others_their_turn(autojump_clock: trio.testing.MockClock) -> None:
    class Restless:
        turns = 0

        def next_deadline(self) -> float:
            return -math.inf

        def expire(self, now: float) -> list[str]:
            self.turns += 1
            return []

    restless = Restless()
    driver: Driver[str] = Driver(restless, Clock(wall=0.0), list)
    with trio.move_on_after(1):
        await driver.run()
    assert restless.turns <= 1 / GRAIN + 1


async def test_it_rests_after_every_turn_even_when_poked(autojump_clock: trio.testing.MockClock) -> None:
    clock, turns = Clock(wall=0.0), list[float]()

    class Busy:
        def next_deadline(self) -> float:
            return clock.now()

        def expire(self, now: float) -> list[str]:
            turns.append(now)
            return []

    driver: Driver[str] = Driver(Busy(), clock, list)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(driver.run)
        for _ in range(100):
            driver.poke()
            await trio.sleep(GRAIN / 10)
        nursery.cancel_scope.cancel()
    assert 9 <= len(turns) <= 11


async def test_being_poked_moves_a_deadline_earlier_and_never_later(autojump_clock: trio.testing.MockClock) -> None:
    clock, machine, fired = Clock(wall=0.0), _Machine(), list[float]()
    driver: Driver[str] = Driver(machine, clock, lambda _: fired.append(round(clock.now(), 3)))
    machine.set("a", 10)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(driver.run)
        await trio.sleep(1)
        machine.set("a", 20)
        driver.poke()
        await trio.sleep(30)
        nursery.cancel_scope.cancel()
    assert fired == [10.0, 20.0]  # woken at ten for nothing, which costs less than planning anew
