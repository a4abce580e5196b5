"""SNMPv2c as pysnmp and pyasn1 read and write it: the judge of our own encoding.

Both ship no usable types, so they stand here as Any and nowhere else in the tests of SNMP.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyasn1.codec.ber import decoder, encoder
from pyasn1.type import univ
from pysnmp.proto.api import v2c

from daemon.snmp.ber import Oid, Syntax
from daemon.snmp.pdu import PduType
from daemon.snmp.sending.traps import Trap

api: Any = v2c
asn1: Any = univ
_encoder: Any = encoder
_decoder: Any = decoder

_TYPES = {
    Syntax.INTEGER: api.Integer,
    Syntax.OCTETS: api.OctetString,
    Syntax.OID: api.ObjectIdentifier,
    Syntax.IP_ADDRESS: api.IpAddress,
    Syntax.UNSIGNED: api.Unsigned32,
    Syntax.TIME_TICKS: api.TimeTicks,
}
_PDUS = {PduType.INFORM: api.InformRequestPDU, PduType.TRAP: api.SNMPv2TrapPDU}


def encode(value: Any) -> bytes:
    """An ASN.1 value as pyasn1 writes it."""
    encoded: bytes = _encoder.encode(value)
    return encoded


def decode(data: bytes, spec: Any = None) -> tuple[Any, bytes]:
    """The ASN.1 value that `data` begins with as pyasn1 reads it, and what follows it."""
    value, rest = _decoder.decode(data, asn1Spec=spec)
    return value, rest


def notification(trap: Trap, pdu: PduType, request_id: int, community: bytes) -> bytes:
    """The message that carries that trap."""
    varbinds = [(bind.oid, _TYPES[bind.syntax](bind.value)) for bind in trap.varbinds]
    return _message(_PDUS[pdu](), request_id, 0, varbinds, community)


def response(request_id: int, error_status: int = 0, community: bytes = b"public") -> bytes:
    """A manager's answer to the inform of that number, with a varbind."""
    return _message(api.ResponsePDU(), request_id, error_status, [((1, 3, 6, 1), api.OctetString(b"echo"))], community)


def answer(datagram: bytes, error_status: int = 0, request_id_off_by: int = 0) -> bytes:
    """What a manager answers to that inform."""
    message = _read(datagram)
    request_id = int(api.apiPDU.get_request_id(api.apiMessage.get_pdu(message)))
    return response(request_id ^ request_id_off_by, error_status)


def varbinds(datagram: bytes) -> dict[Oid, Any]:
    """The variable bindings of that message, in order."""
    return {tuple(oid): value for oid, value in api.apiPDU.get_varbinds(api.apiMessage.get_pdu(_read(datagram)))}


def _read(datagram: bytes) -> Any:
    message, rest = _decoder.decode(datagram, asn1Spec=api.Message())
    assert rest == b""
    return message


def _message(body: Any, request_id: int, error_status: int, bindings: Sequence[Any], community: bytes) -> bytes:
    api.apiPDU.set_defaults(body)
    api.apiPDU.set_request_id(body, request_id)
    api.apiPDU.set_error_status(body, error_status)
    api.apiPDU.set_varbinds(body, bindings)
    message = api.Message()
    api.apiMessage.set_defaults(message)
    api.apiMessage.set_community(message, community)
    api.apiMessage.set_pdu(message, body)
    return encode(message)
