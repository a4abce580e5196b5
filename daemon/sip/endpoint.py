"""The SIP edge: its sockets, the loops that empty them, and who gets what they hold.

Answers to our pings go to the pinger, everything else to the intake; both are the same for UDP, TCP and TLS. Not here:
one connection's bytes (`connections`), what is answered (`uas`), who is pinged and when (the fleet).
"""

from __future__ import annotations

import errno
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import structlog
import trio

from daemon.config.listen import Listen
from daemon.config.settings import Qualify, Sip
from daemon.fleet.commands import SendNotify, SendProbes
from daemon.fleet.delivery import Deliver
from daemon.fleet.model import Mac
from daemon.scheduler.clock import Clock
from daemon.sip import authentication, intake, publish, trace
from daemon.sip.authentication import AuthenticationStatistics, nobodys_password
from daemon.sip.connections import Connections, ConnectionStatistics, Ears
from daemon.sip.flow import Flow
from daemon.sip.flows import Flows
from daemon.sip.intake import Intake
from daemon.sip.message import STREAMS, Request, Source
from daemon.sip.mmsg import ABOUT_ANOTHER
from daemon.sip.options import TOKEN_LENGTH
from daemon.sip.pinger import Pinger
from daemon.sip.publish import Publications
from daemon.sip.registrar import Registrar
from daemon.sip.responses import Responder, reply_address
from daemon.sip.resyncs import Resyncs
from daemon.sip.tls import Contexts, load_contexts
from daemon.sip.trace import Packet, Traces
from daemon.sip.transactions.client import ClientStatistics
from daemon.sip.transactions.server import ServerStatistics
from daemon.sip.uas import UserAgentServer

log = structlog.get_logger("sip")

# After the first datagram others are given this long to arrive, because waking up costs more than handling one. The
# kernel stamps their arrival, so round trips stay exact. Only a request notices: the first one, since while there are
# some the pause is a shorter one, which is less than what a REGISTER waits for the disk. So it is while more pings are
# under way than half of what the kernel keeps of their answers.
GATHER, GATHER_REQUESTS = 0.05, 0.005
# Batches handled before others get their turn: some milliseconds of answers, or of a flood.
BATCHES = 4


class Directory(intake.Directory, authentication.Directory, publish.Directory, trace.Directory, Protocol):
    """What the SIP edge asks the fleet."""


@dataclass(frozen=True, slots=True)
class SipStatistics:
    """What went through since start; `outstanding` and `waiting` are of this moment."""

    sent: int  # pings
    answered: int  # pings, in time
    late: int  # pings, after their timeout
    missed: int  # pings that timed out or could not be sent
    pushed_out: int  # pings among these whose late answer will not be recognised: there were too many others
    received: int  # messages and datagrams of any kind
    requests: int  # well-formed ones among them
    registrations: int  # changes of a registration that were acknowledged
    life_signs: int  # keep-alives of known devices
    stun: int  # STUN binding requests and the like
    refused: dict[str, int]  # by reason: requests turned down, messages dropped, packets that could not leave
    outstanding: int  # pings under way
    waiting: int  # answers that wait for the disk
    connections: ConnectionStatistics
    authentication: AuthenticationStatistics
    servers: ServerStatistics  # transactions of requests to us
    clients: ClientStatistics  # transactions of ours


class _Datagrams(NamedTuple):
    """The way back to whoever sent a datagram: out of the very socket it came in by."""

    endpoint: SipEndpoint
    flow: Flow
    source: Source

    def send(self, data: bytes) -> bool:
        return self.endpoint.send_datagram(self.flow, self.source, data)

    def answer(self, request: Request, data: bytes) -> bool:
        host, port = reply_address(request, self.source[:2])
        return self.endpoint.send_datagram(self.flow, Source(host, port), data)


class _Stream(NamedTuple):
    """The way back over the connection that a message came by."""

    endpoint: SipEndpoint
    source: Source

    def send(self, data: bytes) -> bool:
        return self.endpoint.send_over(self.source, data)

    def answer(self, request: Request, data: bytes) -> bool:
        return self.endpoint.send_over(self.source, data)


