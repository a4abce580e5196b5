"""Datagrams that ask, and the datagrams that answer: the agent without its socket. Pure; `now` is an argument.

A question that is nobody's, too many or no question at all is met with silence and a count; only v3 tells whoever asks
for it what is wrong, by a Report. Not here: the socket and the turns of the loop (`agent`), what is answered
(`answers`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from daemon.config.snmp_settings import Snmp
from daemon.errors import BadMessage
from daemon.scheduler.pacing import TokenBucket
from daemon.snmp.agent.access import Accesses, Admitted, Sources
from daemon.snmp.agent.answers import answer, not_authorised
from daemon.snmp.agent.scalars import Traffic
from daemon.snmp.agent.snapshot import Snapshot
from daemon.snmp.agent.views import Sight
from daemon.snmp.pdu import (
    ErrorStatus,
    Pdu,
    PduType,
    TrapV1,
    Version,
    decode_envelope,
    encode_message,
    encode_pdu,
    version_of,
)
from daemon.snmp.v3.engine import Engine, NotAccepted, Received

# Octets that the lengths around the varbinds may grow by, from one to three each: message, PDU, list.
_LENGTHS = 6
# All of a v3 message but engine identifiers, user and context: header and parameters with the longest MAC (48 octets).
_V3_FRAME = 150

_QUESTIONS = frozenset((PduType.GET, PduType.GET_NEXT, PduType.GET_BULK, PduType.SET))


class Question(NamedTuple):
    """Something to be answered. `room`: octets for varbinds; `enclose` makes a datagram of a PDU, at a time."""

    pdu: Pdu
    sight: Sight | None  # None: a user who is known but may ask nothing
    room: int
    enclose: Callable[[bytes, float], bytes]


@dataclass(frozen=True, slots=True)
class AgentStatistics:
    """Since start: datagrams, those `answered` by PDU and `ignored` by reason, Reports sent, looks for rows."""

    received: int
    answered: dict[str, int]
    ignored: dict[str, int]
    reports: int
    renewals: int


class Responder:
    """Answers whom the settings in force let ask."""

    def __init__(self, settings: Snmp, sources: Callable[[Callable[[], Traffic]], Sources], engine: Engine) -> None:
        self._sources = sources(self._traffic)
        self.snapshot = Snapshot(self._sources.directory)
        self._engine = engine
        self._received = self._reports = 0
        self._answered: Counter[str] = Counter()
        self._ignored: Counter[str] = Counter()
        self.apply(settings)

    def apply(self, settings: Snmp) -> None:
        """Take new settings."""
        self._agent = settings.agent
        self._accesses = Accesses(settings, self._sources, self.snapshot)
        self._rate = TokenBucket(self._agent.max_rate, self._agent.max_rate)

    def read(self, datagram: bytes, host: str, now: float) -> Question | bytes | None:
        """What a datagram asks; or what it is answered at once, a Report; or nothing, when it is met with silence."""
        self._received += 1
        if not self._rate.take(now):
            self._ignored["rate"] += 1
            return None
        try:
            return self._opened(datagram, host, now)
        except NotAccepted as refused:
            self._ignored[refused.reason] += 1
            self._reports += refused.report is not None
            return refused.report
        except BadMessage as bad:
            self._ignored[bad.reason] += 1
            return None

    def answer(self, question: Question, now: float) -> bytes:
        """The datagram that answers it."""
        pdu, sight, room, enclose = question
        if sight is None:
            self._answered["NOT_AUTHORISED"] += 1
            return enclose(not_authorised(pdu), now)
        self._answered[pdu.type.name] += 1
        return enclose(answer(pdu, sight, room, self._agent.max_repetitions), now)

    def fail(self, question: Question, now: float) -> bytes:
        """The datagram that says that it is our fault."""
        self._answered["FAILED"] += 1
        return question.enclose(encode_pdu(PduType.RESPONSE, question.pdu.request_id, (), ErrorStatus.GENERAL), now)

    def unsendable(self) -> None:
        """An answer could not leave."""
        self._ignored["unsendable"] += 1

    def statistics(self) -> AgentStatistics:
        """What was asked."""
        return AgentStatistics(
            received=self._received,
            answered=dict(self._answered),
            ignored=dict(self._ignored),
            reports=self._reports,
            renewals=self.snapshot.renewals,
        )

    def _traffic(self) -> Traffic:
        """The same for the snmp group."""
        ignored = self._ignored
        told_apart = ignored["version"] + ignored["community"] + ignored["rate"] + ignored["network"]
        told_apart += ignored["unsendable"]
        return Traffic(
            packets=self._received,
            bad_versions=ignored["version"],
            bad_communities=ignored["community"],
            parse_errors=ignored.total() - told_apart,
            silent_drops=ignored["rate"],
        )

    def _opened(self, datagram: bytes, host: str, now: float) -> Question:
        version = version_of(datagram)
        if version is Version.V3:
            return self._of_user(self._engine.receive(datagram, now), host)
        if version is Version.V1:
            raise BadMessage("version", "v1 is not spoken")
        envelope = decode_envelope(datagram)
        community = envelope.community
        accesses = self._accesses.of_community(community)
        if not accesses:
            raise BadMessage("community", "none of ours")
        sight = _first(accesses, host).sight
        pdu = _question(envelope.opened().pdu)
        empty = _enclosed(community, encode_pdu(PduType.RESPONSE, pdu.request_id, ()))
        room = self._agent.max_response - len(empty) - _LENGTHS
        return Question(pdu, sight, room, lambda answered, _: _enclosed(community, answered))

    def _of_user(self, received: Received, host: str) -> Question:
        pdu = _question(received.pdu)
        if received.context_name or received.context_engine_id not in (b"", self._engine.id):
            raise BadMessage("context", "we have but the one context without a name")
        accesses = self._accesses.of_user(received.user)
        sight = _first(accesses, host).sight if accesses else None
        frame = _V3_FRAME + len(self._engine.id) + len(received.context_engine_id) + len(received.header.user)
        room = min(self._agent.max_response, received.header.max_size) - frame
        return Question(pdu, sight, room, lambda answered, at: self._engine.reply(received, answered, at))


def _question(pdu: Pdu | TrapV1) -> Pdu:
    if isinstance(pdu, TrapV1) or pdu.type not in _QUESTIONS:
        raise BadMessage("not_a_question", "an agent answers questions only")
    return pdu


def _first(accesses: Sequence[Admitted], host: str) -> Admitted:
    found = next((access for access in accesses if access.admits(host)), None)
    if found is None:
        raise BadMessage("network", "not asked from a network that may")
    return found


def _enclosed(community: bytes, pdu: bytes) -> bytes:
    return encode_message(Version.V2C, community, pdu)
