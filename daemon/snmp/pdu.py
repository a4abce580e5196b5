"""The protocol data units of SNMP v1 and v2c, and of v3 without its wrapping: bytes to frozen values and back.

A message is read whole or refused with a reason (RFC 1157, 1901, 3416). The values of varbinds are read only when
somebody asks for one (`value_of`), since an agent never looks at those of a question. What v1 says in a trap is put
into v2's words at once (`as_v2`, RFC 3584), so that nobody else needs to know v1's.

Not here: BER itself (`ber`), security and engines of v3 (`usm`), who may ask and who is believed.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from daemon.errors import BadMessage
from daemon.snmp import ber
from daemon.snmp.ber import Oid, Syntax
from daemon.snmp.oids import SNMP_TRAP_ADDRESS, SNMP_TRAP_OID, SYS_UP_TIME

# More do not fit into an unfragmented Ethernet frame more than four times over; nobody asks for so many.
MAX_VARBINDS = 1000

SNMP_TRAPS: Oid = (1, 3, 6, 1, 6, 3, 1, 1, 5)  # below it the six that every agent knows, coldStart first
SNMP_TRAP_ENTERPRISE: Oid = (1, 3, 6, 1, 6, 3, 1, 1, 4, 3, 0)
_ENTERPRISE_SPECIFIC = 6  # the generic-trap of v1 that says to look at specific-trap

Value = int | bytes | Oid | None


class Version(IntEnum):
    """The version field of a message."""

    V1 = 0
    V2C = 1
    V3 = 3


class PduType(IntEnum):
    """The PDUs, by their tag (RFC 1157, section 4.1; RFC 3416, section 3)."""

    GET = 0xA0
    GET_NEXT = 0xA1
    RESPONSE = 0xA2
    SET = 0xA3
    TRAP_V1 = 0xA4
    GET_BULK = 0xA5
    INFORM = 0xA6
    TRAP = 0xA7
    REPORT = 0xA8


class ErrorStatus(IntEnum):
    """What a Response says went wrong (RFC 3416, section 3), as far as anybody here says so."""

    NO_ERROR = 0
    TOO_BIG = 1
    GENERAL = 5
    NO_ACCESS = 6
    NOT_WRITABLE = 17


class RawVarbind(NamedTuple):
    """A variable binding as it stood in the message: the instance, the tag of its value, and the value's content."""

    oid: Oid
    tag: int
    content: bytes


class Pdu(NamedTuple):
    """Any PDU but v1's trap. In a GET_BULK the two error fields hold what its two properties say."""

    type: PduType
    request_id: int
    error_status: int
    error_index: int
    varbinds: tuple[RawVarbind, ...]

    @property
    def non_repeaters(self) -> int:
        """How many varbinds of a GET_BULK are asked for once; never negative (RFC 3416, section 4.2.3)."""
        return max(0, self.error_status)

    @property
    def max_repetitions(self) -> int:
        """How often the other varbinds of a GET_BULK are followed; never negative."""
        return max(0, self.error_index)


class TrapV1(NamedTuple):
    """A trap as v1 has it; `agent_address` are four octets, `uptime` hundredths of a second."""

    enterprise: Oid
    agent_address: bytes
    generic: int
    specific: int
    uptime: int
    varbinds: tuple[RawVarbind, ...]


class Message(NamedTuple):
    """A whole message of v1 or v2c."""

    version: Version
    community: bytes
    pdu: Pdu | TrapV1


class Envelope(NamedTuple):
    """A message of v1 or v2c whose PDU is not read yet: that takes milliseconds at worst, for whoever may speak."""

    version: Version
    community: bytes
    data: bytes
    at: int  # where in `data` the PDU begins,
    stop: int  # and ends

    def opened(self) -> Message:
        """The message; `BadMessage` if its PDU is none of its version."""
        data, at, stop = self.data, self.at, self.stop
        kind = data[at] if at < stop else 0
        if kind not in _OF_VERSION[self.version]:
            raise BadMessage("pdu_type", f"PDU {kind:#04x} in a message of {self.version.name}")
        return Message(self.version, self.community, _decode(data, at, stop))


_OF_VERSION = {
    Version.V1: frozenset(
        (PduType.GET, PduType.GET_NEXT, PduType.RESPONSE, PduType.SET, PduType.TRAP_V1),
    ),
    Version.V2C: frozenset(PduType) - {PduType.TRAP_V1, PduType.REPORT},
}
_TYPES = {int(kind): kind for kind in PduType}

_OID = int(Syntax.OID)  # plain, because an enumeration's member costs more wherever bytes are made of it
_SIGNED = frozenset((Syntax.INTEGER,))
_NATURAL = {Syntax.COUNTER32: 32, Syntax.UNSIGNED: 32, Syntax.TIME_TICKS: 32, Syntax.COUNTER64: 64}
_OCTETS = frozenset((Syntax.OCTETS, Syntax.OPAQUE))
NOTHING = frozenset((Syntax.NULL, Syntax.NO_SUCH_OBJECT, Syntax.NO_SUCH_INSTANCE, Syntax.END_OF_MIB_VIEW))


