"""A UDP socket connected to one manager, opened when needed and again when the manager may have moved.

Connected, so that the kernel keeps strangers' datagrams from us and tells us of closed ports. A name with several
addresses is tried at the next of them after each failure. Not here: what is said over it (`sender`, `dialect`).
"""

from __future__ import annotations

import socket
from typing import Self

import trio

from daemon.config.snmp_settings import Manager
from daemon.snmp.sending.dialect import Dialect

# A socket older than this is opened anew before it sends, so a manager that moved to another address is found.
RESOLVE_AGAIN = 60.0

_LARGEST_DATAGRAM = 65535


class Association:
    """One manager: its settings, how it is spoken to, and the socket to it."""

    def __init__(self, manager: Manager, dialect: Dialect) -> None:
        self.manager = manager
        self.dialect = dialect
        self.failures = 0
        self.tried_at = trio.current_time()  # when we last tried to say something
        self._socket: trio.socket.SocketType | None = None
        self._opened_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    async def send(self, datagram: bytes) -> None:
        """One datagram to the manager; `OSError`, or `UnicodeError` for a name that cannot be one."""
        if self._socket is None or trio.current_time() - self._opened_at > RESOLVE_AGAIN:
            self.close()
            self._socket = await self._open()
            self._opened_at = trio.current_time()
        await self._socket.send(datagram)

    async def receive(self) -> bytes:
        """The next datagram from the manager; `OSError`, for one when its port is closed."""
        if self._socket is None:
            raise OSError("nothing was sent, so nothing is answered")
        return await self._socket.recv(_LARGEST_DATAGRAM)

    def close(self) -> None:
        """Let go of the socket; the next `send` opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _open(self) -> trio.socket.SocketType:
        host, port = self.manager.host, self.manager.port
        found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[self.failures % len(found)]
        opened = trio.socket.socket(family, kind, protocol)
        try:
            await opened.connect(address)
        except BaseException:  # cancelled or refused alike: no socket is left behind
            opened.close()
            raise
        return opened


def reason_of(error: OSError | UnicodeError) -> str:
    """Why a datagram could not be sent, as a counter names it."""
    if isinstance(error, socket.gaierror | UnicodeError):
        return "unresolved"
    return "refused" if isinstance(error, ConnectionRefusedError) else "unsendable"
