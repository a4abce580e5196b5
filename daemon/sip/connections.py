"""TCP and TLS: every connection of the daemon, accepted or opened by it, with its limits and its end.

A connection is an object, never a task. One loop asks the kernel (epoll) which of them have something to say and
gives each a turn of bounded length, so that a flood on one costs the others little; their time limits are deadlines
of one driver. A message goes over the connection its far end names, and an answer back over the same one; nothing is
opened unless `open` is called. Not here: one connection's bytes (`connection`), what messages say (`endpoint`).
"""

from __future__ import annotations

import errno
import select
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import structlog
import trio

from daemon.config.listen import Listen
from daemon.config.settings import Sip
from daemon.errors import BadMessage
from daemon.scheduler.clock import Clock
from daemon.scheduler.deadlines import Deadlines
from daemon.scheduler.driver import Driver
from daemon.scheduler.pacing import TokenBucket
from daemon.sip.connected import Connected
from daemon.sip.connection import Connection
from daemon.sip.flow import family_of
from daemon.sip.listener import Listener, stream_socket
from daemon.sip.message import STREAMS, Source
from daemon.sip.stream import PING, PONG_BYTES, KeepAlive
from daemon.sip.tls import Contexts, TlsSession

log = structlog.get_logger("sip")

# Connections that get a turn before the rest of the daemon gets one: 16 TLS handshakes or 160 messages at most.
TURNS = 16
# A message whose beginning has come must be complete within 64*T1, which is as long as any sender waits for an answer
# (RFC 3261 section 17.1.2.2); a peer that drips bytes holds a buffer no longer.
WHOLE_WITHIN = 32.0
# Bytes that all connections together may hold, of either way: 4,000 messages of full size, and phones send short ones.
MAX_WAITING = 256 * 1024 * 1024
# Pause when the kernel has no file descriptor or buffer for another connection.
ACCEPT_PAUSE = 0.1
_EXHAUSTED = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))


@dataclass(frozen=True, slots=True)
class ConnectionStatistics:
    """`open` is of this moment, all else since start."""

    open: dict[str, int]  # by transport, those among them that are still being set up too
    accepted: dict[str, int]  # by transport
    dialled: dict[str, int]  # by transport: opened by us
    closed: dict[str, int]  # by reason: those that were up
    failed: dict[str, int]  # by reason: those that never came up
    refused: dict[str, int]  # by reason: turned away at the door, or not even begun
    received: int  # bytes
    sent: int  # bytes
    waiting: int  # bytes, of this moment: for the rest of a message, or for a slow reader


class Ears(NamedTuple):
    """Who is told what comes in. All are called between two awaits and must not raise."""

    take: Callable[[bytes, Source], object]  # a message, whole
    alive: Callable[[Source], object]  # a keep-alive, which has been answered
    closed: Callable[[Source], object]  # the connection with that far end is no more, whoever ended it
    failed: Callable[[Source, str], object]  # what `open` began came to nothing, and why


