"""Pings on their way out and answers on their way in: the everyday work of the SIP edge, done by the handful.

Everything here handles many at once, because at 20,000 phones the way there and back for each alone would cost more
than what is done on it. A phone that registered over TCP or TLS is pinged over that very connection, never by a new
one; only what an operator wrote down, a trunk, may be dialled. Not here: who is pinged and when (the fleet), by which
UDP socket (`flows`), waiting for sockets (`endpoint`).
"""

from __future__ import annotations

import errno
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from daemon.config.settings import Qualify, Sip
from daemon.fleet.commands import SendProbes
from daemon.fleet.delivery import Deliver
from daemon.fleet.events import (
    NOT_BACK,
    OVERFLOWN,
    ProbeAnswer,
    ProbeMissed,
    ProbesAnswered,
)
from daemon.fleet.model import Contact
from daemon.fleet.target import Target
from daemon.scheduler.clock import Clock
from daemon.scheduler.driver import Driver
from daemon.sip.connections import Connections
from daemon.sip.flow import IPV4, IPV6, Flow, family_of
from daemon.sip.flows import Flows
from daemon.sip.icmp import Ancillary, unreachable
from daemon.sip.message import STREAMS, Address, Source
from daemon.sip.notify import destination
from daemon.sip.options import OptionsTemplate, match_answers, quoted_token
from daemon.sip.probes import GRAIN as PROBES_GRAIN
from daemon.sip.probes import TIMEOUT, Probes
from daemon.sip.responses import DEFAULT_PORT
from daemon.sip.trace import Packet, Traces
from daemon.sip.uri import parse_sip_uri


