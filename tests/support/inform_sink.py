"""An SNMP manager of a few lines that acknowledges every inform and remembers what it was told.

For tests that count sequence numbers over many restarts; whether a real manager understands us is tests/snmp's
business.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from daemon.snmp import oids
from tests.support import oracle

_SEQUENCE, _ALARM_ID, _SEVERITY = (
    oids.ringkeeper_instance(32473, wanted) for wanted in (oids.SEQUENCE, oids.ALARM_ID, oids.SEVERITY)
)


class InformSink:
    """Listens at `port` on loopback; `told` is what each sequence number said, every time it was said."""

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self.told: dict[int, set[tuple[str, int]]] = {}
        self.port: int = sock.getsockname()[1]
        self._socket = sock

    async def run(self) -> None:
        """Acknowledge until cancelled."""
        while True:
            datagram, sender = await self._socket.recvfrom(65535)
            said = oracle.varbinds(datagram)
            if _ALARM_ID in said:  # neither coldStart nor heartbeat
                alarm = bytes(said[_ALARM_ID]).decode(), int(said[_SEVERITY])
                self.told.setdefault(int(said[_SEQUENCE]), set()).add(alarm)
            await self._socket.sendto(oracle.answer(datagram), sender)


@asynccontextmanager
async def inform_sink() -> AsyncIterator[InformSink]:
    """A manager that lives as long as the block."""
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as sock:
        await sock.bind(("127.0.0.1", 0))
        sink = InformSink(sock)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sink.run)
            yield sink
            nursery.cancel_scope.cancel()
