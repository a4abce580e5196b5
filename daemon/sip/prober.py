"""One OPTIONS to one target for whoever asks by `/probe`: its own socket, its own time, its own measurements.

Nothing here moves a state: that is what the fleet's pings are for. What may be probed is decided on the address that
DNS gave, the very one that is then sent to, so a name that changes its mind gains nothing. Not here: HTTP, and how the
measurements are written down (`daemon.observe.probe_text`).
"""

from __future__ import annotations

import secrets
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Protocol

import trio

from daemon.config.settings import Settings
from daemon.errors import BadMessage
from daemon.fleet.connection import Connection
from daemon.fleet.model import Contact, Mac, Server
from daemon.fleet.reachability import accepts
from daemon.scheduler.clock import Clock
from daemon.scheduler.pacing import TokenBucket
from daemon.sip.locate import is_numeric
from daemon.sip.locator import Locator
from daemon.sip.options import TOKEN_LENGTH, OptionsTemplate, match_answers
from daemon.sip.parser import MAX_DATAGRAM
from daemon.sip.resolver import LookUpFailed
from daemon.sip.stream import StreamReader
from daemon.sip.uri import SipUri, parse_contact_uri

# What Prometheus calls a module -> the transport.
MODULES: Mapping[str, str] = {"sip_udp": "udp", "sip_tcp": "tcp", "sip_tls": "tls"}
PHASES = ("resolve", "connect", "tls", "request")
# Timer E (RFC 3261 section 17.1.2.2): T1, then twice as long each time up to T2.
_T1, _T2 = 0.5, 4.0


