"""A SIP endpoint on loopback with a fleet that remembers what it was told, and a phone to talk to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from daemon.config.listen import Listen
from daemon.config.settings import Qualify, Sip, SipTls
from daemon.errors import StoreUnavailable
from daemon.fleet.commands import Answer, SendProbes
from daemon.fleet.events import Event, Registered, Unregistered
from daemon.fleet.model import Contact
from daemon.fleet.target import Target
from daemon.scheduler.clock import Clock
from daemon.sip.authentication import PasswordOf, nobodys_password
from daemon.sip.endpoint import SipEndpoint
from tests.support.sip_messages import ALICE, Phonebook

LOOPBACK = Listen("udp", "127.0.0.1", 0)
LOOPBACK_6 = Listen("udp", "::1", 0)


class Disk:
    """A promise that can be held back or broken."""

    answer: Answer | None = None

    def __init__(self) -> None:
        self.spinning = trio.Event()
        self.spinning.set()
        self.full = False

    async def stored(self) -> None:
        await self.spinning.wait()
        if self.full:
            raise StoreUnavailable("disk full")


class Office:
    """The endpoint under test with everything around it."""

    def __init__(
        self,
        *listen: Listen,
        qualify: Qualify | None = None,
        tls: SipTls | None = None,
        password_of: PasswordOf = nobodys_password,
    ) -> None:
        self.phonebook = Phonebook()
        self.disk = Disk()
        self.events: list[Event] = []
        self.settings = Sip(listen=listen or (LOOPBACK,), domain="pbx.example.net", min_expires=60, tls=tls or SipTls())
        self.endpoint = SipEndpoint(
            self.settings, qualify or Qualify(), self.phonebook, Clock(), password_of=password_of
        )

    def deliver(self, event: Event) -> Disk:
        self.events.append(event)
        if isinstance(event, Registered):
            self.phonebook.settle(event.mac, event.bindings[0].contact, event.bindings)
        elif isinstance(event, Unregistered):
            self.phonebook.settle(event.mac, None)
        return self.disk

    async def until(self, count: int) -> list[Event]:
        """The events, once there are that many."""
        with trio.fail_after(5):
            while len(self.events) < count:
                await trio.lowlevel.checkpoint()
        return self.events


@asynccontextmanager
async def open_office(
    *listen: Listen,
    qualify: Qualify | None = None,
    tls: SipTls | None = None,
    password_of: PasswordOf = nobodys_password,
) -> AsyncIterator[Office]:
    office = Office(*listen, qualify=qualify, tls=tls, password_of=password_of)
    async with trio.open_nursery() as nursery:
        await nursery.start(office.endpoint.run, office.deliver)
        yield office
        nursery.cancel_scope.cancel()


class Phone:
    """A socket that speaks to one listener."""

    def __init__(self, sock: trio.socket.SocketType, listen: Listen) -> None:
        self._sock = sock
        self._listen = listen

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._sock.getsockname()[:2]
        return host, port

    async def say(self, datagram: bytes) -> None:
        await self._sock.sendto(datagram, (self._listen.host, self._listen.port))

    async def hear(self) -> bytes:
        with trio.fail_after(5):
            return (await self._sock.recvfrom(65535))[0]

    async def ask(self, datagram: bytes) -> bytes:
        await self.say(datagram)
        return await self.hear()


@asynccontextmanager
async def open_phone(listen: Listen) -> AsyncIterator[Phone]:
    family = trio.socket.AF_INET6 if ":" in listen.host else trio.socket.AF_INET
    with trio.socket.socket(family, trio.socket.SOCK_DGRAM) as sock:
        await sock.bind((listen.host, 0))
        yield Phone(sock, listen)


def ping(*contacts: Contact, key: str = ALICE) -> SendProbes:
    """The order to ping Alice's phone (or another target) at each of these contacts."""
    targets = [Target(key, 0.0) for _ in contacts]
    for target, contact in zip(targets, contacts, strict=True):
        target.contact = contact
    return SendProbes(targets)


def ok(request: bytes, status: bytes = b"200 OK") -> bytes:
    """A phone's answer: the request's headers as they came."""
    return b"SIP/2.0 " + status + request[request.index(b"\r\n") :]
