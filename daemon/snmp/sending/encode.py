"""Notifications as PDUs and as SNMPv2c messages (RFC 1901, RFC 3416), and what comes back for an inform.

Not here: varbinds (`traps`), BER itself (`ber`), any other message (`pdu`), version 3 (`message`), sockets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

from daemon.errors import BadMessage
from daemon.snmp import ber
from daemon.snmp.ber import Syntax
from daemon.snmp.pdu import PduType, Version, encode_message, encode_pdu
from daemon.snmp.sending.traps import Trap, Varbind

# The two PDUs that carry a notification.
NotificationType = Literal[PduType.TRAP, PduType.INFORM]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer to an inform: to which one, and the manager's error-status (0 is noError)."""

    request_id: int
    error_status: int


def encode_trap(trap: Trap, kind: NotificationType, request_id: int) -> bytes:
    """The PDU. `request_id` is a non-negative 31-bit number; an inform's answer repeats it."""
    return encode_pdu(kind, request_id, map(_varbind, trap.varbinds))


def encode_notification(trap: Trap, kind: NotificationType, request_id: int, community: bytes) -> bytes:
    """One datagram of v2c."""
    return encode_message(Version.V2C, community, encode_trap(trap, kind, request_id))


def decode_response(datagram: bytes) -> Response:
    """A Response PDU in a v2c message, read as far as it matters to a sender of informs; `BadMessage` otherwise.

    The community is not compared: who answered is known from the connected socket, and what from the request-id.
    The varbinds only repeat what we sent and are not looked into.
    """
    message, _ = ber.read(datagram, ber.SEQUENCE)
    version, rest = ber.read_integer(message)
    if version != Version.V2C:
        raise BadMessage("version", f"version field {version}, not {Version.V2C} (v2c)")
    _, rest = ber.read(rest, Syntax.OCTETS)
    body, _ = ber.read(rest, PduType.RESPONSE)
    request_id, rest = ber.read_integer(body)
    error_status, rest = ber.read_integer(rest)
    _, rest = ber.read_integer(rest)
    ber.read(rest, ber.SEQUENCE)
    return Response(request_id, error_status)


def _varbind(varbind: Varbind) -> bytes:
    name = ber.object_identifier(varbind.oid)  # remembered, unlike those of an agent: they are few
    return ber.wrap(ber.SEQUENCE, name + _value(varbind.syntax, varbind.value))


def _value(syntax: Syntax, value: int | bytes | ber.Oid) -> bytes:
    if isinstance(value, int):
        return ber.integer(value, syntax)
    if isinstance(value, bytes):
        return ber.wrap(syntax, value)
    if isinstance(value, tuple):
        return ber.object_identifier(value)
    assert_never(value)