class Directory(Protocol):
    """Whom we know, and may therefore ask."""

    @property
    def servers(self) -> Mapping[str, Server]:
        """SIP servers by name."""

    @property
    def connections(self) -> Mapping[str, Connection]:
        """SIP connections by name."""

    def mac_at(self, host: str, port: int) -> Mac | None:
        """Which device's present contact is at this address."""


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What one probe found; durations in seconds, 0 for a phase that it did not come to."""

    success: bool
    duration: float
    phases: Mapping[str, float]
    status: int  # of the final answer, 0 without one
    address: str  # where it was sent, "" if DNS said nothing
    certificate_ends: float | None  # UTC seconds; only of a certificate that was verified
    log: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProberStatistics:
    """Since start; `under_way` is of this moment."""

    results: dict[str, int]  # by "success" and "failure"
    refused: dict[str, int]  # by reason
    under_way: int


class Prober:
    """`settings` gives those in force, so a reload needs no word here but for `tls`, which TLS is begun with."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        directory: Directory,
        locator: Locator,
        tls: ssl.SSLContext,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._locator = locator
        self._tls = tls
        self._clock = clock
        self._rate = 0
        self._bucket = TokenBucket(0, 0)  # made anew when the first probe, or a reload, brings its rate
        self._results: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._under_way = 0

    def apply(self, tls: ssl.SSLContext) -> None:
        """A reload: probes from now on believe these authorities."""
        self._tls = tls

    def statistics(self) -> ProberStatistics:
        """A snapshot."""
        return ProberStatistics(dict(self._results), dict(self._refused), self._under_way)

    async def probe(self, target: str, module: str, seconds: float) -> ProbeReport:
        """Ask `target` (`sip:host:port`, or `host:port`) within so many seconds.

        `BadMessage` when it is not to be asked at all: 400 for what makes no sense, 403 for what is not permitted, 429
        and 503 for too much. Silence, a refusal, an untrusted certificate are reports.
        """
        try:
            uri, text = _wanted(target, module)
            self._admit(uri)
            self._under_way += 1
            try:
                report = await self._ask(uri, text, MODULES[module], seconds)
            finally:
                self._under_way -= 1
        except BadMessage as refusal:
            self._refused[refusal.reason] += 1
            raise
        self._results["success" if report.success else "failure"] += 1
        return report

    def _admit(self, uri: SipUri) -> None:
        """Turn away what cannot be permitted whatever DNS says, and what is too much."""
        settings = self._settings().probe
        if not settings.networks and not is_numeric(uri.host) and not self._named(uri):
            raise _forbidden(uri.host)
        if self._under_way >= settings.concurrent:
            raise BadMessage("probes-under-way", f"{settings.concurrent} probes are under way already", 503)
        if settings.max_rate != self._rate:
            self._rate, self._bucket = settings.max_rate, TokenBucket(settings.max_rate, settings.max_rate)
        if not self._bucket.take(self._clock.now()):
            raise BadMessage("probe-rate", f"more than {settings.max_rate} probes a second", 429)

    async def _ask(self, uri: SipUri, text: str, transport: str, seconds: float) -> ProbeReport:
        attempt = _Attempt(self._clock)
        with trio.move_on_after(seconds) as scope:
            try:
                with attempt.phase("resolve"):
                    contact = self._permitted(uri, (await self._locator.find(text)).contacts)
                attempt.address = contact.host
                async with self._line(attempt, replace(contact, uri=text), uri.host, transport) as line:
                    with attempt.phase("request"):
                        attempt.status = await line.ask()
            except LookUpFailed as failure:
                attempt.say(str(failure))
            except (OSError, trio.BrokenResourceError, trio.ClosedResourceError) as failure:
                attempt.say(f"{type(failure).__name__}: {_cause(failure)}")
        if scope.cancelled_caught:
            attempt.say(f"no final answer within {seconds:g} s")
        return attempt.report(self._settings().qualify.accept)

    def _permitted(self, uri: SipUri, contacts: tuple[Contact, ...]) -> Contact:
        """The best of these addresses that may be asked."""
        networks, named = self._settings().probe.networks, self._named(uri)
        for contact in contacts:
            address = ip_address(contact.host)
            if named or any(address in network for network in networks) or self._known(contact):
                return contact
        raise _forbidden(", ".join(contact.host for contact in contacts))

    def _known(self, contact: Contact) -> bool:
        """Whether a device or a connection of ours is at this very address and port."""
        place = contact.host, contact.port
        connections = self._directory.connections.values()
        return self._directory.mac_at(*place) is not None or any(
            (each.host, each.port) == place for connection in connections for each in connection.addresses
        )

    def _named(self, uri: SipUri) -> bool:
        """Whether an operator wrote this very host and port down as a server's or a connection's."""
        written = [server.address for server in self._directory.servers.values()]
        written += [connection.record.target for connection in self._directory.connections.values()]
        return any((known.host, known.port) == (uri.host, uri.port) for known in _uris(written))

    @asynccontextmanager
    async def _line(
        self, attempt: _Attempt, contact: Contact, name: str, transport: str
    ) -> AsyncIterator[_Datagrams | _Stream]:
        """A socket of its own to the target, with TLS on it if wanted."""
        family = trio.socket.AF_INET6 if ":" in contact.host else trio.socket.AF_INET
        kind = trio.socket.SOCK_DGRAM if transport == "udp" else trio.socket.SOCK_STREAM
        with trio.socket.socket(family, kind) as sock:
            with attempt.phase("connect"):
                await sock.connect((contact.host, contact.port))
            token = secrets.token_hex(TOKEN_LENGTH // 2)
            sip = self._settings().sip
            template = OptionsTemplate(sock.getsockname()[:2], sip.domain, sip.user_agent, token, transport)
            request = template.render(contact, token).encode("ascii")
            attempt.say(f"{contact.host} port {contact.port} over {transport}")
            if transport == "udp":
                yield _Datagrams(sock, request, token, attempt)
                return
            stream: trio.SocketStream | trio.SSLStream[trio.SocketStream] = trio.SocketStream(sock)
            if transport == "tls":
                stream = await self._wrapped(attempt, trio.SocketStream(sock), name)
            yield _Stream(stream, request, token, attempt)

    async def _wrapped(
        self, attempt: _Attempt, stream: trio.SocketStream, name: str
    ) -> trio.SSLStream[trio.SocketStream]:
        wrapped = trio.SSLStream(stream, self._tls, server_hostname=name, https_compatible=True)
        with attempt.phase("tls"):
            await wrapped.do_handshake()
        certificate = wrapped.getpeercert() or {}
        if ends := certificate.get("notAfter"):
            attempt.certificate_ends = float(ssl.cert_time_to_seconds(ends))
        return wrapped


class _Attempt:
    """One probe while it is under way."""

    def __init__(self, clock: Clock) -> None:
        self.status = 0
        self.address = ""
        self.certificate_ends: float | None = None
        self._clock = clock
        self._began = clock.now()
        self._phases = dict.fromkeys(PHASES, 0.0)
        self._lines: list[str] = []

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure what happens inside, however it ends."""
        began = self._clock.now()
        try:
            yield
        finally:
            self._phases[name] = self._clock.now() - began
            self.say(f"{name}: {self._phases[name] * 1000:.1f} ms")

    def say(self, line: str) -> None:
        """A line for whoever debugs."""
        self._lines.append(f"{self._clock.now() - self._began:8.3f} s  {line}")

    def report(self, accept: tuple[str, ...]) -> ProbeReport:
        """What came of it; an answer counts by the rule that pings follow."""
        return ProbeReport(
            success=bool(self.status) and accepts(self.status, accept),
            duration=self._clock.now() - self._began,
            phases=self._phases,
            status=self.status,
            address=self.address,
            certificate_ends=self.certificate_ends,
            log=tuple(self._lines),
        )


class _Datagrams:
    """Over UDP the request is repeated until somebody answers."""

    def __init__(self, sock: trio.socket.SocketType, request: bytes, token: str, attempt: _Attempt) -> None:
        self._socket, self._request, self._token, self._attempt = sock, request, token, attempt

    async def ask(self) -> int:
        """The status of the final answer; waits for ever."""
        pause = _T1
        while True:
            await self._socket.send(self._request)
            with trio.move_on_after(pause):
                while True:
                    if status := _final(await self._socket.recv(MAX_DATAGRAM), self._token, self._attempt):
                        return status
            self._attempt.say(f"no answer for {pause:g} s, sent again")
            pause = min(2 * pause, _T2)


class _Stream:
    """Over TCP and TLS it is said once."""

    def __init__(
        self,
        stream: trio.SocketStream | trio.SSLStream[trio.SocketStream],
        request: bytes,
        token: str,
        attempt: _Attempt,
    ) -> None:
        self._stream, self._request, self._token, self._attempt = stream, request, token, attempt

    async def ask(self) -> int:
        """The status of the final answer, 0 if the far end closed or said what is no SIP; waits for ever."""
        await self._stream.send_all(self._request)
        reader = StreamReader()
        while data := await self._stream.receive_some():
            try:
                for item in reader.feed(bytes(data)):
                    if isinstance(item, bytes) and (status := _final(item, self._token, self._attempt)):
                        return status
            except BadMessage as bad:
                self._attempt.say(f"what came is no SIP: {bad}")
                return 0
        self._attempt.say("the far end closed the connection")
        return 0


def _final(message: bytes, token: str, attempt: _Attempt) -> int:
    """The status of a final answer to the request with this token; 0 for everything else."""
    answer = match_answers([message])[0]
    if answer is None or answer[1] != token:
        attempt.say(f"not an answer to this request: {message[:60]!r}")
        return 0
    attempt.say(f"answer {answer[0]}")
    return answer[0]


def _wanted(target: str, module: str) -> tuple[SipUri, str]:
    """Target and module -> the URI, and its text as the request names it."""
    transport = MODULES.get(module)
    if transport is None:
        raise BadMessage("module", f"there is no module {module[:40]!r}; there are {', '.join(MODULES)}")
    text = target if target.lower().startswith(("sip:", "sips:")) else f"sip:{target}"
    uri = parse_contact_uri(text)
    if uri.params.keys() - {"transport"} or uri.headers:
        raise BadMessage("target", "write the target as sip:host or sip:host:port, without parameters")
    if uri.params.get("transport", transport) != transport:
        raise BadMessage("target", f"the target wants {uri.params['transport']}, the module {transport}")
    named = f"{text.partition(';')[0]};transport={transport}"
    return parse_contact_uri(named), named


def _uris(texts: list[str]) -> Iterator[SipUri]:
    for text in texts:
        try:
            yield parse_contact_uri(text)
        except BadMessage:
            continue  # an old row; it permits nothing


def _forbidden(where: str) -> BadMessage:
    return BadMessage(
        "target-forbidden",
        f"{where} is neither in probe.networks nor the address of a known device, server or connection",
        403,
    )


def _cause(failure: BaseException) -> str:
    """What trio wraps says more than the wrapping."""
    return str(failure.__cause__ or failure)
