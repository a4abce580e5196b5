"""The engine of a manager that takes our informs: it is the authority for them, so it has to be found first.

A question without a name brings its id, a first inform with a clock of zeros its clock, and any later Report that our
clock of it is wrong (it was restarted) brings the new one (RFC 3414, section 4). Its id is believed unproved, since
nothing that is sent to a wrong one can be read; its clock only with a MAC that is right. Such a Report bears the
message-id that we drew, so it is no replay, and its clock is taken even if it goes back: that is what a manager does
whose disk was restored. Pure. Not here: sending, and how often (`sender`).
"""

from __future__ import annotations

from dataclasses import dataclass

from daemon.errors import BadMessage
from daemon.snmp import oids
from daemon.snmp.pdu import Pdu, PduType, encode_pdu
from daemon.snmp.v3.engine import read_scoped
from daemon.snmp.v3.message import (
    MAX_SIZE,
    Header,
    Message,
    ScopedPdu,
    decode_message,
    encode_message,
    encode_scoped_pdu,
)
from daemon.snmp.v3.remote_engine import SHORTEST_ENGINE_ID, RemoteEngine
from daemon.snmp.v3.usm import Keys, Level, Refusal, User

_REFUSALS = {(*oids.USM_STATS, refusal, 0): refusal for refusal in Refusal}


@dataclass(frozen=True, slots=True)
class Learnt:
    """By a Report for that reason the manager's engine or its clock is known better: send the inform again at once."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """By a Report the manager refuses the inform as it stands, for that reason; "other_report" for an unknown one."""

    reason: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The manager has it; its error-status, 0 for none."""

    error_status: int


Answer = Learnt | Refused | Acknowledged


class ManagerEngine:
    """What is known of one manager's engine; nothing at first."""

    def __init__(self) -> None:
        self._engine: RemoteEngine | None = None

    def request(self, user: User, pdu: bytes, message_id: int, salt: bytes, now: float) -> bytes:
        """The datagram to send: that encoded inform, or the question for the engine as long as it is unknown."""
        if self._engine is None:
            return _discovery(message_id)
        engine = self._engine
        header = Header(message_id, MAX_SIZE, user.level, True, engine.id, engine.boots, engine.time(now), user.name)
        return encode_message(header, encode_scoped_pdu(ScopedPdu(engine.id, b"", pdu)), engine.keys(user), salt)

    def receive(self, datagram: bytes, user: User, message_id: int, now: float) -> Answer:
        """What the manager says to the request of that id; `BadMessage` for what says nothing about it."""
        message = decode_message(datagram)
        header = message.header
        if header.message_id != message_id:
            raise BadMessage("other_request", "the answer to something else")
        if header.level is Level.PLAIN and (pdu := _pdu(message, Keys())).type is PduType.REPORT:
            return self._unproved(message, pdu)
        if header.level is Level.PLAIN and user.level is not Level.PLAIN:
            raise BadMessage("unauthenticated", "an answer without a MAC")
        if self._engine is None or header.engine_id != self._engine.id or header.user != user.name:
            raise BadMessage("other_engine", "an answer of another engine, or to another user")
        keys = self._engine.keys(user)
        if header.level and not keys.authentic(message.signed, message.mac):
            raise BadMessage("wrong_digest", "an answer that the manager did not write")
        pdu = _pdu(message, keys)
        if pdu.type is PduType.REPORT:
            return self._reported(message, pdu, now)
        if header.level is not user.level or pdu.type is not PduType.RESPONSE:
            raise BadMessage("unexpected_type", "neither a Response, protected as the inform was, nor a Report")
        if header.level and not self._engine.timely(header, now):
            raise BadMessage("not_in_time_window", "an old answer")
        return Acknowledged(pdu.error_status)

    def _unproved(self, message: Message, pdu: Pdu) -> Answer:
        """A Report without a MAC: good enough to find an engine, and to know why nothing works."""
        refusal = _refusal(pdu)
        if refusal is Refusal.NOT_IN_TIME_WINDOW:
            raise BadMessage("unauthenticated", "a clock without a MAC")
        return self._found(message, refusal) if refusal is Refusal.UNKNOWN_ENGINE else Refused(_reason(refusal))

    def _reported(self, message: Message, pdu: Pdu, now: float) -> Answer:
        refusal = _refusal(pdu)
        if refusal is Refusal.NOT_IN_TIME_WINDOW and self._engine:
            self._engine.learn(message.header, now)
            return Learnt(_reason(refusal))
        return Refused(_reason(refusal))

    def _found(self, message: Message, refusal: Refusal) -> Answer:
        engine_id = message.header.engine_id
        if len(engine_id) < SHORTEST_ENGINE_ID or (self._engine and self._engine.id == engine_id):
            return Refused(_reason(refusal))
        self._engine = RemoteEngine(engine_id)
        return Learnt(_reason(refusal))


def _discovery(message_id: int) -> bytes:
    """A question about nothing, to no engine, by nobody (RFC 3414, section 4)."""
    nothing = encode_scoped_pdu(ScopedPdu(b"", b"", encode_pdu(PduType.GET, message_id, ())))
    return encode_message(Header(message_id, MAX_SIZE, Level.PLAIN, True, b"", 0, 0, b""), nothing, Keys(), b"")


def _pdu(message: Message, keys: Keys) -> Pdu:
    return read_scoped(message, keys)[1]


def _refusal(pdu: Pdu) -> Refusal | None:
    return _REFUSALS.get(pdu.varbinds[0].oid) if pdu.varbinds else None


def _reason(refusal: Refusal | None) -> str:
    return "other_report" if refusal is None else refusal.name.lower()
