"""The SIP edge: UDP sockets, the loop that empties them, and the way from a datagram to an event and back.

An answer to one of our pings is matched by its token before anything is parsed. Everything else is parsed and
answered by the user agent server, or counted and dropped. A REGISTER is answered only when the disk holds it; those
answers wait in a bounded queue with a task of their own, so that the receive loop never waits for the disk. Not
here: what is answered (`uas`), who is pinged and when (the fleet).
"""

from __future__ import annotations

import errno
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import structlog
import trio

from daemon.config.listen import Listen
from daemon.config.settings import Qualify, Sip
from daemon.errors import BadMessage, StoreUnavailable
from daemon.fleet.commands import SendProbe
from daemon.fleet.delivery import Deliver, Delivery
from daemon.fleet.events import LifeSign, ProbeAnswered, ProbeMissed
from daemon.fleet.model import Mac
from daemon.scheduler.clock import Clock
from daemon.scheduler.driver import Driver
from daemon.scheduler.pacing import TokenBucket
from daemon.sip import registrar
from daemon.sip.flow import Flow, family_of
from daemon.sip.message import Address, Request
from daemon.sip.options import TOKEN_LENGTH, match_answer
from daemon.sip.parser import parse
from daemon.sip.probes import Probes
from daemon.sip.registrar import Registrar
from daemon.sip.responses import Reply, Responder, reply_address
from daemon.sip.uas import UserAgentServer

log = structlog.get_logger("sip")

# Datagrams handled before others get their turn: at some 10 µs each under a millisecond, so nobody notices.
DRAIN = 64
# After the first datagram others are given this long to arrive, because waking up costs more than handling one. The
# kernel stamps their arrival, so round trips stay exact; a REGISTER waits longer than this for the disk.
GATHER = 0.005
# Answers that may wait for the disk: two seconds of 2,000 REGISTERs. A phone repeats itself for 32 s anyway.
MAX_WAITING = 4096
RETRY_AFTER = 30  # seconds; half the shortest expiry, so the phone is back before its registration ends
_STUN_TYPES = 2  # RFC 7983 section 7: a first byte of 0 or 1 is STUN


class Directory(registrar.Directory, Protocol):
    """What the endpoint asks the fleet."""

    def mac_at(self, host: str, port: int) -> Mac | None:
        """Which device's present contact is at this address."""


@dataclass(frozen=True, slots=True)
class SipStatistics:
    """What went through since start; `outstanding` and `waiting` are of this moment."""

    sent: int  # pings
    answered: int  # pings, in time
    late: int  # pings, after their timeout
    missed: int  # pings that timed out or could not be sent
    received: int  # datagrams of any kind
    requests: int  # well-formed ones among them
    registrations: int  # changes of a registration that were acknowledged
    life_signs: int  # keep-alives of known devices
    refused: dict[str, int]  # by reason: requests turned down, datagrams dropped, packets that could not leave
    outstanding: int  # pings under way
    waiting: int  # answers that wait for the disk


class _Waiting(NamedTuple):
    """An answer that may leave once what it promises is durable."""

    deliveries: tuple[Delivery, ...]
    flow: Flow
    request: Request
    source: Address
    reply: Reply


