"""DNS as SIP needs it: NAPTR, SRV, A and AAAA, with an answer remembered for as long as it may be.

Nobody who sends a ping waits for this. The number of questions under way, their time and the memory are bounded; that
a name is not there, or that no server answers, is remembered as well, so a broken zone is not asked on and on. Not
here: which questions a SIP URI raises (`locate`), who asks them (`locator`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

import dns.asyncbackend
import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.resolver
import trio

from daemon.config.listen import parse_host_port
from daemon.config.settings import Dns
from daemon.errors import RingkeeperError
from daemon.scheduler.clock import Clock
from daemon.sip.locate import Naptr, Srv

Kind = Literal["NAPTR", "SRV", "A", "AAAA"]
Record = Srv | Naptr | str

# Questions under way at once: enough for a hundred trunks at a start, and no flood for a small DNS server.
MAX_QUESTIONS = 16
# Answers remembered; a thousand connections raise some five questions each. Beyond it the oldest go.
MAX_REMEMBERED = 5000
PORT = 53


class LookUpFailed(RingkeeperError):
    """A name could not be looked up; the text says why. Blame: the name, or the DNS servers."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What DNS said: records, none if the name or the type is not there; good for `ttl` seconds from when it came."""

    records: tuple[Record, ...]
    ttl: float


@dataclass(frozen=True, slots=True)
class ResolverStatistics:
    """Since start; `remembered` is of this moment."""

    results: dict[str, int]  # questions by what came of them: answered, nothing, failed, remembered
    remembered: int


Ask = Callable[[str, Kind], Awaitable[Answer]]


class Resolver:
    """Asks, and remembers. `question` may replace the real DNS; it raises `LookUpFailed`."""

    def __init__(self, settings: Dns, clock: Clock, question: Ask | None = None) -> None:
        self._question = question or self._ask_dns
        self._clock = clock
        self._memory: dict[tuple[str, Kind], tuple[float, Answer | str]] = {}
        self._room = trio.CapacityLimiter(MAX_QUESTIONS)
        self._counts: Counter[str] = Counter()
        self.apply(settings)

    def apply(self, settings: Dns) -> None:
        """A reload: other servers may know other things, so nothing is remembered."""
        self.settings = settings
        self._memory.clear()
        self._servers = _servers(settings)

    def statistics(self) -> ResolverStatistics:
        """A snapshot."""
        return ResolverStatistics(dict(self._counts), len(self._memory))

    async def ask(self, name: str, kind: Kind) -> Answer:
        """The records of a name, remembered or fresh; `LookUpFailed` if nobody could say."""
        known = self._memory.get((name, kind))
        if known and known[0] > self._clock.now():
            self._counts["remembered"] += 1
            return _told(known[1])
        async with self._room:
            said = await self._asked(name, kind)
        ttl = said.ttl if isinstance(said, Answer) else self.settings.min_ttl
        self._remember((name, kind), self._clock.now() + ttl, said)
        return _told(said)

    async def _asked(self, name: str, kind: Kind) -> Answer | str:
        try:
            answer = await self._question(name, kind)
        except LookUpFailed as failure:
            self._counts["failed"] += 1
            return str(failure)
        self._counts["answered" if answer.records else "nothing"] += 1
        least = self.settings.min_ttl
        return Answer(answer.records, min(max(answer.ttl, least), self.settings.max_ttl) if answer.records else least)

    def _remember(self, key: tuple[str, Kind], until: float, said: Answer | str) -> None:
        self._memory.pop(key, None)  # what is set anew counts as the newest
        self._memory[key] = (until, said)
        while len(self._memory) > MAX_REMEMBERED:
            del self._memory[next(iter(self._memory))]

    async def _ask_dns(self, name: str, kind: Kind) -> Answer:
        if self._servers is None:
            raise LookUpFailed("no DNS server is known: set sip.dns.servers, or /etc/resolv.conf")
        try:
            answer = await self._servers.resolve(
                name,
                kind,
                raise_on_no_answer=False,
                lifetime=self.settings.timeout,
                search=False,
                backend=dns.asyncbackend.get_backend("trio"),
            )
        except dns.resolver.NXDOMAIN:
            return Answer((), 0)
        except dns.resolver.LifetimeTimeout:
            raise LookUpFailed(f"no DNS server answered about {name}") from None
        except (dns.exception.DNSException, OSError) as error:
            raise LookUpFailed(f"DNS cannot tell {kind} of {name}: {type(error).__name__}") from None
        records = tuple(_record(data, kind) for data in answer.rrset or ())
        return Answer(records, answer.chaining_result.minimum_ttl)


def _told(said: Answer | str) -> Answer:
    if isinstance(said, str):
        raise LookUpFailed(said)
    return said


def _record(data: Any, kind: Kind) -> Record:
    """One record as our own noun; names lose the dot at their end."""
    if kind == "SRV":
        return Srv(data.priority, data.weight, data.port, _name(data.target))
    if kind == "NAPTR":
        flags, service = data.flags.decode("ascii", "replace"), data.service.decode("ascii", "replace")
        return Naptr(data.order, data.preference, flags, service, _name(data.replacement))
    address: str = data.address
    return address


def _name(name: Any) -> str:
    text: str = name.to_text(omit_final_dot=True)
    return text.lower()


def _servers(settings: Dns) -> dns.asyncresolver.Resolver | None:
    """The resolver of dnspython, which sends to these servers; None if the system names none and no setting does."""
    if settings.servers:
        resolver = dns.asyncresolver.Resolver(configure=False)
        places = (parse_host_port(server, PORT) for server in settings.servers)
        resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in places]
        return resolver
    try:
        return dns.asyncresolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        return None
