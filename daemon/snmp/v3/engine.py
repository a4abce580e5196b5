"""Our SNMPv3 engine: which messages it accepts, what it answers to others, and how what it sends is protected.

It is the authoritative one for our traps, for what an agent is asked and for informs sent to us; each of those is
checked in the order of RFC 3414, section 3.2, and a Report says what is wrong to whoever asked for one. For traps of
others their own engine is authoritative (`remote_engine`). Pure: datagrams and `now` come in, datagrams go out.

A user's messages are accepted at exactly the user's level: a weaker one would undo what the passwords are for.
Not here: who may see what, which is the agent's; informs of ours, for which the manager's engine is authoritative
(`manager_engine`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from daemon.config.snmp_settings import SnmpUser
from daemon.errors import BadMessage
from daemon.snmp import ber, oids
from daemon.snmp.ber import Syntax
from daemon.snmp.pdu import Pdu, PduType, decode_pdu, encode_pdu, encode_varbind, request_id_of
from daemon.snmp.v3.message import (
    MAX_SIZE,
    Header,
    Message,
    ScopedPdu,
    decode_message,
    decode_scoped_pdu,
    encode_message,
    encode_scoped_pdu,
)
from daemon.snmp.v3.remote_engine import SHORTEST_ENGINE_ID, RemoteEngines
from daemon.snmp.v3.usm import MOST_BOOTS, SALT_OCTETS, TIME_WINDOW, Keys, Level, Refusal, User, Users

_UNKNOWN_REQUEST = 0  # the request-id of a Report about a PDU that could not be read
_COUNTER = 2**32


class NotAccepted(BadMessage):
    """A message that our engine refuses; `report` is the datagram to send back, if the sender asked for one."""

    def __init__(self, refusal: Refusal, report: bytes | None = None) -> None:
        super().__init__(refusal.name.lower())
        self.refusal = refusal
        self.report = report


class Received(NamedTuple):
    """An accepted message: by whom and how protected (`header`), and the PDU, whole."""

    header: Header
    keys: Keys  # that it proved to know: what answers it is protected by them, even if a reload came in between
    context_engine_id: bytes
    context_name: bytes
    pdu: Pdu

    @property
    def user(self) -> str:
        """Whose name it bears; the engine has proved it unless the user's level is PLAIN."""
        return self.header.user.decode()


@dataclass(frozen=True, slots=True)
class EngineStatistics:
    """Our name and count of starts; since this one, messages refused by reason, other engines known and forgotten."""

    engine_id: str  # as net-snmp writes it: 0x…
    boots: int
    refused: dict[str, int]
    known: int
    forgotten: int


class Authority(Protocol):
    """The engine whose keys and clock a message is measured by."""

    def keys(self, user: User) -> Keys:
        """The user's keys there."""

    def timely(self, header: Header, now: float) -> bool:
        """Whether an authentic message is within the time window there."""