class Pinger:
    """Sends OPTIONS and knows their answers. `counts` are its figures, `refused` why something came to nothing."""

    _deliver: Deliver  # told by `start`, before which nothing can happen

    def __init__(
        self,
        qualify: Qualify,
        connections: Connections,
        clock: Clock,
        new_tokens: Callable[[int], list[str]],
        traces: Traces,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.flows = Flows()  # those there are while the endpoint runs
        self.probes = Probes(qualify.timeout, new_tokens)
        self.driver = Driver(self.probes, clock, self._tell_missed)
        self._tag = new_tokens(1)[0]
        self._connections = connections
        self._listening: Mapping[str, Address] = {}
        self._streams: dict[str, OptionsTemplate] = {}
        self._clock = clock
        self._traces = traces
        self._deaf_until = -math.inf  # until then a ping that was missed may have been answered
        self._dialling: dict[Source, str] = {}  # the ping a connection is being opened for

    def start(self, flows: Flows, streams: Mapping[str, Address], settings: Sip, deliver: Deliver) -> None:
        """Our sockets are open: those for datagrams, and where we listen for each kind of stream."""
        self.flows, self._listening, self._deliver = flows, streams, deliver
        self.introduce(settings)

    def stop(self) -> None:
        """Our sockets are closed: from now on no ping can leave."""
        self.flows, self._listening, self._streams = Flows(), {}, {}

    def introduce(self, settings: Sip) -> None:
        """How pings name their sender from now on."""
        for flow in self.flows:
            flow.options = OptionsTemplate(flow.address, settings.domain, settings.user_agent, self._tag)
        # A connection that we open to a trunk needs no listener of ours; what we are called then says so.
        local = next((flow.address for flow in self.flows), ("0.0.0.0", DEFAULT_PORT))
        for transport in STREAMS:
            address = self._listening.get(transport, local)
            self._streams[transport] = OptionsTemplate(
                address, settings.domain, settings.user_agent, self._tag, transport
            )

    def apply(self, qualify: Qualify) -> None:
        """A reload: pings under way are judged by the new timeout as well."""
        self.probes.timeout = qualify.timeout
        self.driver.poke()

    def submit(self, order: SendProbes) -> None:
        """Send these pings, now. One that cannot leave is missed, and its reason counted."""
        now, was_idle = self._clock.now(), not self.probes
        by_family: dict[int, list[Target]] = {IPV4: [], IPV6: [], 0: []}
        for target in order.targets:
            if contact := target.contact:
                by_family[contact.family].append(target)
        alone = by_family.pop(0)
        for family, targets in by_family.items():
            shares = self.flows.share_out(family, targets) if targets else {}
            for flow, share in shares.items():
                self._send_all(flow, share, now)
            if not shares:
                alone += targets
        for target in alone:
            self._send_alone(target, now)
        if was_idle:  # all have the same timeout, so only the first ones move the next deadline
            self.driver.poke()

    def take(
        self, datagrams: Sequence[bytes], arrived: Sequence[float], source_of: Callable[[int], Source]
    ) -> list[int]:
        """Tell the fleet of the answers among these; the places of the others."""
        answers, others = self.probes.answered(match_answers(datagrams), arrived)
        known = [answer for answer in answers if answer]
        if unmatched := len(datagrams) - len(others) - len(known):
            self.refused["unmatched"] += unmatched
        if self._traces.active:
            for place, answer in enumerate(answers):
                if answer:
                    self._trace(answer, arrived[place], Packet("received", source_of(place), datagrams[place]))
        if known:
            late = [answer[2] for answer in known].count(None)
            self.counts["late"] += late
            self.counts["answered"] += len(known) - late
            self._deliver(ProbesAnswered(known))
        return others

    def got_nowhere(self, quoted: bytes, ancillary: Ancillary) -> None:
        """ICMP says that a datagram of ours did not arrive; if it was a ping, it is missed at once."""
        self.refused["icmp"] += 1
        token, cause = quoted_token(quoted), unreachable(ancillary)
        if token and cause and self.probes.failed(token, cause):
            self.driver.poke()

    def overflown(self, count: int) -> None:
        """So many datagrams were lost to a full buffer of ours: pings under way may have been answered."""
        self.refused["overflown"] += count
        self._deaf_until = self._clock.now() + self.probes.timeout + PROBES_GRAIN

    def dial_failed(self, to: Source, reason: str) -> None:
        """A connection that was opened for a ping came to nothing."""
        token = self._dialling.pop(to, None)
        if token and self.probes.failed(token, f"connection failed: {reason}"):
            self.driver.poke()

    def flow_to(self, to: Source) -> Flow | None:
        """The UDP socket of ours for whoever is there; None for a name, or a family we do not listen on."""
        return self.flows.leading_to(to.host, to.listener)

    def sent_by(self, to: Source) -> str | None:
        """As what (`host:port`) we are reached by whoever is there; None if nothing can be sent there."""
        template = self._template(to)
        return template.sent_by if template else None

    def _send_all(self, flow: Flow, targets: Sequence[Target], now: float) -> None:
        tokens = self.probes.start([target.key for target in targets], now)
        contacts = [contact for target in targets if (contact := target.contact)]
        texts = flow.options.render_all(contacts, tokens)
        failed = flow.outbox.send(texts, [contact.socket_address for contact in contacts])
        self.counts["sent"] += len(targets) - len(failed)
        for place, code in failed:
            self._fail(tokens[place], "send failed", f"send-{errno.errorcode.get(code, code)}")
        if self._traces.active:
            unsent = {place for place, _ in failed}
            for place, (target, contact) in enumerate(zip(targets, contacts, strict=True)):
                if place not in unsent:
                    packet = Packet("sent", Source(contact.host, contact.port), texts[place].encode(), flow.address)
                    self._traces.note(target.key, now, packet)

    def _send_alone(self, target: Target, now: float) -> None:
        """A ping with a route, or over a stream, or one that cannot be sent at all."""
        contact = target.contact
        if contact is None:
            return
        token = self.probes.start([target.key], now)[0]
        to = destination(contact)
        template = self._template(to)
        if template is None:
            self._fail(token, "send failed", "unresolvable" if family_of(to.host) is None else "no-socket")
            return
        data = template.render(contact, token)
        flow = self.flow_to(to) if to.transport == "udp" else None
        left = self._over_udp(flow, contact, data, token) if flow else self._over_stream(to, contact, data, token)
        if left:
            self.counts["sent"] += 1
            packet = Packet("sent", to, data.encode("ascii"), flow.address if flow else None)
            self._traces.note(target.key, now, packet)

    def _over_udp(self, flow: Flow, contact: Contact, data: str, token: str) -> bool:
        failed = flow.outbox.send([data], [contact.socket_address])
        for _, code in failed:
            self._fail(token, "send failed", f"send-{errno.errorcode.get(code, code)}")
        return not failed

    def _over_stream(self, to: Source, contact: Contact, data: str, token: str) -> bool:
        if self._connections.send(to, data.encode("ascii")):
            return True
        if contact.static:
            self._dialling[to] = token
            if self._connections.open(to, parse_sip_uri(contact.uri).host, data.encode("ascii")):
                return True
            del self._dialling[to]
            self._fail(token, "send failed", "no-connection")
        elif self._connections.had(to):
            self._fail(token, "connection closed", "no-connection")
        else:
            self._fail(token, NOT_BACK, "not-back")
        return False

    def _template(self, to: Source) -> OptionsTemplate | None:
        if to.transport != "udp":
            return self._streams.get(to.transport)
        flow = self.flow_to(to)
        return flow.options if flow else None

    def _fail(self, token: str, cause: str, reason: str) -> None:
        self.refused[reason] += 1
        self.probes.failed(token, cause)
        self.driver.poke()

    def _trace(self, answer: ProbeAnswer, at: float, packet: Packet) -> None:
        key, _, rtt = answer
        self._traces.note(key, at, packet, "too late" if rtt is None else f"round trip {rtt * 1000:.1f} ms")

    def _tell_missed(self, missed: Iterable[ProbeMissed]) -> None:
        deaf = self._clock.now() <= self._deaf_until
        for miss in missed:
            self.counts["missed"] += 1
            event = replace(miss, cause=OVERFLOWN) if deaf and miss.cause == TIMEOUT else miss
            if self._traces.active:
                self._traces.remark(event.key, self._clock.now(), f"missed: {event.cause}")
            self._deliver(event)
