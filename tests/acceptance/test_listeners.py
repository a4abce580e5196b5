"""Several UDP listeners: a phone is told things by the one it registered at, as behind a NAT or a firewall."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

from tests.support.sip_messages import request
from tests.support.sip_wire import ok
from tests.support.sipp import free_port
from tests.support.whole_daemon import (
    HURRIED_QUALIFY,
    WholeDaemon,
    a_device,
    an_inventory,
    whole_daemon,
    write_config,
)

MAC = "00908f4867af"


class Phone:
    """One whose socket is connected, so the kernel lets nothing through but what comes from that very listener."""

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self._sock = sock

    async def register(self) -> None:
        """As 2041, whose password nobody asks for."""
        host, port = self._sock.getsockname()
        contact = f"<sip:2041@{host}:{port}>;expires=3600"
        await self._sock.send(request("REGISTER", "sip:pbx-a.example.net", contact=contact))
        assert b" 200 OK" in await self.hear()

    async def hear(self) -> bytes:
        with trio.fail_after(5):
            return await self._sock.recv(65535)

    async def answer(self, method: bytes) -> None:
        """Say yes to the next request of this method, and to all that come before it."""
        while True:
            heard = await self.hear()
            await self._sock.send(ok(heard))
            if heard.startswith(method):
                return


@asynccontextmanager
async def phone_of(port: int) -> AsyncIterator[Phone]:
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as sock:
        await sock.bind(("127.0.0.1", 0))
        await sock.connect(("127.0.0.2", port))
        yield Phone(sock)


async def is_ok(daemon: WholeDaemon) -> Any:
    return await daemon.see_until(f"/devices/{MAC}", lambda seen: seen["reachability"] == "OK")


async def test_a_phone_is_told_things_by_the_listener_it_registered_at_also_after_a_restart(tmp_path: Path) -> None:
    port = free_port("127.0.0.2")
    sip = {"listen": ["udp://127.0.0.1:0", f"udp://127.0.0.2:{port}"], "domain": "pbx-a.example.net"}
    config = write_config(tmp_path, an_inventory(a_device(MAC, "2041")), sip=sip, qualify=HURRIED_QUALIFY)
    async with phone_of(port) as phone:
        async with whole_daemon(config) as daemon:
            await phone.register()
            await phone.answer(b"OPTIONS")
            await is_ok(daemon)
            asked = await daemon.tell(f"/devices/{MAC}/resync", {})
            assert asked.is_success, asked.text
            await phone.answer(b"NOTIFY")
        async with whole_daemon(config) as daemon:
            await phone.answer(b"OPTIONS")
            seen = await is_ok(daemon)
            assert seen["contact"]["listener"] == f"udp://127.0.0.2:{port}"
