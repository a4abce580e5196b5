"""A start counts before anything leaves in its name."""

from __future__ import annotations

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from daemon.errors import StoreUnavailable
from daemon.fleet.store_commands import SaveMark
from daemon.snmp.v3.start import TRY_AGAIN, EngineStart
from tests.support.snmp_v3 import an_engine

MARKS = (SaveMark("snmp_engine", 7), SaveMark("snmp_boots", 8))


class Disk:
    """Takes marks when it is let to."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.submitted: list[SaveMark] = []
        self.free = trio.Event()

    def receipt(self) -> Disk:
        return self

    async def wait(self) -> None:
        await self.free.wait()
        if self.refuses:
            raise StoreUnavailable("disk full")


async def test_the_engine_is_usable_once_its_marks_are_stored(autojump_clock: MockClock) -> None:
    engine, disk = an_engine(), Disk()
    start = EngineStart(engine, MARKS, disk.submitted.append, disk.receipt)
    assert not engine.usable
    async with trio.open_nursery() as nursery:
        nursery.start_soon(nursery.start, start.run)
        await wait_all_tasks_blocked()
        assert disk.submitted == list(MARKS)
        assert not engine.usable
        disk.free.set()
        await wait_all_tasks_blocked()
        assert engine.usable
        nursery.cancel_scope.cancel()


async def test_while_the_disk_refuses_the_daemon_goes_on_without_it(autojump_clock: MockClock) -> None:
    engine, disk = an_engine(), Disk(refuses=True)
    disk.free.set()
    async with trio.open_nursery() as nursery:
        await nursery.start(EngineStart(engine, MARKS, disk.submitted.append, disk.receipt).run)
        await trio.sleep(10 * TRY_AGAIN)
        assert not engine.usable
        disk.refuses = False
        await trio.sleep(TRY_AGAIN)
        assert engine.usable
        assert disk.submitted == list(MARKS)  # the store keeps what it was refused
        nursery.cancel_scope.cancel()
