"""The HTTP server: listens, accepts, bounds how many are served at once, and stops in good order.

Each connection is a task that serves an ASGI application (`connection`), at `https://` addresses after a handshake
(`handshake`). Stopping, by `aclose` or by cancellation: no more are accepted, resting connections close, current
requests may finish within `GRACE` seconds. Not here: protocol or policy.
"""

from __future__ import annotations

import errno
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from email.utils import formatdate

import structlog
import trio

from daemon.config.listen import Listen
from daemon.errors import BadMessage
from daemon.http.admission import retry_after
from daemon.http.asgi import Application, Endpoints, problem
from daemon.http.connection import Connection
from daemon.http.handshake import TlsStream, certificate_of, say_goodbye, shake_hands
from daemon.http.limits import ACCEPT_PAUSE, GRACE, LINES_PER_MINUTE, TURN_AWAY, Counts, HttpStatistics, Limits
from daemon.http.listeners import bound, endpoints_of, open_listeners, remove_socket
from daemon.http.peer_stream import PeerStream
from daemon.scheduler.clock import Clock
from daemon.scheduler.pacing import TokenBucket

log = structlog.get_logger("http")

# No more file descriptors or buffers: accepting again makes sense once a connection has closed.
_EXHAUSTED = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: %d\r\nconnection: close\r\n"
    b"content-type: application/problem+json\r\ncontent-length: %d\r\n\r\n%b"
)


