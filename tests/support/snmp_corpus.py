"""SNMP datagrams kept as files, the three places that read what others send, and ways to spoil a datagram.

A file in tests/data/snmp holds one datagram in hexadecimal; its first line says what each place makes of it (torture)
or where it was captured (everyday). `Places().verdict(datagram)` is such a line. The places are pure: no socket.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from daemon.config.snmp_settings import Manager, SnmpUser
from daemon.errors import BadMessage
from daemon.snmp import ber
from daemon.snmp.agent.access import Sources
from daemon.snmp.agent.responder import Question, Responder
from daemon.snmp.agent.scalars import Newest, Traffic
from daemon.snmp.pdu import PduType, Version, decode_envelope, encode_pdu, version_of
from daemon.snmp.receiver.heard import understand
from daemon.snmp.receiver.opening import open_datagram
from daemon.snmp.sending.dialect import dialect_of
from daemon.snmp.v3.engine import Engine, NotAccepted
from daemon.snmp.v3.manager_engine import Learnt
from daemon.snmp.v3.message import MAX_SIZE, Header, ScopedPdu, encode_message, encode_scoped_pdu
from daemon.snmp.v3.usm import Level, user_of
from tests.support.agent_peers import ALICE, ENGINE_ID, HEALTH, PlainFleet, a_device, agent_settings

DATA = Path(__file__).parents[1] / "data" / "snmp"
HOST = "127.0.0.1"
REQUEST = 7  # the request-id of the torture datagrams, and of what the sender waits for
_ALICE = user_of(SnmpUser.model_validate(ALICE))
_INFORM = encode_pdu(PduType.INFORM, REQUEST, ())
_KEYS = _ALICE.at(ENGINE_ID)
_OF_ALL = {"community": "public"}, {"user": "alice"}
_CONSTRUCTED = frozenset((ber.SEQUENCE, *range(0xA0, 0xA9)))
_NASTY = [
    *map(bytes.fromhex, ("80", "84ffffffff", "85", "ff", "00", "3080", "0500", "0600", "0400", "a000", "a580", "a9")),
    *map(bytes.fromhex, ("0201ff", "020180", "02047fffffff", "02050080000000", "430500ffffffff", "40020000", "bf1f")),
    *map(bytes.fromhex, ("06022b80", "0606ffffffffff7f")),
]


def datagram_in(path: Path) -> tuple[str, bytes]:
    """What a file says of its datagram, and the datagram."""
    head, _, digits = path.read_text(encoding="ascii").partition("\n")
    return head.removeprefix("# "), bytes.fromhex(digits)


def torture() -> list[Path]:
    """What nobody sends who means well."""
    return sorted(DATA.glob("*.hex"))


def corpus(folder: str = ".") -> list[bytes]:
    """Everything that is kept there."""
    return [datagram_in(path)[1] for path in sorted((DATA / folder).rglob("*.hex"))]


class Places:
    """An agent, a receiver of traps and a sender of informs, by community public and by user alice."""

    def __init__(self) -> None:
        chosen = agent_settings(access=_OF_ALL, max_rate=10**9)
        self._engine = Engine(ENGINE_ID, 1, 0.0, 1)
        self._engine.apply(chosen.users)

        def sources(traffic: Callable[[], Traffic]) -> Sources:
            fleet = PlainFleet(*(a_device(f"00908f0000{number:02x}") for number in range(9)))
            return Sources(fleet, lambda: HEALTH, traffic, Newest(), "here")

        self.responder = Responder(chosen, sources, self._engine)
        list(self.responder.snapshot.renew(0.0))
        ways: tuple[dict[str, Any], ...] = ({}, {"version": "v3", "user": "alice"})
        self._v2c, self._v3 = (dialect_of(Manager(host=HOST, **way), self._engine) for way in ways)
        self._acquaint()

    def agent(self, datagram: bytes) -> str:
        """What the agent makes of it."""
        before = self.responder.statistics().ignored
        asked = self.responder.read(datagram, HOST, 0.0)
        if isinstance(asked, Question):
            answer = self.responder.answer(asked, 0.0)
            assert len(answer) <= 1472
            return "answered"
        after = self.responder.statistics().ignored
        return next(reason for reason in after if after[reason] != before.get(reason, 0))

    def receiver(self, datagram: bytes) -> str:
        """What the receiver makes of it."""
        try:
            opened = open_datagram(datagram, (b"public",), frozenset(("alice",)), self._engine, 0.0)
            heard = understand(opened.pdu)
            opened.response(0.0)
        except NotAccepted as refused:
            return refused.reason
        except BadMessage as bad:
            return bad.reason
        return "taken" if heard.known else "unknown"

    def sender(self, datagram: bytes) -> str:
        """What the sender makes of it, as of an answer; and what it says next is no worse for it."""
        try:
            dialect = self._v3 if version_of(datagram) is Version.V3 else self._v2c
            answer = dialect.understand(datagram, REQUEST, 0.0)
        except BadMessage as bad:
            return bad.reason
        dialect.say(_INFORM, REQUEST, 0.0)
        if isinstance(answer, Learnt):
            self._acquaint()
        return type(answer).__name__.lower()

    def _acquaint(self) -> None:
        """The sender's manager is an engine like our own: its id, then its clock, are learnt of it."""
        for _ in Learnt, Learnt:
            try:
                self._engine.receive(self._v3.say(_INFORM, REQUEST, 0.0), 0.0)
            except NotAccepted as refused:
                if refused.report:
                    self._v3.understand(refused.report, REQUEST, 0.0)

    def verdict(self, datagram: bytes) -> str:
        """What all of them make of it."""
        return "; ".join(f"{place.__name__}: {place(datagram)}" for place in (self.agent, self.receiver, self.sender))


