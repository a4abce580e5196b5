"""From a SIP URI to the addresses it leads to: the procedure of RFC 3263 with its questions asked.

The fleet says whose name is to be looked up and when; here it is done in the background by a few tasks, and the
outcome goes back as an event. Not here: the rules (`locate`), DNS itself (`resolver`), who is pinged when.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import trio

from daemon.errors import BadMessage
from daemon.fleet.commands import LocateTarget
from daemon.fleet.delivery import Deliver
from daemon.fleet.events import TargetLocated, TargetNotLocated
from daemon.fleet.model import Contact
from daemon.sip import locate
from daemon.sip.locate import Endpoint, Naptr, Srv
from daemon.sip.resolver import Kind, LookUpFailed, Resolver
from daemon.sip.uri import SipUri, parse_sip_uri

Wanted = TypeVar("Wanted", Srv, Naptr, str)

WORKERS = 8  # names looked up at once; each asks one question after another
# Names that may wait: a start with a thousand connections. The fleet asks again for what is lost.
MAX_WAITING = 2000
# Addresses kept of one name. A round through all of them takes some six seconds each while they are silent.
MAX_ADDRESSES = 8
QUESTIONS = 4  # a whole look-up may take this many times as long as one question


@dataclass(frozen=True, slots=True)
class Located:
    """Where a URI leads, best first; to be looked up again after `ttl` seconds, infinity for an address."""

    contacts: tuple[Contact, ...]
    ttl: float


@dataclass(frozen=True, slots=True)
class LocatorStatistics:
    """Since start; `waiting` is of this moment."""

    located: int
    failed: int
    dropped: int  # look-ups that found no room
    waiting: int


class Locator:
    """`submit` takes an order to look a name up, `run` does it; `find` does it at once for whoever wants to wait."""

    def __init__(self, resolver: Resolver, share: Callable[[], float]) -> None:
        """`share` gives random numbers from 0 up to 1, by which SRV records of one priority take turns."""
        self._resolver = resolver
        self._share = share
        self._orders, self._waiting = trio.open_memory_channel[LocateTarget](MAX_WAITING)
        self._located = self._failed = self._dropped = 0

    def statistics(self) -> LocatorStatistics:
        """A snapshot."""
        waiting = self._waiting.statistics().current_buffer_used
        return LocatorStatistics(self._located, self._failed, self._dropped, waiting)

    def submit(self, order: LocateTarget) -> None:
        """Look this name up soon."""
        try:
            self._orders.send_nowait(order)
        except trio.WouldBlock:
            self._dropped += 1

    async def run(self, deliver: Deliver, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Look names up until cancelled."""
        async with trio.open_nursery() as nursery:
            for _ in range(WORKERS):
                nursery.start_soon(self._work, deliver)
            task_status.started()

    async def find(self, text: str) -> Located:
        """Where a SIP URI leads; `LookUpFailed` if nowhere, `BadMessage` if we do not speak that."""
        uri = parse_sip_uri(text)
        if contact := locate.numeric_contact(uri, text):
            return Located((contact,), math.inf)
        if not locate.is_name(uri.host):
            raise LookUpFailed(f"{uri.host[:60]} is not a name that DNS knows")
        asked = _Questions(self._resolver)
        with trio.move_on_after(QUESTIONS * self._resolver.settings.timeout):
            return await self._ask(asked, uri, text)
        raise LookUpFailed(asked.failure or f"looking {uri.host} up took too long")

    async def _work(self, deliver: Deliver) -> None:
        async for order in self._waiting:
            try:
                found = await self.find(order.uri)
            except (LookUpFailed, BadMessage) as failure:
                self._failed += 1
                deliver(TargetNotLocated(order.key, str(failure), self._resolver.settings.min_ttl))
            else:
                self._located += 1
                deliver(TargetLocated(order.key, found.contacts, found.ttl))

    async def _ask(self, asked: _Questions, uri: SipUri, text: str) -> Located:
        contacts: dict[Contact, None] = {}
        for endpoint in await self._endpoints(asked, uri):
            for address in await asked.addresses(endpoint.host):
                contacts[locate.contact_at(endpoint, address, text)] = None
            if len(contacts) >= MAX_ADDRESSES:
                break
        if not contacts:
            raise LookUpFailed(asked.failure or f"{uri.host} has no address")
        return Located(tuple(contacts)[:MAX_ADDRESSES], asked.ttl)

    async def _endpoints(self, asked: _Questions, uri: SipUri) -> list[Endpoint]:
        """The hosts to try: those of the first service that SRV knows, else the name itself."""
        if not locate.goes_by_srv(uri):
            return [locate.direct(uri)]
        naptr = [] if locate.transport_of(uri) else await asked.records(uri.host, "NAPTR", Naptr)
        for service in locate.services(uri, naptr):
            offers = await asked.records(service.name, "SRV", Srv)
            if offers:
                ordered = locate.in_order(offers, self._share)
                if not ordered:
                    raise LookUpFailed(f"{uri.host} offers no SIP over {service.transport}, says its SRV record")
                return [Endpoint(offer.host, offer.port, service.transport) for offer in ordered]
        return [locate.direct(uri)]


class _Questions:
    """The questions of one look-up: the shortest TTL among the answers, and the newest failure."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self.ttl = resolver.settings.max_ttl
        self.failure = ""

    async def records(self, name: str, kind: Kind, wanted: type[Wanted]) -> list[Wanted]:
        """The records of that kind; none if there are none or nobody could say."""
        try:
            answer = await self._resolver.ask(name, kind)
        except LookUpFailed as failure:
            self.failure = str(failure)
            return []
        if answer.records:
            self.ttl = min(self.ttl, answer.ttl)
        return [record for record in answer.records if isinstance(record, wanted)]

    async def addresses(self, host: str) -> list[str]:
        """Every address of a host, IPv4 first: that is what most phone systems listen on."""
        if locate.is_numeric(host):
            return [host]
        return [*await self.records(host, "A", str), *await self.records(host, "AAAA", str)]
