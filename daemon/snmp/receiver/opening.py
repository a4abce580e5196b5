"""What a datagram for the receiver holds, if its sender may speak to it: a notification, and how to answer it.

Of v1 and v2c a community must be one of ours, compared in constant time; of v3 the engine decides who it is, and the
settings whether that user is listened to. Pure. Not here: whose device it is about, and whether that is believed
(`belief`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hmac import compare_digest

from daemon.errors import BadMessage
from daemon.snmp.pdu import (
    Message,
    Pdu,
    PduType,
    TrapV1,
    Version,
    as_v2,
    decode_envelope,
    encode_message,
    encode_pdu,
    encode_raw,
    version_of,
)
from daemon.snmp.v3.engine import Engine

_NOTIFICATIONS = frozenset((PduType.TRAP, PduType.INFORM))


@dataclass(frozen=True, slots=True)
class Opened:
    """A notification. `proven`: by a key, so that its address need not speak for it.

    `enclose` makes a datagram of an encoded PDU, as the notification itself was wrapped, at a time.
    """

    pdu: Pdu
    proven: bool
    enclose: Callable[[bytes, float], bytes]

    def response(self, now: float) -> bytes:
        """The datagram that acknowledges an inform: the same varbinds again (RFC 3416, section 4.2.7)."""
        pdu = encode_pdu(PduType.RESPONSE, self.pdu.request_id, map(encode_raw, self.pdu.varbinds))
        return self.enclose(pdu, now)


def open_datagram(
    datagram: bytes, communities: Sequence[bytes], users: frozenset[str], engine: Engine, now: float
) -> Opened:
    """What it holds; `BadMessage` with the reason, which is `NotAccepted` where v3 has something to report."""
    if version_of(datagram) is Version.V3:
        return _of_v3(datagram, users, engine, now)
    envelope = decode_envelope(datagram)
    # All are compared, so that the time taken tells nothing about which one is nearly right.
    if sum(compare_digest(envelope.community, ours) for ours in communities) == 0:
        raise BadMessage("community", "none of ours")
    message = envelope.opened()
    pdu = as_v2(message.pdu) if isinstance(message.pdu, TrapV1) else message.pdu
    return Opened(_notification(pdu), False, partial(_enclose, message))


def _of_v3(datagram: bytes, users: frozenset[str], engine: Engine, now: float) -> Opened:
    received = engine.receive(datagram, now)
    if received.user not in users:
        raise BadMessage("user", "not one of snmp.receiver.users")
    proven = bool(received.header.level)
    return Opened(_notification(received.pdu), proven, lambda pdu, at: engine.reply(received, pdu, at))


def _notification(pdu: Pdu) -> Pdu:
    if pdu.type not in _NOTIFICATIONS:
        raise BadMessage("pdu_type", f"a {pdu.type.name} is no notification")
    return pdu


def _enclose(message: Message, pdu: bytes, now: float) -> bytes:
    return encode_message(message.version, message.community, pdu)
