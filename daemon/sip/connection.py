"""One TCP or TLS connection: its socket, its reader, its TLS, and the bytes that wait for a slow far end.

Nothing here waits: sockets never block, and whoever owns the connection asks again when the kernel says so. Not here:
when that is, time limits, and who may connect (`connections`).
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

from daemon.errors import BadMessage
from daemon.sip.message import Source
from daemon.sip.stream import KeepAlive, StreamReader
from daemon.sip.tls import TlsSession

# Taken from the socket in one turn: ten messages of usual size. Whoever sends more waits until others had their turn.
READ_SIZE = 4096
# Up to so many bytes may be a keep-alive whose end has not come (RFC 5626 section 4.4.1), not a message begun.
_KEEP_ALIVE = 3


class Connection:
    """A connection with the far end `source`; times are UTC seconds on the program's axis."""

    __slots__ = (
        "_backlog",
        "_early",
        "_limit",
        "_reader",
        "_tls",
        "_traffic",
        "begun_at",
        "connecting",
        "dialled",
        "doom",
        "heard_at",
        "held_until",
        "socket",
        "source",
        "unfinished_since",
        "watched",
        "weight",
    )

    def __init__(
        self,
        sock: socket.socket,
        source: Source,
        tls: TlsSession | None,
        now: float,
        limit: int,
        *,
        traffic: Counter[str],
        dialled: bool,
    ) -> None:
        """`limit` is how many bytes may wait for the far end; `traffic` counts "received" and "sent" bytes."""
        self.socket = sock
        self.source = source
        self.dialled = dialled  # we opened it
        self.connecting = dialled  # the kernel is not done with that
        self.begun_at = now
        self.heard_at = now  # when the last message or keep-alive was complete
        self.held_until = 0.0  # when the last registration over it ends
        self.unfinished_since: float | None = None  # when the first piece came of a message that is not complete
        self.doom = ""  # why it is to be closed by whoever looks next
        self.watched = 0  # what the kernel was asked to tell of it
        self.weight = 0  # what `waiting` was when all connections were last added up
        self._tls = tls
        self._reader = StreamReader()
        self._backlog = bytearray()  # what the kernel did not take yet
        self._early = bytearray()  # what is to be said once the connection is up
        self._limit = limit
        self._traffic = traffic

    @property
    def up(self) -> bool:
        """Whether messages can be exchanged over it."""
        return not self.connecting and (self._tls is None or self._tls.established)

    @property
    def congested(self) -> bool:
        """Whether bytes wait for the far end; nothing more is then read from it, so that it cannot ask for more."""
        return bool(self._backlog)

    @property
    def waiting(self) -> int:
        """Bytes it holds, of either way."""
        records = 0 if self._tls is None else len(self._tls)
        return len(self._reader) + len(self._backlog) + len(self._early) + records

    def connected(self) -> None:
        """The kernel is done with connecting: go on, or `OSError` says why not."""
        if error := self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(error, "cannot connect")
        self.connecting = False
        if self._tls is None:
            self._say_what_waited()
        else:
            self._decrypt(self._tls, b"")

    def receive(self, now: float) -> Iterator[bytes | KeepAlive]:
        """One piece from the socket: the messages and keep-alives that it completes.

        `EOFError` when the far end has ended, `OSError` when it broke off, `BadMessage` when it talks nonsense.
        """
        try:
            data = self.socket.recv(READ_SIZE)
        except BlockingIOError:
            return
        if not data:
            raise EOFError
        self._traffic["received"] += len(data)
        for item in self._reader.feed(data if self._tls is None else self._decrypt(self._tls, data)):
            self.heard_at, self.unfinished_since = now, None
            yield item
        self._note_unfinished(now)
        if self._tls is not None and self._tls.ended:
            raise EOFError

    def send(self, data: bytes) -> bool:
        """Whether it is on its way, or waits within the limit. If not, `doom` says why the connection is over."""
        if not self.doom and len(self._backlog) + len(self._early) + len(data) > self._limit:
            self.doom = "slow"
        if self.doom:
            return False
        if not self.up:
            self._early += data
            return True
        try:
            self._say(data)
        except OSError:
            self.doom = "broken"
        return not self.doom

    def flush(self) -> None:
        """Hand the kernel what waits, as much as it takes; `OSError` when the connection broke."""
        while self._backlog:
            try:
                taken = self.socket.send(self._backlog)
            except BlockingIOError:
                return
            self._traffic["sent"] += taken
            del self._backlog[:taken]

    def close(self) -> None:
        """End it, with a farewell if the kernel takes one; what still waits is lost."""
        if self.up and self._tls is not None:
            self._tls.close()
            with suppress(OSError):
                self._carry_out(self._tls)
        self.socket.close()

    def _decrypt(self, tls: TlsSession, data: bytes) -> bytes:
        """Records in, clear text out, and whatever TLS itself has to say on the way."""
        try:
            clear = tls.receive(data)
        except BadMessage:
            with suppress(OSError):  # the alert is a courtesy
                self._carry_out(tls)
            raise
        self._carry_out(tls)
        self._say_what_waited()
        return clear

    def _say_what_waited(self) -> None:
        if self._early and self.up:
            early, self._early = bytes(self._early), bytearray()
            self._say(early)

    def _say(self, data: bytes) -> None:
        if self._tls is None:
            self._backlog += data
            self.flush()
        else:
            self._tls.send(data)
            self._carry_out(self._tls)

    def _carry_out(self, tls: TlsSession) -> None:
        self._backlog += tls.outgoing()
        self.flush()

    def _note_unfinished(self, now: float) -> None:
        if len(self._reader) <= _KEEP_ALIVE:
            self.heard_at, self.unfinished_since = now, None
        elif self.unfinished_since is None:
            self.unfinished_since = now