def unguessable_tokens() -> Iterator[str]:
    """Random tokens without end; made 256 at a time, which makes each six times cheaper."""
    while True:
        pool = secrets.token_hex(256 * TOKEN_LENGTH // 2)
        for at in range(0, len(pool), TOKEN_LENGTH):
            yield pool[at : at + TOKEN_LENGTH]


class SipEndpoint:
    """The daemon's SIP sockets: `submit` sends a ping, `run` receives until cancelled."""

    _deliver: Deliver  # given to `run`, before which nothing can happen

    def __init__(self, settings: Sip, qualify: Qualify, directory: Directory, clock: Clock) -> None:
        self._settings = settings
        self._directory = directory
        self._clock = clock
        self._responder = Responder(secrets.token_bytes(32), settings.user_agent)
        self._registrar = Registrar(settings, directory, self._responder)
        self._uas = UserAgentServer(self._registrar, self._responder)
        self._probes = Probes(qualify.timeout, unguessable_tokens().__next__)
        self._driver = Driver(self._probes, clock, self._tell_missed)
        self._flows: dict[int, Flow] = {}  # the first of each address family: pings leave here
        self._addresses: tuple[Listen, ...] = ()
        self._replies, self._waiting = trio.open_memory_channel[_Waiting](MAX_WAITING)
        self._log_lines = _lines_per_minute(settings.log_lines_per_minute)
        self._counts: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    @property
    def addresses(self) -> tuple[Listen, ...]:
        """Where it listens, in the order of the settings, with the ports it really got; empty unless running."""
        return self._addresses

    def apply(self, settings: Sip, qualify: Qualify) -> None:
        """A reload: pings under way are judged by the new timeout as well. The sockets stay as they are."""
        self._settings = self._registrar.settings = settings
        self._responder.server = settings.user_agent
        self._log_lines = _lines_per_minute(settings.log_lines_per_minute)
        for flow in self._flows.values():
            flow.introduce(settings)
        self._probes.timeout = qualify.timeout
        self._driver.poke()

    def statistics(self) -> SipStatistics:
        """A snapshot."""
        counts = self._counts
        return SipStatistics(
            sent=counts["sent"],
            answered=counts["answered"],
            late=counts["late"],
            missed=counts["missed"],
            received=counts["received"],
            requests=counts["requests"],
            registrations=counts["registrations"],
            life_signs=counts["life_signs"],
            refused=dict(self._refused),
            outstanding=len(self._probes),
            waiting=self._waiting.statistics().current_buffer_used,
        )

    def submit(self, order: SendProbe) -> None:
        """Send one ping, now. One that cannot leave is missed, cause "send failed"; its reason is counted."""
        contact, was_idle = order.contact, not self._probes
        token = self._probes.start(order.key, self._clock.now())
        flow = self._flow_to(contact.host)
        if flow and self._send(flow, flow.options.render(contact.uri, token), (contact.host, contact.port)):
            self._counts["sent"] += 1
        else:
            self._probes.failed(token)
            self._driver.poke()
        if was_idle:  # all have the same timeout, so only the first one moves the next deadline
            self._driver.poke()

    async def run(self, deliver: Deliver, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Bind, report readiness, then live until cancelled; `OSError` if an address cannot be had."""
        self._deliver = deliver
        with self._opened() as flows:
            async with trio.open_nursery() as nursery:
                for flow in flows:
                    nursery.start_soon(self._receive, flow)
                nursery.start_soon(self._answer_when_stored)
                nursery.start_soon(self._driver.run)
                task_status.started()

    @contextmanager
    def _opened(self) -> Iterator[list[Flow]]:
        with ExitStack() as sockets:
            flows = []
            for listen in self._settings.listen:
                flows.append(Flow(listen, self._settings))
                sockets.enter_context(flows[-1].socket)
                self._flows.setdefault(flows[-1].family, flows[-1])
            self._addresses = tuple(flow.listen for flow in flows)
            try:
                yield flows
            finally:
                self._flows.clear()
                self._addresses = ()

    async def _receive(self, flow: Flow) -> None:
        while True:
            await trio.lowlevel.wait_readable(flow.socket)
            await trio.sleep(GATHER)
            while not self._drain(flow):
                await trio.lowlevel.checkpoint()

    def _drain(self, flow: Flow) -> bool:
        """Handle what has arrived, `DRAIN` datagrams at most; whether that was all."""
        now, skew = self._clock.now(), self._clock.drift()
        for _ in range(DRAIN):
            try:
                datagram, source, stamp = flow.receive()
            except BlockingIOError:
                return True
            except OSError:  # an ICMP error about something sent earlier: the socket itself is fine
                self._refused["icmp"] += 1
            else:
                arrived = now if stamp is None else stamp - skew
                # A system clock that was set just now would make nonsense of one round trip.
                self._take(flow, datagram, source, arrived if now - 1 < arrived < now else now)
        return False

    def _take(self, flow: Flow, datagram: bytes, source: Address, now: float) -> None:
        self._counts["received"] += 1
        try:
            if answer := match_answer(datagram):
                self._match(*answer, now)
            elif not datagram.strip(b"\r\n"):
                self._note_life(source)
            elif datagram[0] < _STUN_TYPES:
                self._refused["stun"] += 1
            else:
                self._serve(flow, datagram, source, now)
        except BadMessage as bad:
            self._refuse(bad.reason, source, now)
        except Exception:  # the guard of the receive loop: one datagram must not cost the others their service
            self._refused["internal"] += 1
            log.exception("a datagram could not be handled", source=source[0], size=len(datagram))

    def _match(self, code: int, token: str, now: float) -> None:
        if code < 200:
            self._refused["provisional"] += 1
            return
        answered = self._probes.answered(token, now)
        if answered is None:
            self._refused["unmatched"] += 1
            return
        mac, rtt = answered
        self._counts["late" if rtt is None else "answered"] += 1
        self._deliver(ProbeAnswered(mac, code, rtt))

    def _note_life(self, source: Address) -> None:
        """A bare keep-alive (RFC 5626 section 3.5) gets no answer over UDP, but its sender lives."""
        mac = self._directory.mac_at(*source)
        if mac is None:
            self._refused["keep-alive-of-stranger"] += 1
            return
        self._counts["life_signs"] += 1
        self._deliver(LifeSign(mac, "keep-alive"))

    def _serve(self, flow: Flow, datagram: bytes, source: Address, now: float) -> None:
        message = parse(datagram)
        if not isinstance(message, Request):
            self._refused["unmatched"] += 1
            return
        self._counts["requests"] += 1
        reply = self._reply(message, source, now)
        if reply is None:
            return
        if reply.refused:
            self._refuse(reply.refused, source, now)
        if not reply.events:
            self._answer(flow, message, source, reply)
            return
        deliveries = tuple(map(self._deliver, reply.events))
        self._replies.send_nowait(_Waiting(deliveries, flow, message, source, reply))

    def _reply(self, request: Request, source: Address, now: float) -> Reply | None:
        """Turned away before anything changes if there is no room for an answer that must wait."""
        if request.method == "REGISTER" and self._waiting.statistics().current_buffer_used >= MAX_WAITING:
            return self._uas.unavailable(request, source, "overload", RETRY_AFTER)
        return self._uas.handle(request, source, now)

    async def _answer_when_stored(self) -> None:
        """One after another is fast enough: the disk commits in groups, so those behind the first rarely wait."""
        async for deliveries, flow, request, source, reply in self._waiting:
            try:
                for delivery in deliveries:
                    await delivery.stored()
            except StoreUnavailable:
                self._refuse("store", source, self._clock.now())
                self._answer(flow, request, source, self._uas.unavailable(request, source, "store", RETRY_AFTER))
            else:
                self._counts["registrations"] += 1
                self._answer(flow, request, source, reply)

    def _answer(self, flow: Flow, request: Request, source: Address, reply: Reply) -> None:
        self._send(flow, reply.response.render(), reply_address(request, source))

    def _tell_missed(self, missed: Iterable[ProbeMissed]) -> None:
        for event in missed:
            self._counts["missed"] += 1
            self._deliver(event)

    def _flow_to(self, host: str) -> Flow | None:
        family = family_of(host)
        if family is None:
            self._refused["unresolvable"] += 1
            return None
        flow = self._flows.get(family)
        if flow is None:
            self._refused["no-socket"] += 1
        return flow

    def _send(self, flow: Flow, datagram: bytes, address: Address) -> bool:
        """Whether the kernel took it. It does not when its buffer is full or there is no route."""
        try:
            flow.socket.sendto(datagram, address)
        except OSError as error:
            self._refused[f"send-{errno.errorcode.get(error.errno or 0, 'failed')}"] += 1
            return False
        return True

    def _refuse(self, reason: str, source: Address, now: float) -> None:
        """Count it, and say so in the log as often as the settings allow."""
        self._refused[reason] += 1
        if self._log_lines.take(now):
            log.info("refused", event_name="sip-refused", reason=reason, source=source[0])


def _lines_per_minute(lines: int) -> TokenBucket:
    return TokenBucket(lines / 60, lines)