class HttpServer:
    """Serves `app` at every address of `listen`, within `limits`; `name` is how logs call it.

    `tls` is what connections to `https://` addresses are begun with; without it they are closed.
    """

    def __init__(
        self,
        app: Application,
        listen: Sequence[Listen],
        limits: Limits,
        name: str,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.addresses: list[Listen] = []  # with the ports the kernel gave, once `run` has bound them
        self._app = app
        self._listen = listen
        self._limits = limits
        self._name = name
        self._tls = tls
        self._clock = Clock()
        self._lines = TokenBucket.per_minute(LINES_PER_MINUTE)
        self._counts = Counts()
        self._connections: set[Connection] = set()
        self._shaking_hands = 0
        self._accepting = trio.CancelScope()
        self._drained = trio.Event()  # nothing more is accepted, and every connection knows
        self._finished = trio.Event()
        self._running = False

    def statistics(self) -> HttpStatistics:
        """What was served and refused so far."""
        return self._counts.snapshot(len(self._connections))

    def apply(self, limits: Limits, tls: ssl.SSLContext | None = None) -> None:
        """Use other limits and another certificate; connections that exist keep theirs."""
        self._limits = limits
        self._tls = tls

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Bind, report readiness, serve until cancelled or closed; `OSError` if an address cannot be had."""
        self._running = True
        listeners: list[tuple[trio.SocketListener, Listen]] = []
        try:
            for listen in self._listen:
                opened = await open_listeners(listen)
                listeners += [(listener, bound(listen, listener)) for listener in opened]
            self.addresses = [address for _, address in listeners]
            await self._serve(listeners, task_status)
        finally:
            for listener, address in listeners:
                listener.socket.close()
                remove_socket(address)
            self._finished.set()

    async def aclose(self) -> None:
        """Stop, letting current requests finish within `GRACE` seconds; return when `run` has ended."""
        self._accepting.cancel()
        if self._running:
            await self._finished.wait()

    async def _serve(
        self, listeners: list[tuple[trio.SocketListener, Listen]], task_status: trio.TaskStatus[None]
    ) -> None:
        # Cancellation reaches the accepting loops only: connections live under a shield, until the grace is over.
        async with trio.open_nursery() as nursery:
            connections, shelter = await nursery.start(self._shelter)
            log.info(
                "listening",
                event_name="http-listening",
                server=self._name,
                addresses=[str(address) for address in self.addresses],
            )
            task_status.started()
            date = _dates(self._clock)
            try:
                with self._accepting:
                    async with trio.open_nursery() as accepting:
                        for listener, address in listeners:
                            accepting.start_soon(self._accept, listener, address, connections, date)
                        await trio.sleep_forever()
            finally:
                shelter.deadline = trio.current_time() + GRACE
                for connection in self._connections:
                    connection.drain()
                self._drained.set()

    async def _shelter(self, *, task_status: trio.TaskStatus[tuple[trio.Nursery, trio.CancelScope]]) -> None:
        with trio.CancelScope(shield=True) as scope:
            async with trio.open_nursery() as connections:
                task_status.started((connections, scope))
                await self._drained.wait()
        if scope.cancelled_caught:
            log.warning("requests were cut off", event_name="http-cut-off", server=self._name)

    async def _accept(
        self, listener: trio.SocketListener, address: Listen, connections: trio.Nursery, date: Callable[[], bytes]
    ) -> None:
        while True:
            try:
                stream = await listener.accept()
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                self._counts.refused["no_descriptors"] += 1
                await trio.sleep(ACCEPT_PAUSE)
                continue
            self._counts.accepted += 1
            connections.start_soon(self._attend, stream, address, date)

    async def _attend(self, stream: trio.SocketStream, address: Listen, date: Callable[[], bytes]) -> None:
        """One accepted connection, from greeting to close."""
        async with stream:
            if len(self._connections) + self._shaking_hands >= self._limits.max_connections:
                await self._turn_away(stream, address, date)
                return
            try:
                endpoints = endpoints_of(stream, address)
            except OSError:  # gone before we could look
                self._counts.aborted += 1
                return
            async with PeerStream(stream) as peer:
                if address.scheme == "https":
                    await self._serve_over_tls(peer, endpoints, date)
                else:
                    await self._serve_connection(peer, endpoints, date)

    async def _serve_over_tls(self, peer: PeerStream, endpoints: Endpoints, date: Callable[[], bytes]) -> None:
        stream = await self._shake_hands(peer, endpoints)
        if stream is None:
            return
        try:
            await self._serve_connection(stream, replace(endpoints, certificate=certificate_of(stream)), date)
        finally:
            await say_goodbye(stream)

    async def _shake_hands(self, peer: PeerStream, endpoints: Endpoints) -> TlsStream | None:
        """Counted by what came of it; what is said about failures is bounded."""
        self._shaking_hands += 1
        try:
            stream = await shake_hands(peer, self._tls)
        except BadMessage as failed:
            self._counts.handshakes[failed.reason] += 1
            if self._lines.take(self._clock.now()):
                log.warning(
                    "TLS handshake failed",
                    event_name="http-handshake-failed",
                    server=self._name,
                    source=endpoints.client and endpoints.client[0],
                    reason=failed.reason,
                    detail=failed.detail,
                )
            return None
        finally:
            self._shaking_hands -= 1
        self._counts.handshakes["done"] += 1
        return stream

    async def _serve_connection(self, stream: trio.abc.Stream, endpoints: Endpoints, date: Callable[[], bytes]) -> None:
        if self._drained.is_set():
            return  # it came about while the server was being stopped
        connection = Connection(stream, endpoints, self._app, limits=self._limits, counts=self._counts, date=date)
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)

    async def _turn_away(self, stream: trio.SocketStream, address: Listen, date: Callable[[], bytes]) -> None:
        self._counts.refused["connections"] += 1
        if address.scheme == "https":
            return  # a handshake would be the dearest part of it
        self._counts.responses[5] += 1
        body = problem(503)
        with trio.move_on_after(TURN_AWAY), suppress(OSError, trio.BrokenResourceError):
            source = str(stream.socket.getpeername())
            await stream.send_all(_FULL % (retry_after(source, date()), len(body), body))


def _dates(clock: Clock) -> Callable[[], bytes]:
    """The Date header's value, made once a second."""
    second, text = 0, b""

    def date() -> bytes:
        nonlocal second, text
        now = int(clock.now())
        if now != second:
            second, text = now, formatdate(now, usegmt=True).encode("ascii")
        return text

    return date
