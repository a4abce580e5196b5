"""The phones' sockets: one UDP socket or TCP connection per phone, from its own address; one task serves all of them.

An epoll descriptor can itself be waited for, so Trio watches a single descriptor however many sockets there are.
Answers that are to be late wait in one heap of deadlines. Not here: what is answered (`sip_text`, `phone`), one
connection's bytes (`stream`).
"""

from __future__ import annotations

import resource
import select
import socket
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import trio

from daemon.scheduler.clock import Clock
from daemon.scheduler.deadlines import Deadlines
from daemon.scheduler.driver import Driver
from daemon.simulate.sip_text import Address
from daemon.simulate.stream import Stream

LARGEST_DATAGRAM = 65_535
# Sockets served in one turn before the other tasks get theirs.
BATCH = 256
# What the rest of the program may need besides one descriptor per phone: listeners, connections, database.
SPARE_DESCRIPTORS = 512
# A connection takes two where the daemon runs in this very process, as the demo's does.
DESCRIPTORS_PER_CONNECTION = 2
# What a phone that uses TCP says it listens on. It does not; it is reached over its own connection.
CONTACT_PORT = 5060

Hear = Callable[[int, bytes, Address], None]  # phone, message, source
Lose = Callable[[int], None]  # phone


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that a phone is to send; `to` is for datagrams, a connection knows where it leads."""

    phone: int
    data: bytes
    to: Address


@dataclass(frozen=True, slots=True)
class SipSideStatistics:
    """Messages since the start; `unsent` are those that the kernel did not take, or that had no connection."""

    received: int
    sent: int
    unsent: int
    dialled: int  # connections opened, or tried
    lost: int  # connections that the other side closed, or that never came about


class SipSide:
    """Sockets by phone, counted from 0 in the order of `addresses`. To be closed with `close`."""

    def __init__(self, addresses: Iterable[str], clock: Clock, over_tcp: Collection[int] = ()) -> None:
        self._epoll = select.epoll()
        self._addresses = [*addresses]
        self._over_tcp = frozenset(over_tcp)
        self._sockets: dict[int, socket.socket] = {}
        self._streams: dict[int, Stream] = {}
        self._phone_of: dict[int, int] = {}  # descriptor -> phone
        self._waiting: set[int] = set()  # phones whose connection is watched until it can be written to
        self._late: Deadlines[Outgoing] = Deadlines()
        self._clock = clock
        self._late_driver = Driver(self._late, clock, self._send_all)
        self._received = self._sent = self._unsent = self._dialled = self._lost = 0
        self._lose: Lose = _nobody_minds
        count = len(self._addresses) + (DESCRIPTORS_PER_CONNECTION - 1) * len(self._over_tcp)
        try:
            _allow_descriptors(count)
            for phone in range(len(self._addresses)):
                if phone not in self._over_tcp:
                    self._open(phone)
        except OSError:
            self.close()
            raise

    def port(self, phone: int) -> int:
        """The port of its contact: what the kernel gave it, or over TCP the usual one."""
        if phone in self._over_tcp:
            return CONTACT_PORT
        port: int = self._sockets[phone].getsockname()[1]
        return port

    def dial(self, phone: int, to: Address) -> None:
        """Open the connection of a phone that uses TCP, unless it has one."""
        if phone not in self._over_tcp or phone in self._streams:
            return
        self._dialled += 1
        try:
            stream = Stream(self._addresses[phone], to)
        except OSError:
            self._lost += 1
            self._lose(phone)
            return
        self._streams[phone] = stream
        self._phone_of[stream.socket.fileno()] = phone
        self._waiting.add(phone)
        self._epoll.register(stream.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def hang_up(self, phone: int) -> None:
        """Close its connection, if there is one; nobody is told."""
        stream = self._streams.pop(phone, None)
        if stream:
            del self._phone_of[stream.socket.fileno()]
            self._waiting.discard(phone)
            stream.socket.close()  # which takes it out of the epoll set, too

    def send(self, phone: int, data: bytes, to: Address, delay: float = 0.0) -> None:
        """Send now, or `delay` seconds from now; what the kernel does not take at once is lost, as on a network."""
        outgoing = Outgoing(phone, data, to)
        if delay > 0:
            self._late.set(outgoing, self._clock.now() + delay)
            self._late_driver.poke()
        else:
            self._send_all([outgoing])

    async def run(self, hear: Hear, lose: Lose | None = None) -> None:
        """Receive and send late answers until cancelled; `lose` is told of connections that ended by themselves."""
        self._lose = lose or _nobody_minds
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._late_driver.run)
            while True:
                await trio.lowlevel.wait_readable(self._epoll.fileno())
                for descriptor, _ in self._epoll.poll(0, BATCH):
                    phone = self._phone_of.get(descriptor)
                    if phone is not None:  # else it was closed in this very turn
                        self._serve(phone, hear)

    def statistics(self) -> SipSideStatistics:
        """The counts up to now."""
        return SipSideStatistics(self._received, self._sent, self._unsent, self._dialled, self._lost)

    def close(self) -> None:
        """Close every socket."""
        for sock in (*self._sockets.values(), *(stream.socket for stream in self._streams.values())):
            sock.close()
        self._epoll.close()

    def _open(self, phone: int) -> None:
        sock = self._sockets[phone] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.bind((self._addresses[phone], 0))
        self._phone_of[sock.fileno()] = phone
        self._epoll.register(sock.fileno(), select.EPOLLIN)

    def _serve(self, phone: int, hear: Hear) -> None:
        if phone in self._over_tcp:
            self._converse(phone, self._streams[phone], hear)
        else:
            self._receive(phone, hear)

    def _receive(self, phone: int, hear: Hear) -> None:
        try:
            data, source = self._sockets[phone].recvfrom(LARGEST_DATAGRAM)
        except OSError:  # nothing there after all, or an ICMP error of an earlier datagram
            return
        self._received += 1
        hear(phone, data, source)

    def _converse(self, phone: int, stream: Stream, hear: Hear) -> None:
        try:
            messages = stream.hear()
            if stream.waits:
                stream.flush()
        except OSError:
            self._drop(phone)
            return
        self._watch(phone, stream)
        self._received += len(messages)
        for message in messages:
            hear(phone, message, stream.to)

    def _send_all(self, messages: Iterable[Outgoing]) -> None:
        for outgoing in messages:
            taken = self._say(outgoing) if outgoing.phone in self._over_tcp else self._throw(outgoing)
            self._sent += taken
            self._unsent += not taken

    def _throw(self, outgoing: Outgoing) -> bool:
        try:
            self._sockets[outgoing.phone].sendto(outgoing.data, outgoing.to)
        except OSError:  # a full buffer, or nobody at that address
            return False
        return True

    def _say(self, outgoing: Outgoing) -> bool:
        stream = self._streams.get(outgoing.phone)
        if stream is None:
            return False
        try:
            stream.say(outgoing.data)
        except OSError:
            self._drop(outgoing.phone)
            return False
        self._watch(outgoing.phone, stream)
        return True

    def _watch(self, phone: int, stream: Stream) -> None:
        if stream.waits == (phone in self._waiting):
            return
        self._waiting ^= {phone}
        self._epoll.modify(stream.socket.fileno(), select.EPOLLIN | (select.EPOLLOUT if stream.waits else 0))

    def _drop(self, phone: int) -> None:
        self._lost += 1
        self.hang_up(phone)
        self._lose(phone)


def _nobody_minds(_phone: int) -> None:
    """A connection was lost, and that is all."""


def _allow_descriptors(sockets: int) -> None:
    """Raise the soft limit of open files as far as needed and allowed; `OSError` with advice if it does not suffice."""
    needed = sockets + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and needed > hard:
        raise OSError(f"so many phones need {needed} open files and the limit is {hard}: raise it with ulimit -n")
    if soft != resource.RLIM_INFINITY and needed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