def unguessable_tokens(count: int) -> list[str]:
    """Random tokens; 64 at once are six times cheaper each than one."""
    pool = secrets.token_hex(count * TOKEN_LENGTH // 2)
    return [pool[at : at + TOKEN_LENGTH] for at in range(0, len(pool), TOKEN_LENGTH)]


class SipEndpoint:
    """The daemon's SIP: `submit` sends pings, `resync` a check-sync, `run` receives until cancelled."""

    def __init__(
        self,
        settings: Sip,
        qualify: Qualify,
        directory: Directory,
        clock: Clock,
        *,
        contexts: Contexts | None = None,
        traces: Traces | None = None,
        password_of: Callable[[Mac], str | None] = nobodys_password,
    ) -> None:
        """`password_of` gives a phone's SIP password in clear, None if it has none."""
        self.traces = traces or Traces(settings.trace, directory)
        self._settings = settings
        self._clock = clock
        self._responder = Responder(secrets.token_bytes(32), settings.user_agent)
        self._registrar = Registrar(settings, directory, self._responder, password_of)
        self._connections = Connections(settings, contexts or load_contexts(settings.tls), clock)
        self._pinger = Pinger(qualify, self._connections, clock, unguessable_tokens, self.traces)
        self._resyncs = Resyncs(settings, password_of, self._pinger.sent_by, lambda: unguessable_tokens(1)[0])
        self._publications = Publications(settings, directory, self._responder)
        self._intake = Intake(
            settings,
            UserAgentServer(self._registrar, self._publications, self._responder),
            self._resyncs,
            directory,
            clock,
            say=self._say,
            hold=self._connections.hold,
        )
        self._addresses: tuple[Listen, ...] = ()
        self._received = 0
        self._others = 0  # of these, datagrams that were no answers to pings
        self._refused: Counter[str] = Counter()

    @property
    def addresses(self) -> tuple[Listen, ...]:
        """Where it listens, in the order of the settings, with the ports it really got; empty unless running."""
        return self._addresses

    def apply(self, settings: Sip, qualify: Qualify, contexts: Contexts) -> None:
        """A reload. The sockets and the connections stay as they are; a new certificate is for new connections."""
        self._settings = self._resyncs.settings = settings
        self._responder.server = settings.user_agent
        self._registrar.apply(settings)
        self._publications.apply(settings)
        self._connections.apply(settings, contexts)
        self._intake.apply(settings)
        self.traces.apply(settings.trace)
        self._pinger.introduce(settings)
        self._pinger.apply(qualify)

    def statistics(self) -> SipStatistics:
        """A snapshot."""
        pings, others = self._pinger.counts, self._intake.counts
        return SipStatistics(
            sent=pings["sent"],
            answered=pings["answered"],
            late=pings["late"],
            missed=pings["missed"],
            pushed_out=self._pinger.probes.pushed_out,
            received=self._received,
            requests=others["requests"],
            registrations=others["registrations"],
            life_signs=others["life_signs"],
            stun=others["stun"],
            refused=dict(self._pinger.refused + self._intake.refused + self._refused),
            outstanding=len(self._pinger.probes),
            waiting=len(self._intake),
            connections=self._connections.statistics(),
            authentication=self._registrar.authentication.statistics(),
            servers=self._intake.transactions.statistics(),
            clients=self._resyncs.statistics(),
        )

    def submit(self, order: SendProbes) -> None:
        """Send these pings, now."""
        self._pinger.submit(order)

    def resync(self, order: SendNotify) -> None:
        """Send a check-sync, now; what becomes of it is told as an event."""
        self._intake.submit(order)

    async def run(self, deliver: Deliver, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Bind, report readiness, then live until cancelled; `OSError` if an address cannot be had."""
        with self._opened() as flows:
            async with trio.open_nursery() as nursery:
                await nursery.start(self._intake.run, deliver)
                # Twice, since the first connection may be there before we know by which port it came.
                self._pinger.start(Flows(flows), {}, self._settings, deliver)
                ears = Ears(self._take_message, self._intake.note_life, lambda _: None, self._pinger.dial_failed)
                await nursery.start(self._connections.run, ears)
                self._addresses = self._in_order(flows)
                rooms = {str(flow.listen): flow.room for flow in flows}
                log.info("listening", event_name="sip-listening", answers_kept_by_the_kernel=rooms)
                streams = {listen.scheme: (listen.host, listen.port) for listen in self._connections.addresses}
                self._pinger.start(Flows(flows), streams, self._settings, deliver)
                for flow in flows:
                    nursery.start_soon(self._receive, flow)
                nursery.start_soon(self._pinger.driver.run)
                task_status.started()

    @contextmanager
    def _opened(self) -> Iterator[list[Flow]]:
        with ExitStack() as sockets:
            flows = []
            for listen in self._settings.listen:
                if listen.scheme not in STREAMS:
                    flows.append(Flow(listen))
                    sockets.enter_context(flows[-1].socket)
            try:
                yield flows
            finally:
                self._pinger.stop()
                self._addresses = ()

    def _in_order(self, flows: list[Flow]) -> tuple[Listen, ...]:
        """Our addresses as the settings list them."""
        datagrams, streams = iter(flows), iter(self._connections.addresses)
        return tuple(
            next(streams) if listen.scheme in STREAMS else next(datagrams).listen for listen in self._settings.listen
        )

    async def _receive(self, flow: Flow) -> None:
        others = 0
        while True:
            await trio.lowlevel.wait_readable(flow.socket)
            hurry = self._others > others or len(self._pinger.probes) > flow.room // 2
            await trio.sleep(GATHER_REQUESTS if hurry else GATHER)
            others = self._others
            while not self._drain(flow):
                await trio.lowlevel.checkpoint()

    def _drain(self, flow: Flow) -> bool:
        """Handle what has arrived, some batches at most; whether that was all."""
        for _ in range(BATCHES):
            now, skew = self._clock.now(), self._clock.drift()
            try:
                datagrams, stamps = flow.inbox.receive()
            except OSError:  # about something sent earlier: the error queue says what
                self._take_errors(flow)
                continue
            if not datagrams:
                self._take_errors(flow)
                if lost := flow.overflown():
                    self._pinger.overflown(lost)
                return True
            self._received += len(datagrams)
            arrived = [stamp - skew for stamp in stamps]
            if not now - 1 < min(arrived) <= max(arrived) < now:  # the system's clock was set just now, or says nothing
                arrived = [now] * len(arrived)
            for place in self._pinger.take(datagrams, arrived, flow.inbox.source):
                self._others += 1
                source = flow.inbox.source(place)
                self.overhear(Packet("received", source, datagrams[place], flow.address))
                self._intake.take(datagrams[place], _Datagrams(self, flow, source), arrived[place])
        return False

    def _take_errors(self, flow: Flow) -> None:
        for _ in range(BATCHES * 16):
            error = flow.error()
            if error is None:
                return
            self._pinger.got_nowhere(*error)

    def _take_message(self, message: bytes, source: Source) -> None:
        """One message over a connection."""
        self._received += 1
        now = self._clock.now()
        if self._pinger.take((message,), (now,), lambda _: source):
            self.overhear(Packet("received", source, message))
            self._intake.take(message, _Stream(self, source), now)

    def send_datagram(self, flow: Flow, to: Source, data: bytes) -> bool:
        """Whether the kernel took it. It does not when its buffer is full or there is no route."""
        self.overhear(Packet("sent", to, data, flow.address))
        for again in (True, False):
            try:
                flow.socket.sendto(data, to[:2])
            except OSError as error:
                if again and error.errno in ABOUT_ANOTHER:
                    continue
                self._refused[f"send-{errno.errorcode.get(error.errno or 0, 'failed')}"] += 1
                return False
            return True
        return False

    def send_over(self, to: Source, data: bytes) -> bool:
        """Whether it is on its way over the connection with that far end."""
        self.overhear(Packet("sent", to, data))
        return self._connections.send(to, data)

    def _say(self, to: Source, data: bytes) -> bool:
        """A message of our own accord; over a stream only by the connection that is there."""
        if to.transport in STREAMS:
            return self.send_over(to, data)
        flow = self._pinger.flow_to(to)
        return flow is not None and self.send_datagram(flow, to, data)

    def overhear(self, packet: Packet) -> None:
        """A message passed: whoever traces its device is to see it."""
        if self.traces.active:
            self.traces.overhear(self._clock.now(), packet)