def version_of(datagram: bytes) -> Version:
    """Which version a message says it is of; `BadMessage` for none that there is."""
    start, stop = _expect(datagram, 0, len(datagram), ber.SEQUENCE)
    number, _ = _integer(datagram, start, stop)
    try:
        return Version(number)
    except ValueError:
        raise BadMessage("version", f"version field {number}") from None


def decode_message(datagram: bytes) -> Message:
    """A message of v1 or v2c, PDU and all, of somebody whose community does not matter; `BadMessage` for any other."""
    return decode_envelope(datagram).opened()


def decode_envelope(datagram: bytes) -> Envelope:
    """A message of v1 or v2c; `BadMessage` for any other. What follows it in the datagram is not looked at."""
    start, stop = _expect(datagram, 0, len(datagram), ber.SEQUENCE)
    number, at = _integer(datagram, start, stop)
    if number not in (Version.V1, Version.V2C):
        raise BadMessage("version", f"version field {number}, neither v1 (0) nor v2c (1)")
    start, at = _expect(datagram, at, stop, Syntax.OCTETS)
    return Envelope(Version(number), datagram[start:at], datagram, at, stop)


def decode_pdu(data: bytes) -> Pdu:
    """A PDU that stands alone, as in a scoped PDU of v3; `BadMessage` for anything else, a trap of v1 too."""
    decoded = _decode(data, 0, len(data))
    if isinstance(decoded, TrapV1):
        raise BadMessage("pdu_type", "a trap of v1 outside v1")
    return decoded


def request_id_of(data: bytes) -> int:
    """The request-id of an encoded PDU of which nothing else is read; `BadMessage` for what has none."""
    tag, at, stop = ber.read_any(data, 0, len(data))
    if tag not in _TYPES or tag == PduType.TRAP_V1:
        raise BadMessage("pdu_type", f"there is no request-id in {tag:#04x}")
    return _integer(data, at, stop)[0]


def encode_message(version: Version, community: bytes, pdu: bytes) -> bytes:
    """A message of v1 or v2c around an encoded PDU."""
    return ber.wrap(ber.SEQUENCE, ber.integer(version) + ber.wrap(Syntax.OCTETS, community) + pdu)


def encode_pdu(
    kind: PduType, request_id: int, varbinds: Iterable[bytes], error_status: int = 0, error_index: int = 0
) -> bytes:
    """A PDU of encoded varbinds, in order (a Response, a Report, or any other but v1's trap)."""
    head = ber.integer(request_id) + ber.integer(error_status) + ber.integer(error_index)
    return ber.wrap(kind, head + ber.wrap(ber.SEQUENCE, b"".join(varbinds)))


def encode_varbind(oid: Oid, value: bytes) -> bytes:
    """A varbind whose value is encoded already, tag and all (`ber.integer`, `ber.wrap`, `ber.object_identifier`)."""
    name = ber.oid_content(oid)
    size = 2 + len(name) + len(value)
    if size < 0x80:  # the general way would take twice as long
        return bytes((ber.SEQUENCE, size, _OID, len(name))) + name + value
    return ber.wrap(ber.SEQUENCE, ber.wrap(_OID, name) + value)


def encode_raw(varbind: RawVarbind) -> bytes:
    """A varbind as it came: to send back what was asked."""
    return encode_varbind(varbind.oid, ber.wrap(varbind.tag, varbind.content))


def value_of(varbind: RawVarbind) -> Value:
    """What a varbind says: a number, octets (texts, addresses and Opaque alike), an identifier, or None for nothing.

    None stands for Null and for the three exceptions; which one, says the tag. `BadMessage` for what cannot be read.
    """
    tag, content = varbind.tag, varbind.content
    if tag in _OCTETS:
        return content
    if tag in _SIGNED:
        return _number(content, -(2**31), 2**31)
    if tag in _NATURAL:
        return _number(content, 0, 2 ** _NATURAL[Syntax(tag)])
    if tag == Syntax.OID:
        return ber.read_oid_content(content)
    if tag == Syntax.IP_ADDRESS and len(content) == 4:
        return content
    if tag in NOTHING and not content:
        return None
    raise BadMessage("value", f"a value of type {tag:#04x} with {len(content)} octets")


