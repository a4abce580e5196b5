"""A site's phones behind one socket: they answer every ping while they have power, and none without.

Against whole daemons, for what happens to many phones at once. Not here: phones that register and report
(`daemon.simulate`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from tests.support.sip_wire import ok
from tests.support.whole_daemon import a_device, an_inventory

ACME = {"name": "acme", "default": True, "sites": [{"name": "hq"}]}


class PhoneSite:
    """So many phones of acme's headquarters."""

    def __init__(self, sock: trio.socket.SocketType, phones: int) -> None:
        self.power = True
        self.phones = phones
        self._socket = sock

    def inventory(self) -> dict[str, object]:
        """Acme with these phones."""
        contact = f"sip:phone@127.0.0.1:{self._socket.getsockname()[1]}"
        entries = [a_device(f"00908f{index:06x}", contact=contact, site="hq") for index in range(self.phones)]
        return {**an_inventory(*entries), "tenants": [ACME]}

    async def run(self) -> None:
        """Live until cancelled."""
        while True:
            heard, sender = await self._socket.recvfrom(4096)
            if self.power:
                await self._socket.sendto(ok(heard), sender)


@asynccontextmanager
async def phone_site(phones: int) -> AsyncIterator[PhoneSite]:
    """They are there until the end of the block, and have power."""
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as sock:
        await sock.bind(("127.0.0.1", 0))
        site = PhoneSite(sock, phones)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(site.run)
            yield site
            nursery.cancel_scope.cancel()
