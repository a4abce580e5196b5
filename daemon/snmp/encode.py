"""Notifications as SNMPv2c messages (RFC 1901, RFC 3416), and what comes back for an inform.

Nothing but v2c is spoken here, so keys, engines and ciphers are absent; those of version 3 are pysnmp's business,
which the tests already use as the judge of these bytes. Not here: varbinds (`traps`), BER itself (`ber`), sockets
(`sender`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import assert_never

from daemon.errors import BadMessage
from daemon.snmp import ber
from daemon.snmp.ber import Syntax
from daemon.snmp.traps import Trap, Varbind

_V2C = 1  # version-1(0), version-2c(1)
_RESPONSE = 0xA2


class Pdu(IntEnum):
    """The two PDUs that carry a notification, by their tag (RFC 3416, section 3)."""

    INFORM = 0xA6
    TRAP = 0xA7


@dataclass(frozen=True, slots=True)
class Response:
    """An answer to an inform: to which one, and the manager's error-status (0 is noError)."""

    request_id: int
    error_status: int


def encode_notification(trap: Trap, pdu: Pdu, request_id: int, community: bytes) -> bytes:
    """One datagram. `request_id` is a non-negative 31-bit number; an inform's answer repeats it."""
    body = ber.sequence(
        (
            ber.integer(request_id),
            ber.integer(0),  # error-status and error-index mean nothing in a notification
            ber.integer(0),
            ber.sequence(map(_varbind, trap.varbinds)),
        ),
        pdu,
    )
    return ber.sequence((ber.integer(_V2C), ber.wrap(Syntax.OCTETS, community), body))


def decode_response(datagram: bytes) -> Response:
    """A Response PDU in a v2c message, read as far as it matters to a sender of informs; `BadMessage` otherwise.

    The community is not compared: who answered is known from the connected socket, and what from the request-id.
    The varbinds only repeat what we sent and are not looked into.
    """
    message, _ = ber.read(datagram, ber.SEQUENCE)
    version, rest = ber.read_integer(message)
    if version != _V2C:
        raise BadMessage("version", f"version field {version}, not {_V2C} (v2c)")
    _, rest = ber.read(rest, Syntax.OCTETS)
    body, _ = ber.read(rest, _RESPONSE)
    request_id, rest = ber.read_integer(body)
    error_status, rest = ber.read_integer(rest)
    _, rest = ber.read_integer(rest)
    ber.read(rest, ber.SEQUENCE)
    return Response(request_id, error_status)


def _varbind(varbind: Varbind) -> bytes:
    return ber.sequence((ber.object_identifier(varbind.oid), _value(varbind.syntax, varbind.value)))


def _value(syntax: Syntax, value: int | bytes | ber.Oid) -> bytes:
    if isinstance(value, int):
        return ber.integer(value, syntax)
    if isinstance(value, bytes):
        return ber.wrap(syntax, value)
    if isinstance(value, tuple):
        return ber.object_identifier(value)
    assert_never(value)