class Engine:
    """One per daemon: managers that ask, managers that are told and devices that tell all deal with the same.

    `boots` counts the starts and must be on disk before anything leaves in its name: until then whoever made the
    engine keeps `usable` False. `salt` is a number of 64 bits that nobody can foresee, from which those of messages
    count on (RFC 3826, section 3.1.2.1).
    """

    def __init__(self, engine_id: bytes, boots: int, started_at: float, salt: int) -> None:
        self.usable = True
        self.id = engine_id
        self.boots = boots
        self.users = Users()
        self._started_at = started_at
        self._salt = salt
        self._keys: dict[User, Keys] = {}
        self._others = RemoteEngines()
        self._refused: Counter[Refusal] = Counter()

    def apply(self, users: Iterable[SnmpUser]) -> None:
        """Take new settings."""
        self.users.apply(users)
        self._keys.clear()
        self._others.forget_keys()

    def receive(self, datagram: bytes, now: float) -> Received:
        """What arrived, if it is to be believed; else `NotAccepted`, or plain `BadMessage` for what is no message.

        A message that names another engine is a trap of that engine's, unless it asks for a Report: then whoever
        sent it looks for ours, and learns of it by that Report (RFC 3414, section 4).
        """
        message = decode_message(datagram)
        if not self.usable:
            raise BadMessage("boots_not_stored", "our engine is not ready yet", 503)
        named = message.header.engine_id
        if named == self.id:
            return self._read(message, self._proved(message, self, now), now)
        if message.header.reportable or len(named) < SHORTEST_ENGINE_ID:
            raise self._refuse(Refusal.UNKNOWN_ENGINE, message, now)
        other = self._others.get(named)
        received = self._read(message, self._proved(message, other, now), now)
        if received.pdu.type is not PduType.TRAP:
            raise BadMessage("not_ours", "only of its traps an engine of somebody else's is the authority here")
        if message.header.level:
            self._others.keep(other)
        return received

    def reply(self, received: Received, pdu: bytes, now: float) -> bytes:
        """The datagram that answers with that encoded PDU, as protected as the question was."""
        asked = received.header
        scoped = ScopedPdu(received.context_engine_id, received.context_name, pdu)
        return self._encode(self._header(asked.message_id, asked.level, asked.user, now), received.keys, scoped)

    def notify(self, user: User, pdu: bytes, message_id: int, now: float) -> bytes:
        """The datagram that carries that encoded trap in the name of that user."""
        header = self._header(message_id, user.level, user.name, now)
        return self._encode(header, self.keys(user), ScopedPdu(self.id, b"", pdu))

    def next_salt(self) -> bytes:
        """A salt that no message had."""
        self._salt = (self._salt + 1) % 2 ** (8 * SALT_OCTETS)
        return self._salt.to_bytes(SALT_OCTETS, "big")

    def time(self, now: float) -> int:
        """snmpEngineTime: whole seconds since the start of this daemon."""
        return int(now - self._started_at)

    def keys(self, user: User) -> Keys:
        """The user's keys at our engine."""
        if user not in self._keys:
            self._keys[user] = user.at(self.id)
        return self._keys[user]

    def timely(self, header: Header, now: float) -> bool:
        """Whether an authentic message is within the time window of our clock."""
        return header.boots == self.boots < MOST_BOOTS and abs(header.time - self.time(now)) <= TIME_WINDOW

    def statistics(self) -> EngineStatistics:
        """What was refused, and how many engines are known."""
        refused = {refusal.name.lower(): self._refused[refusal] for refusal in Refusal}
        return EngineStatistics(f"0x{self.id.hex()}", self.boots, refused, len(self._others), self._others.forgotten)

    def _proved(self, message: Message, authority: Authority, now: float) -> Keys:
        """The keys that the message proved to know; `NotAccepted` for the first reason found, in the RFC's order."""
        header = message.header
        user = self.users.get(header.user)
        if user is None:
            raise self._refuse(Refusal.UNKNOWN_USER, message, now)
        if header.level is not user.level:
            raise self._refuse(Refusal.UNSUPPORTED_LEVEL, message, now)
        keys = authority.keys(user)
        if header.level and not keys.authentic(message.signed, message.mac):
            raise self._refuse(Refusal.WRONG_DIGEST, message, now)
        if header.level and not authority.timely(header, now):
            raise self._refuse(Refusal.NOT_IN_TIME_WINDOW, message, now)
        return keys

    def _read(self, message: Message, keys: Keys, now: float) -> Received:
        try:
            scoped, pdu = read_scoped(message, keys)
        except BadMessage:
            if message.header.level is Level.PRIVATE:
                raise self._refuse(Refusal.DECRYPTION, message, now) from None
            raise
        return Received(message.header, keys, scoped.context_engine_id, scoped.context_name, pdu)

    def _refuse(self, refusal: Refusal, message: Message, now: float) -> NotAccepted:
        self._refused[refusal] += 1
        return NotAccepted(refusal, self._report(refusal, message, now) if message.header.reportable else None)

    def _report(self, refusal: Refusal, message: Message, now: float) -> bytes:
        """What tells the sender which counter rose; authentic only where a clock is to be learnt from it (3.2, 7a)."""
        header = message.header
        level = Level.AUTHENTICATED if refusal is Refusal.NOT_IN_TIME_WINDOW else Level.PLAIN
        counter = ber.integer(self._refused[refusal] % _COUNTER, Syntax.COUNTER32)
        varbind = encode_varbind((*oids.USM_STATS, refusal, 0), counter)
        pdu = encode_pdu(PduType.REPORT, _request_id(message), [varbind])
        user = self.users.get(header.user)
        keys = self.keys(user) if user and level else Keys()
        told = self._header(header.message_id, level, header.user, now)
        return self._encode(told, keys, ScopedPdu(self.id, b"", pdu))

    def _header(self, message_id: int, level: Level, name: bytes, now: float) -> Header:
        return Header(message_id, MAX_SIZE, level, False, self.id, self.boots, self.time(now), name)

    def _encode(self, header: Header, keys: Keys, scoped: ScopedPdu) -> bytes:
        return encode_message(header, encode_scoped_pdu(scoped), keys, self.next_salt())


def read_scoped(message: Message, keys: Keys) -> tuple[ScopedPdu, Pdu]:
    """The scoped PDU of a message, deciphered if need be, and the PDU in it; `BadMessage` for anything else."""
    header, data = message.header, message.data
    if header.level is Level.PRIVATE:
        data = keys.decrypt(data, header.boots, header.time, message.salt)
    scoped = decode_scoped_pdu(data)
    return scoped, decode_pdu(scoped.pdu)


def _request_id(message: Message) -> int:
    if message.header.level is Level.PRIVATE:
        return _UNKNOWN_REQUEST
    try:
        return request_id_of(decode_scoped_pdu(message.data).pdu)
    except BadMessage:
        return _UNKNOWN_REQUEST
