"""The phones' UDP sockets: one per phone, bound to the phone's own address; one task receives for all of them.

An epoll descriptor can itself be waited for, so Trio watches a single descriptor however many sockets there are.
Answers that are to be late wait in one heap of deadlines. Not here: what is answered (`sip_text`, `phone`).
"""

from __future__ import annotations

import resource
import select
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import trio

from daemon.scheduler.clock import Clock
from daemon.scheduler.deadlines import Deadlines
from daemon.scheduler.driver import Driver
from daemon.simulate.sip_text import Address

LARGEST_DATAGRAM = 65_535
# Datagrams taken in one turn before the other tasks get theirs.
BATCH = 256
# What the rest of the program may need besides one descriptor per phone: listeners, connections, database.
SPARE_DESCRIPTORS = 512

Hear = Callable[[int, bytes, Address], None]  # phone, datagram, source


@dataclass(frozen=True, slots=True)
class Datagram:
    """Bytes that a phone is to send."""

    phone: int
    data: bytes
    to: Address


@dataclass(frozen=True, slots=True)
class SipSideStatistics:
    """Counts since the start; `unsent` are datagrams that the kernel did not take."""

    received: int
    sent: int
    unsent: int


class SipSide:
    """Sockets by phone, counted from 0 in the order of `addresses`. To be closed with `close`."""

    def __init__(self, addresses: Iterable[str], clock: Clock) -> None:
        self._epoll = select.epoll()
        self._sockets: list[socket.socket] = []
        self._phone_of: dict[int, int] = {}  # descriptor -> phone
        self._late: Deadlines[Datagram] = Deadlines()
        self._clock = clock
        self._late_driver = Driver(self._late, clock, self._send_all)
        self._received = self._sent = self._unsent = 0
        wanted = list(addresses)
        _allow_descriptors(len(wanted))
        try:
            for address in wanted:
                self._open(address)
        except OSError:
            self.close()
            raise

    def port(self, phone: int) -> int:
        """The port that the kernel gave this phone."""
        port: int = self._sockets[phone].getsockname()[1]
        return port

    def send(self, phone: int, data: bytes, to: Address, delay: float = 0.0) -> None:
        """Send now, or `delay` seconds from now; what the kernel does not take at once is lost, as on a network."""
        datagram = Datagram(phone, data, to)
        if delay > 0:
            self._late.set(datagram, self._clock.now() + delay)
            self._late_driver.poke()
        else:
            self._send_all([datagram])

    async def run(self, hear: Hear) -> None:
        """Receive and send late answers until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._late_driver.run)
            while True:
                await trio.lowlevel.wait_readable(self._epoll.fileno())
                for descriptor, _ in self._epoll.poll(0, BATCH):
                    self._receive(self._phone_of[descriptor], hear)

    def statistics(self) -> SipSideStatistics:
        """The counts up to now."""
        return SipSideStatistics(self._received, self._sent, self._unsent)

    def close(self) -> None:
        """Close every socket."""
        for sock in self._sockets:
            sock.close()
        self._epoll.close()

    def _open(self, address: str) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sockets.append(sock)
        sock.setblocking(False)
        sock.bind((address, 0))
        self._phone_of[sock.fileno()] = len(self._sockets) - 1
        self._epoll.register(sock.fileno(), select.EPOLLIN)

    def _receive(self, phone: int, hear: Hear) -> None:
        try:
            data, source = self._sockets[phone].recvfrom(LARGEST_DATAGRAM)
        except OSError:  # nothing there after all, or an ICMP error of an earlier datagram
            return
        self._received += 1
        hear(phone, data, source)

    def _send_all(self, datagrams: Iterable[Datagram]) -> None:
        for datagram in datagrams:
            try:
                self._sockets[datagram.phone].sendto(datagram.data, datagram.to)
            except OSError:  # a full buffer, or nobody at that address
                self._unsent += 1
            else:
                self._sent += 1


def _allow_descriptors(phones: int) -> None:
    """Raise the soft limit of open files as far as needed and allowed; `OSError` with advice if it does not suffice."""
    needed = phones + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and needed > hard:
        raise OSError(f"{phones} phones need {needed} open files and the limit is {hard}: raise it with ulimit -n")
    if soft != resource.RLIM_INFINITY and needed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