def as_v2(trap: TrapV1) -> Pdu:
    """A trap of v1 in v2's words (RFC 3584, section 3.1); what the agent sent itself is not added again."""
    if trap.generic == _ENTERPRISE_SPECIFIC:
        identity: Oid = (*trap.enterprise, 0, trap.specific)
    else:
        identity = (*SNMP_TRAPS, trap.generic + 1)
    said = {varbind.oid for varbind in trap.varbinds}
    extra = (
        RawVarbind(SNMP_TRAP_ADDRESS, Syntax.IP_ADDRESS, trap.agent_address),
        RawVarbind(SNMP_TRAP_ENTERPRISE, Syntax.OID, ber.oid_content(trap.enterprise)),
    )
    varbinds = (
        RawVarbind(SYS_UP_TIME, Syntax.TIME_TICKS, trap.uptime.to_bytes(5, "big")),
        RawVarbind(SNMP_TRAP_OID, Syntax.OID, ber.oid_content(identity)),
        *trap.varbinds,
        *(varbind for varbind in extra if varbind.oid not in said),
    )
    return Pdu(PduType.TRAP, 0, 0, 0, varbinds)


def notification_identity(pdu: Pdu) -> Oid:
    """Which trap a TRAP or INFORM is: the value of its second varbind, snmpTrapOID.0; `BadMessage` without one."""
    if len(pdu.varbinds) < 2 or pdu.varbinds[1].oid != SNMP_TRAP_OID:
        raise BadMessage("no_trap_oid", "a notification must have snmpTrapOID.0 as its second varbind")
    identity = value_of(pdu.varbinds[1])
    if not isinstance(identity, tuple):
        raise BadMessage("no_trap_oid", "snmpTrapOID.0 is no object identifier")
    return identity


def _decode(data: bytes, at: int, end: int) -> Pdu | TrapV1:
    tag, at, stop = ber.read_any(data, at, end)
    kind = _TYPES.get(tag)
    if kind is None:
        raise BadMessage("pdu_type", f"there is no PDU {tag:#04x}")
    if stop != end:
        raise BadMessage("trailing", "something follows the PDU")
    if kind is PduType.TRAP_V1:
        return _decode_trap_v1(data, at, stop)
    request_id, at = _integer(data, at, stop)
    error_status, at = _integer(data, at, stop)
    error_index, at = _integer(data, at, stop)
    return Pdu(kind, request_id, error_status, error_index, _varbinds(data, at, stop))


def _decode_trap_v1(data: bytes, at: int, stop: int) -> TrapV1:
    start, at = _expect(data, at, stop, Syntax.OID)
    enterprise = ber.read_oid_content(data[start:at])
    start, at = _expect(data, at, stop, Syntax.IP_ADDRESS)
    agent_address = data[start:at]
    generic, at = _integer(data, at, stop)
    specific, at = _integer(data, at, stop)
    start, at = _expect(data, at, stop, Syntax.TIME_TICKS)
    uptime = _number(data[start:at], 0, 2**32)
    if len(agent_address) != 4 or not 0 <= generic <= _ENTERPRISE_SPECIFIC or specific < 0:
        raise BadMessage("trap_v1", f"a trap with generic-trap {generic}, specific-trap {specific}")
    if len(enterprise) > ber.MAX_ARCS - 2:
        raise BadMessage("trap_v1", "an enterprise too long to have traps below it")
    return TrapV1(enterprise, agent_address, generic, specific, uptime, _varbinds(data, at, stop))


def _varbinds(data: bytes, at: int, end: int) -> tuple[RawVarbind, ...]:
    at, stop = _expect(data, at, end, ber.SEQUENCE)
    if stop != end:
        raise BadMessage("trailing", "something follows the varbinds")
    varbinds: list[RawVarbind] = []
    while at < stop:
        if len(varbinds) == MAX_VARBINDS:
            raise BadMessage("too_many_varbinds", f"more than {MAX_VARBINDS}")
        start, at = _expect(data, at, stop, ber.SEQUENCE)
        name, after = _expect(data, start, at, _OID)
        tag, value, last = ber.read_any(data, after, at)
        if last != at:
            raise BadMessage("trailing", "something follows a varbind's value")
        varbinds.append(RawVarbind(ber.read_oid_content(data[name:after]), tag, data[value:last]))
    return tuple(varbinds)


def _expect(data: bytes, at: int, end: int, tag: int) -> tuple[int, int]:
    """Where the content of a value of type `tag` begins and ends."""
    start = at + 2
    if start <= end and data[at] == tag and (size := data[at + 1]) < 0x80 and (stop := start + size) <= end:
        return start, stop  # nearly always: a value of fewer than 128 octets
    if at < end and data[at] != tag:
        raise BadMessage("unexpected_type", f"type {data[at]:#04x} where {tag:#04x} belongs")
    _, start, stop = ber.read_any(data, at, end)
    return start, stop


def _integer(data: bytes, at: int, end: int) -> tuple[int, int]:
    start, stop = _expect(data, at, end, Syntax.INTEGER)
    return _number(data[start:stop], -(2**31), 2**31), stop


def _number(content: bytes, least: int, beyond: int) -> int:
    if not content:
        raise BadMessage("integer", "a number without octets")
    # Unsigned types that lack their leading zero are sent by some agents; net-snmp reads them as meant too.
    value = int.from_bytes(content, "big", signed=least < 0)
    if not least <= value < beyond:
        raise BadMessage("integer", f"a number outside {least}..{beyond - 1}")
    return value