def as_alice(pdu: bytes, level: Level = Level.PRIVATE, *, reportable: bool = True) -> bytes:
    """A PDU, or whatever it is, in a message whose MAC is right."""
    header = Header(REQUEST, MAX_SIZE, level, reportable, ENGINE_ID, 1, 0, _ALICE.name)
    return encode_message(header, encode_scoped_pdu(ScopedPdu(ENGINE_ID, b"", pdu)), _KEYS, bytes(8))


def spoilt(dice: random.Random, kept: list[bytes]) -> bytes:
    """One of those with some of it changed: octets here and there, or whole values whose lengths are right again."""
    data = dice.choice(kept)
    for _ in range(dice.randint(0, 4)):
        data = _bent(dice, data) if dice.random() < 0.5 else _scratched(dice, data, dice.choice(kept))
    data = data[:60_000]
    if dice.random() < 0.25:
        return as_alice(_pdu_of(data), dice.choice((Level.AUTHENTICATED, Level.PRIVATE)), reportable=bool(data[:1]))
    return data


def _scratched(dice: random.Random, data: bytes, other: bytes) -> bytes:
    place, length = dice.randrange(len(data) + 1), dice.randint(1, 30)
    put = (
        dice.randbytes(1),
        b"",
        data[place : place + length] * dice.randint(1, 50),
        dice.choice(_NASTY),
        other[place : place + length],
    )
    chosen = dice.randrange(len(put))
    return data[:place] + put[chosen] + data[place + (1, length, 0, dice.randint(0, 3), length)[chosen] :]


def _bent(dice: random.Random, data: bytes) -> bytes:
    """A message with one of its values left out, repeated, or in place of another, and all lengths put right."""
    try:
        tag, start, stop = ber.read_any(data, 0, len(data))
    except BadMessage:
        return data
    values = _values(data, start, stop)
    if not values:
        return data
    chosen = dice.randrange(len(values))
    value = values[chosen]
    if value[:1] and value[0] in _CONSTRUCTED and dice.random() < 0.75:
        values[chosen] = _bent(dice, value)
    else:
        values[chosen] = dice.choice((b"", value * dice.choice((2, 2, 40)), dice.choice(values), dice.choice(_NASTY)))
    return ber.wrap(tag, b"".join(values))


def _values(data: bytes, at: int, end: int) -> list[bytes]:
    found = []
    while at < end:
        try:
            _, _, stop = ber.read_any(data, at, end)
        except BadMessage:
            stop = end
        found.append(data[at:stop])
        at = stop
    return found


def _pdu_of(data: bytes) -> bytes:
    try:
        envelope = decode_envelope(data)
    except BadMessage:
        return data
    return envelope.data[envelope.at : envelope.stop]
