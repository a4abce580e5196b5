"""Orders wait for their promise; a disk that refuses holds them back, and nothing gets lost or changes its order."""

from __future__ import annotations

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from daemon.errors import StoreUnavailable
from daemon.fleet.commands import OnceStored, SendNotify
from daemon.fleet.model import Mac
from daemon.store.afterwards import RETRY, Afterwards
from tests.support.builders import MAC, OTHER_MAC, contact


class Promised:
    """A promise that the test keeps or breaks."""

    def __init__(self) -> None:
        self.settled = trio.Event()
        self.broken = False

    async def wait(self) -> None:
        await self.settled.wait()
        if self.broken:
            raise StoreUnavailable("disk full")


def order(mac: Mac) -> OnceStored:
    return OnceStored(SendNotify(mac, contact(), "2041", reboot=True))


async def test_nothing_leaves_before_it_is_durable(autojump_clock: MockClock) -> None:
    left: list[Mac] = []
    first, second, retried = Promised(), Promised(), Promised()
    afterwards = Afterwards(lambda orders: left.extend(order.mac for order in orders), lambda: retried)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(afterwards.run)
        afterwards.submit(order(MAC), first)
        afterwards.submit(order(OTHER_MAC), second)
        second.settled.set()
        await wait_all_tasks_blocked()
        assert left == []
        first.broken = True
        first.settled.set()
        await trio.sleep(RETRY + 0.1)
        assert left == []
        retried.settled.set()
        await trio.sleep(RETRY)
        assert left == [MAC, OTHER_MAC]
        nursery.cancel_scope.cancel()
