"""A trap receiver and somebody who sends to it over real sockets, with a fleet that only writes down what it hears."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_network
from typing import Any

import trio

from daemon.config.snmp_settings import Snmp
from daemon.errors import StoreUnavailable
from daemon.fleet.commands import Answer
from daemon.fleet.events import Event, TrapHeard
from daemon.fleet.model import DeviceRecord, Mac, Tenant
from daemon.scheduler.clock import Clock
from daemon.snmp.receiver.receiver import Receiver
from daemon.snmp.v3.engine import Engine

SBC = Mac("00908f4867af")
OWN_ENGINE = bytes.fromhex("800007c7040102030405")


@dataclass(frozen=True)
class Known:
    """A device."""

    record: DeviceRecord
    blocked: str = ""


@dataclass
class People:
    """One SBC of acme, whose phones and SBCs are at 127.0.0.0/8 unless the test says otherwise."""

    subnet: str = "127.0.0.0/8"
    at: dict[str, Mac] = field(default_factory=dict)

    @property
    def tenants(self) -> dict[str, Tenant]:
        """Acme."""
        return {"acme": Tenant("acme", subnet=ip_network(self.subnet))}

    def device(self, mac: Mac) -> Known | None:
        """The SBC."""
        return Known(DeviceRecord(mac, tenant="acme")) if mac == SBC else None

    def mac_from(self, address: str) -> Mac | None:
        """Whose address it is."""
        return self.at.get(address)

    def is_source(self, address: str) -> bool:
        """Whether it is anybody's."""
        return address in self.at


class Delivered:
    """What came of an event: durable when the test says so."""

    def __init__(self, desk: TrapDesk) -> None:
        self.answer: Answer | None = None
        self._desk = desk

    async def stored(self) -> None:
        """Wait for the test's word."""
        await self._desk.durable.wait()
        if self._desk.failing:
            raise StoreUnavailable("no space left")


class TrapDesk:
    """A receiver that runs, what it heard, and the disk behind it; and a sender, who is not a part of it."""

    def __init__(self, people: People, **settings: Any) -> None:
        self.own: trio.socket.SocketType
        self.people = people
        self.heard: list[TrapHeard] = []
        self.durable = trio.Event()
        self.durable.set()
        self.failing = False
        self.snmp = a_receiver(**settings)
        self.engine = Engine(OWN_ENGINE, 1, Clock().now(), 7)
        self.engine.apply(self.snmp.users)
        self.clock = Clock()
        self.receiver = Receiver(self.snmp, people, self.engine, self.clock)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.receiver.addresses[0].port

    def deliver(self, event: Event) -> Delivered:
        """Write it down."""
        assert isinstance(event, TrapHeard)
        self.heard.append(event)
        return Delivered(self)

    async def say(self, *datagrams: bytes) -> None:
        """The sender sends them."""
        listen = self.receiver.addresses[0]
        for datagram in datagrams:
            await self.own.sendto(datagram, (listen.host, listen.port))

    async def hear(self, within: float = 5.0) -> bytes:
        """What the sender is answered."""
        with trio.fail_after(within):
            return await self.own.recv(65535)

    async def settled(self, received: int) -> None:
        """Return when so many datagrams were looked at."""
        with trio.fail_after(10):
            while self.receiver.statistics().received < received:  # noqa: ASYNC110 - statistics tell nobody
                await trio.sleep(0.005)


def a_receiver(**settings: Any) -> Snmp:
    """Settings of a receiver on a free port of loopback."""
    users = settings.pop("known", [])
    return Snmp.model_validate({"users": users, "receiver": {"listen": ["udp://127.0.0.1:0"], **settings}})


@asynccontextmanager
async def trap_desk(people: People | None = None, **settings: Any) -> AsyncIterator[TrapDesk]:
    """It runs as long as the block does."""
    desk = TrapDesk(people or People(), **settings)
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(desk.receiver.run, desk.deliver))
        family = socket.AF_INET6 if ":" in desk.receiver.addresses[0].host else socket.AF_INET
        with trio.socket.socket(family, socket.SOCK_DGRAM) as desk.own:
            yield desk
        nursery.cancel_scope.cancel()
