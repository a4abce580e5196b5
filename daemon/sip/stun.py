"""STUN binding requests on the SIP port (RFC 5389): a phone behind NAT asks where it appears to be, and stays open.

RFC 5626 section 4.4.2 has phones keep a UDP flow alive with these; RFC 7983 tells them from SIP by the first byte. An
answer is at most `LONGEST_ANSWER` bytes and goes back to its asker, so nobody gains by forging one. Not here: sockets,
authentication (a binding answer tells nothing its asker might not know), asking others.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import ip_address
from zlib import crc32

from daemon.errors import BadMessage
from daemon.sip.message import Address, Source

LONGEST_ANSWER = 68  # a refusal with its fingerprint; an IPv6 address with its own takes 52

_HEADER = struct.Struct("!HHI12s")  # type, length without this header, magic cookie, transaction (section 6)
_ATTRIBUTE = struct.Struct("!HH")  # type, length without padding (section 15)
_COOKIE = 0x2112A442
_CLASS, _INDICATION, _SUCCESS, _ERROR = 0x0110, 0x0010, 0x0100, 0x0110
_BINDING_REQUEST, _BINDING_SUCCESS, _BINDING_ERROR = 0x0001, 0x0101, 0x0111
_MAPPED, _CHANGE, _CODE, _UNKNOWN, _XOR_MAPPED, _FINGERPRINT = 0x0001, 0x0003, 0x0009, 0x000A, 0x0020, 0x8028
_FINGERPRINT_MASK = 0x5354554E  # section 15.5
# USERNAME, MESSAGE-INTEGRITY, REALM, NONCE: of use to a server that wants to know who asks; we do not.
_IGNORED = frozenset((0x0006, 0x0008, 0x0014, 0x0015))
_OPTIONAL = 0x8000  # from here on an attribute may be ignored by whoever does not know it
_MOST_NAMED = 4  # unknown attributes named in a refusal

_Attribute = tuple[int, bytes, int]  # type, value, where it starts


def is_stun(datagram: bytes) -> bool:
    """Whether a datagram on the SIP port is for us (RFC 7983 section 7); a SIP message never starts that low."""
    return datagram[:1] in (b"\0", b"\1")


def answer(datagram: bytes, source: Address | Source) -> bytes | None:
    """What to say to the one at `source`; None to what wants no answer; `BadMessage` ("stun") to what is no STUN.

    Zero bytes, as NAT helpers of proxies send them, are such a keep-alive too.
    """
    if not datagram.strip(b"\0"):
        return None
    kind, transaction = _head(datagram)
    if kind & _CLASS in (_INDICATION, _SUCCESS, _ERROR):  # section 7.3.2; we ask nothing, so no answer is for us
        return None
    if kind != _BINDING_REQUEST:
        raise BadMessage("stun", f"method {kind:#06x}")
    attributes = list(_attributes(datagram))
    signed = _checked_fingerprint(datagram, attributes)
    unknown = [kind for kind, value, _ in attributes if not _understood(kind, value)]
    if unknown:
        return _message(_BINDING_ERROR, transaction, _unknown(unknown[:_MOST_NAMED]), signed)
    return _message(_BINDING_SUCCESS, transaction, _mapped(transaction, source), signed)


def _head(datagram: bytes) -> tuple[int, bytes]:
    """The message's type, and cookie and transaction together, which RFC 3489 knew as one."""
    if len(datagram) < _HEADER.size:
        raise BadMessage("stun", f"{len(datagram)} bytes")
    kind, length, _, _ = _HEADER.unpack_from(datagram)
    if length % 4 or length != len(datagram) - _HEADER.size:
        raise BadMessage("stun", f"{length} bytes announced, {len(datagram)} came")
    return kind, datagram[4 : _HEADER.size]


def _attributes(datagram: bytes) -> Iterator[_Attribute]:
    place = _HEADER.size
    while place < len(datagram):
        kind, length = _ATTRIBUTE.unpack_from(datagram, place)  # lengths are multiples of four, so there is room
        value = datagram[place + _ATTRIBUTE.size : place + _ATTRIBUTE.size + length]
        if len(value) < length:
            raise BadMessage("stun", f"attribute {kind:#06x} is cut off")
        yield kind, value, place
        place += _ATTRIBUTE.size + length + -length % 4


def _understood(kind: int, value: bytes) -> bool:
    """RFC 3489's clients send CHANGE-REQUEST without wanting a change."""
    return kind >= _OPTIONAL or kind in _IGNORED or (kind == _CHANGE and not value.strip(b"\0"))


def _checked_fingerprint(datagram: bytes, attributes: list[_Attribute]) -> bool:
    """Whether there is one; it is the last attribute (section 15.5) and has to be right."""
    kind, value, place = attributes[-1] if attributes else (0, b"", 0)
    if kind != _FINGERPRINT:
        return False
    if value != _fingerprint(datagram[:place]):
        raise BadMessage("stun", "the fingerprint does not fit")
    return True


def _fingerprint(before: bytes) -> bytes:
    return (crc32(before) ^ _FINGERPRINT_MASK).to_bytes(4, "big")


def _mapped(transaction: bytes, source: Address | Source) -> bytes:
    """XOR-MAPPED-ADDRESS (section 15.2); MAPPED-ADDRESS to whoever shows no cookie (section 12.2)."""
    address = ip_address(source[0].partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address  # a socket for both families shows IPv4 that way
    plain = source[1].to_bytes(2, "big") + address.packed
    modern = transaction[:4] == _COOKIE.to_bytes(4, "big")
    mask = transaction[:2] + transaction if modern else bytes(len(plain))
    hidden = bytes(one ^ other for one, other in zip(plain, mask, strict=False))
    family = b"\0\1" if address.version == 4 else b"\0\2"
    return _attribute(_XOR_MAPPED if modern else _MAPPED, family + hidden)


def _unknown(kinds: list[int]) -> bytes:
    """420 and the attributes it is about (sections 7.3.1, 15.6 and 15.9)."""
    code = b"\0\0\x04\x14Unknown Attribute"
    return _attribute(_CODE, code) + _attribute(_UNKNOWN, struct.pack(f"!{len(kinds)}H", *kinds))


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(kind, len(value)) + value + bytes(-len(value) % 4)


def _message(kind: int, transaction: bytes, attributes: bytes, signed: bool) -> bytes:
    extra = 8 if signed else 0  # the announced length covers the fingerprint that is made over it
    head = struct.pack("!HH", kind, len(attributes) + extra) + transaction
    message = head + attributes
    return message + (_attribute(_FINGERPRINT, _fingerprint(message)) if signed else b"")