class Connections:
    """The daemon's TCP and TLS connections: `run` serves them until cancelled or closed."""

    _ears: Ears  # given to `run`, before which nothing can happen

    def __init__(self, settings: Sip, contexts: Contexts, clock: Clock) -> None:
        self._settings = settings
        self._contexts = contexts
        self._clock = clock
        self._epoll = select.epoll()
        self._connected = Connected()
        self._deadlines: Deadlines[Connection] = Deadlines()
        self._driver = Driver(self, clock, self._close_overdue)
        self._addresses: tuple[Listen, ...] = ()
        self._log_lines = TokenBucket.per_minute(settings.log_lines_per_minute)
        self._accepted: Counter[str] = Counter(dict.fromkeys(STREAMS, 0))
        self._dialled: Counter[str] = Counter(dict.fromkeys(STREAMS, 0))
        self._closed: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._traffic: Counter[str] = Counter()
        self._waiting = 0
        self._running = False
        self._stopping = trio.CancelScope()
        self._stopped = trio.Event()

    @property
    def addresses(self) -> tuple[Listen, ...]:
        """Where it listens, in the order of the settings, with the ports it really got; empty unless running."""
        return self._addresses

    def statistics(self) -> ConnectionStatistics:
        """A snapshot."""
        return ConnectionStatistics(
            open=dict(self._connected.open),
            accepted=dict(self._accepted),
            dialled=dict(self._dialled),
            closed=dict(self._closed),
            failed=dict(self._failed),
            refused=dict(self._refused),
            received=self._traffic["received"],
            sent=self._traffic["sent"],
            waiting=self._waiting,
        )

    def apply(self, settings: Sip, contexts: Contexts) -> None:
        """A reload. Connections that exist stay, with the certificate and the buffer they were begun with."""
        self._settings = settings
        self._contexts = contexts
        self._log_lines = TokenBucket.per_minute(settings.log_lines_per_minute)

    def send(self, to: Source, data: bytes) -> bool:
        """Whether `data` is on its way over the connection with that far end. None is opened.

        One whose far end reads too slowly is closed instead, soon, and `Ears.closed` says so then.
        """
        connection = self._connected.at(to)
        return connection is not None and connection.up and self._say(connection, data)

    def open(self, to: Source, name: str, first: bytes) -> bool:
        """The same, over a new connection if there is none: whether that was at least begun.

        If it was and comes to nothing, `Ears.failed` says so. Over "tls" the far end must prove to be `name`.
        """
        connection = self._connected.at(to) or self._dial(to, name)
        return connection is not None and self._say(connection, first)

    def hold(self, source: Source, until: float) -> None:
        """Somebody registered over this connection: silence does not end it before `until`."""
        self._connected.hold(source, until, self._settings.max_connections)

    def had(self, source: Source) -> bool:
        """Whether somebody registered over a connection with that far end since start, be it open or lost.

        If not, a registration over it is from before our start, and that its connection is gone is our own doing.
        Of lost ones the newest `max_connections` are remembered.
        """
        return self._connected.had(source)

    def next_deadline(self) -> float:
        """When a connection must be looked at; infinity if none."""
        return self._deadlines.next_deadline()

    def expire(self, now: float) -> Iterable[tuple[Connection, str]]:
        """The connections that are over by now, with the reason; the others' deadlines are moved to where they are."""
        overdue = []
        for connection in self._deadlines.expire(now, TURNS):
            due, reason = self._due(connection)
            if due > now:
                self._deadlines.set(connection, due)
            else:
                overdue.append((connection, reason))
        return overdue

    async def run(self, ears: Ears, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Bind, report readiness, then live until cancelled or closed; `OSError` if an address cannot be had."""
        self._ears = ears
        try:
            with self._stopping, self._opened() as listeners:
                async with trio.open_nursery() as nursery:
                    for listener in listeners:
                        nursery.start_soon(self._accept, listener)
                    nursery.start_soon(self._serve)
                    nursery.start_soon(self._driver.run)
                    task_status.started()
        finally:
            self._stopped.set()

    async def aclose(self) -> None:
        """End every connection, TLS with its farewell, and return when `run` has ended."""
        self._stopping.cancel()
        if self._running:
            await self._stopped.wait()

    @contextmanager
    def _opened(self) -> Iterator[list[Listener]]:
        listeners: list[Listener] = []
        try:
            listeners.extend(Listener(listen) for listen in self._settings.listen if listen.scheme in STREAMS)
            self._addresses = tuple(listener.listen for listener in listeners)
            self._running = True
            yield listeners
        finally:
            self._running = False
            self._addresses = ()
            for listener in listeners:
                listener.socket.close()
            for connection in self._connected:
                self._forget(connection)
            self._epoll.close()

    async def _accept(self, listener: Listener) -> None:
        while True:
            await trio.lowlevel.wait_readable(listener.socket)
            try:
                accepted, host, port = listener.accept()
            except OSError as error:  # nobody there after all, or gone again already
                if error.errno in _EXHAUSTED:
                    self._refuse("no-descriptors", "")
                    await trio.sleep(ACCEPT_PAUSE)
                continue
            self._admit(accepted, Source(host, port, listener.listen.scheme))

    def _admit(self, accepted: socket.socket, source: Source) -> None:
        server = self._contexts.server if source.transport == "tls" else None
        refusal = self._connected.refusal(source.host, self._settings)
        if not refusal and source.transport == "tls" and server is None:
            refusal = "no-certificate"  # a reload took it away
        if refusal:
            accepted.close()
            self._refuse(refusal, source.host)
        else:
            self._accepted[source.transport] += 1
            self._begin(accepted, source, TlsSession(server) if server else None, dialled=False)

    def _dial(self, to: Source, name: str) -> Connection | None:
        """A connection that is being opened; None if that cannot even begin."""
        family = family_of(to.host)
        refusal = "unresolvable" if family is None else self._connected.refusal(to.host, self._settings)
        if not self._running or family is None or refusal:
            self._refuse(refusal or "not-running", to.host)
            return None
        try:
            session = TlsSession(self._contexts.client, name or to.host) if to.transport == "tls" else None
            opened = _connecting(family, to)
        except (OSError, ValueError) as error:  # no descriptor, no route; a name that cannot be one
            code = error.errno if isinstance(error, OSError) else None
            self._refuse(f"connect-{errno.errorcode.get(code or 0, 'name')}", to.host)
            return None
        self._dialled[to.transport] += 1
        return self._begin(opened, to, session, dialled=True)

    def _begin(self, sock: socket.socket, source: Source, session: TlsSession | None, *, dialled: bool) -> Connection:
        if older := self._connected.at(source):  # through another of our ports: the newer one is the true one
            self._close(older, "replaced")
        now, limit = self._clock.now(), self._settings.connection_buffer
        connection = Connection(sock, source, session, now, limit, traffic=self._traffic, dialled=dialled)
        self._connected.add(connection)
        self._watch(connection)
        self._look_again(connection)
        return connection

    async def _serve(self) -> None:
        """The loop: the kernel names those with something to say in turn, so nobody is passed over."""
        while True:
            await trio.lowlevel.wait_readable(self._epoll.fileno())
            for descriptor, events in self._epoll.poll(0, TURNS):
                if connection := self._connected.of(descriptor):
                    self._attend(connection, events)

    def _attend(self, connection: Connection, events: int) -> None:
        """One connection's turn."""
        try:
            if connection.doom:
                self._close(connection, connection.doom)
                return
            if connection.connecting:
                connection.connected()
            elif events & select.EPOLLOUT:
                connection.flush()
            else:
                self._listen_to(connection)
        except EOFError:
            self._close(connection, "far-end")
        except BadMessage as bad:
            self._close(connection, bad.reason)
        except OSError as error:
            code = errno.errorcode.get(error.errno or 0, "failed")
            self._close(connection, f"connect-{code}" if connection.connecting else "broken")
        except Exception:  # the guard of the loop: what one peer sends must not cost the others their service
            log.exception("a connection could not be served", source=connection.source.host)
            self._close(connection, "internal")
        else:
            self._watch(connection)

    def _listen_to(self, connection: Connection) -> None:
        source, pinged, alive = connection.source, False, False
        for item in connection.receive(self._clock.now()):
            if isinstance(item, KeepAlive):
                alive, pinged = True, pinged or item is PING
            else:
                self._ears.take(item, source)
        if alive:  # however many came at once
            if pinged:
                self._say(connection, PONG_BYTES)
            self._ears.alive(source)
        if connection.unfinished_since is not None:
            self._look_again(connection)

    def _say(self, connection: Connection, data: bytes) -> bool:
        """What breaks here is closed in a turn of its own, so that whoever sends is told of nothing meanwhile."""
        said = connection.send(data)
        if connection.doom:
            self._look_again(connection)
        else:
            self._watch(connection)
        return said

    def _watch(self, connection: Connection) -> None:
        """Have the kernel say when it can be read, or while something waits for it, written; and weigh what waits."""
        self._weigh(connection, connection.waiting)
        wanted = select.EPOLLOUT if connection.connecting or connection.congested else select.EPOLLIN
        if connection.watched == wanted:
            return
        change = self._epoll.modify if connection.watched else self._epoll.register
        change(connection.socket.fileno(), wanted)
        connection.watched = wanted

    def _weigh(self, connection: Connection, waiting: int) -> None:
        self._waiting += waiting - connection.weight
        connection.weight = waiting
        if waiting and self._waiting > MAX_WAITING and not connection.doom:
            connection.doom = "memory"
            self._look_again(connection)

    def _due(self, connection: Connection) -> tuple[float, str]:
        """When the connection is over unless something happens before, and the reason."""
        if connection.doom:
            return 0.0, connection.doom
        if not connection.up:
            return connection.begun_at + self._settings.connection_setup, "setup"
        idle = max(connection.heard_at + self._settings.connection_idle, connection.held_until)
        if connection.unfinished_since is None:
            return idle, "idle"
        return min((idle, "idle"), (connection.unfinished_since + WHOLE_WITHIN, "unfinished"))

    def _look_again(self, connection: Connection) -> None:
        """Its deadline may have moved earlier; later ones are found when the old one is reached."""
        due, _ = self._due(connection)
        known = self._deadlines.get(connection)
        if known is None or due < known:
            self._deadlines.set(connection, due)
            self._driver.poke()

    def _close_overdue(self, overdue: Iterable[tuple[Connection, str]]) -> None:
        for connection, reason in overdue:
            self._close(connection, reason)

    def _close(self, connection: Connection, reason: str) -> None:
        source, was_up, dialled = connection.source, connection.up, connection.dialled
        self._forget(connection)
        (self._closed if was_up else self._failed)[reason] += 1
        if was_up:
            self._ears.closed(source)
        elif dialled:
            self._ears.failed(source, reason)
        if reason != "far-end":
            log.debug("connection closed", source=source.host, transport=source.transport, reason=reason)

    def _forget(self, connection: Connection) -> None:
        self._deadlines.cancel(connection)
        self._weigh(connection, 0)
        self._connected.remove(connection, self._settings.max_connections)
        connection.close()  # which takes it out of the kernel's list as well

    def _refuse(self, reason: str, host: str) -> None:
        """Count it, and say so in the log as often as the settings allow."""
        self._refused[reason] += 1
        if self._log_lines.take(self._clock.now()):
            log.info("connection refused", event_name="sip-connection-refused", reason=reason, source=host)


def _connecting(family: int, to: Source) -> socket.socket:
    """A socket on its way to `to`; `OSError` if it cannot set out."""
    opened = stream_socket(family)
    code = opened.connect_ex((to.host, to.port))
    if code not in (0, errno.EINPROGRESS):
        opened.close()
        raise OSError(code, "cannot connect")
    return opened
