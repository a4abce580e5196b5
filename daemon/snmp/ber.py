"""ASN.1's Basic Encoding Rules, the small part that SNMP uses (X.690, RFC 3417 section 8).

Definite lengths only, shortest form when writing; when reading, lengths may be padded, as some managers send them.
Written by hand because a notification built and encoded with a general ASN.1 library costs half a millisecond; the
tests hold these bytes against pysnmp's. Not here: what a message consists of, which is `encode`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from functools import lru_cache

from daemon.errors import BadMessage

Oid = tuple[int, ...]

SEQUENCE = 0x30

MAX_ARCS = 128  # of an object identifier, each of at most 32 bits (RFC 2578, section 3.5)
_MAX_OID_OCTETS = 5 * MAX_ARCS
_BEGINNING = 10  # arcs that the cells of one table, or one family of traps, have in common

_MAX_LENGTH_OCTETS = 4  # a length of more than 4 GiB cannot be in a datagram, however it is padded


class Syntax(IntEnum):
    """The SMIv2 base types (RFC 2578, section 7.1) and what may stand in their place, by their BER tag."""

    INTEGER = 0x02
    OCTETS = 0x04
    NULL = 0x05
    OID = 0x06
    IP_ADDRESS = 0x40
    COUNTER32 = 0x41
    UNSIGNED = 0x42  # Gauge32 too
    TIME_TICKS = 0x43
    OPAQUE = 0x44
    COUNTER64 = 0x46
    NO_SUCH_OBJECT = 0x80  # the three exceptions in place of a value (RFC 3416, section 3)
    NO_SUCH_INSTANCE = 0x81
    END_OF_MIB_VIEW = 0x82


def wrap(tag: int, content: bytes) -> bytes:
    """Tag, length and content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int, tag: int = Syntax.INTEGER) -> bytes:
    """A whole number in two's complement, as short as it goes; unsigned types are given a leading zero by it."""
    return wrap(tag, value.to_bytes((value if value >= 0 else ~value).bit_length() // 8 + 1, "big", signed=True))


@lru_cache(maxsize=1024)  # a few dozen identifiers are all this program ever sends
def object_identifier(oid: Oid) -> bytes:
    """An object identifier of at least two arcs."""
    return wrap(Syntax.OID, oid_content(oid))


def oid_content(oid: Oid) -> bytes:
    """An object identifier without tag and length; only its beginning is remembered, for whoever writes many."""
    return _oid_beginning(oid[:_BEGINNING]) + b"".join(map(_base128, oid[_BEGINNING:]))


@lru_cache(maxsize=1024)
def _oid_beginning(oid: Oid) -> bytes:
    return b"".join(map(_base128, (40 * oid[0] + oid[1], *oid[2:])))


def sequence(parts: Iterable[bytes], tag: int = SEQUENCE) -> bytes:
    """Encoded parts, one after the other, inside a constructed value."""
    return wrap(tag, b"".join(parts))


def read(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """The content of the value of type `tag` that `data` begins with, and what follows it; else `BadMessage`."""
    if len(data) < 2:
        raise BadMessage("truncated", "the message ends before a value")
    if data[0] != tag:
        raise BadMessage("unexpected_type", f"type {data[0]:#04x} where {tag:#04x} belongs")
    start, size = 2, data[1]
    if size & 0x80:
        octets = size & 0x7F
        if not 1 <= octets <= _MAX_LENGTH_OCTETS:
            raise BadMessage("length", f"a length of {octets} octets")
        start += octets
        size = int.from_bytes(data[2:start], "big")
    if len(data) < start + size:
        raise BadMessage("truncated", "the message ends within a value")
    return data[start : start + size], data[start + size :]


def read_integer(data: bytes) -> tuple[int, bytes]:
    """The 32-bit whole number that `data` begins with, and what follows it; else `BadMessage`."""
    content, rest = read(data, Syntax.INTEGER)
    if not content:
        raise BadMessage("integer", "a number without octets")
    value = int.from_bytes(content, "big", signed=True)
    if not -(2**31) <= value < 2**31:
        raise BadMessage("integer", "a number of more than 32 bits")
    return value, rest


def read_any(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Tag, and where the content begins and ends, of the value that `data[at:end]` begins with; else `BadMessage`.

    Nothing is copied, so that a message of many values is read in one pass.
    """
    start = at + 2
    if start > end:
        raise BadMessage("truncated", "the message ends before a value")
    size = data[at + 1]
    if size & 0x80:
        octets = size & 0x7F
        if not 1 <= octets <= _MAX_LENGTH_OCTETS:
            raise BadMessage("length", f"a length of {octets} octets")
        start += octets
        size = int.from_bytes(data[at + 2 : start], "big")
    stop = start + size
    if stop > end:
        raise BadMessage("truncated", "the message ends within a value")
    return data[at], start, stop


@lru_cache(maxsize=1024)  # every trap of a kind has the same names; what does not repeat costs 6 MB here at most
def read_oid_content(content: bytes) -> Oid:
    """The object identifier whose content that is; else `BadMessage`. No octets at all are 0.0, as some write it."""
    if len(content) > _MAX_OID_OCTETS:
        raise BadMessage("object_identifier", f"more than {_MAX_OID_OCTETS} octets")
    arcs = tuple(content) if content.isascii() else _long_arcs(content)  # isascii: no arc takes a second octet
    if len(arcs) >= MAX_ARCS:
        raise BadMessage("object_identifier", f"more than {MAX_ARCS} arcs")
    if not arcs:
        return (0, 0)
    first = min(arcs[0] // 40, 2)
    return (first, arcs[0] - 40 * first, *arcs[1:])


def _long_arcs(content: bytes) -> Oid:
    arcs: list[int] = []
    arc = 0
    fresh = True
    for octet in content:
        if fresh and octet == 0x80:
            raise BadMessage("object_identifier", "an arc with needless zeros")
        arc = arc << 7 | octet & 0x7F
        fresh = octet < 0x80
        if fresh:
            arcs.append(arc)
            arc = 0
    if not fresh:
        raise BadMessage("object_identifier", "it ends within an arc")
    if max(arcs[1:], default=0) >= 2**32 or arcs[0] >= 2**32 + 80:
        raise BadMessage("object_identifier", "an arc of more than 32 bits")
    return tuple(arcs)


@lru_cache(maxsize=4096)  # most arcs are small, or one of few enterprises
def _base128(arc: int) -> bytes:
    digits = [arc & 0x7F]
    while arc := arc >> 7:
        digits.append(0x80 | arc & 0x7F)
    return bytes(reversed(digits))
