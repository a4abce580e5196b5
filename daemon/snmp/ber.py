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

_MAX_LENGTH_OCTETS = 4  # a length of more than 4 GiB cannot be in a datagram, however it is padded


class Syntax(IntEnum):
    """The SMIv2 base types that notifications carry (RFC 2578, section 7.1), by their BER tag."""

    INTEGER = 0x02
    OCTETS = 0x04
    OID = 0x06
    IP_ADDRESS = 0x40
    UNSIGNED = 0x42
    TIME_TICKS = 0x43


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
    first, second, *rest = oid
    return wrap(Syntax.OID, b"".join(_base128(arc) for arc in (40 * first + second, *rest)))


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


def _base128(arc: int) -> bytes:
    digits = [arc & 0x7F]
    while arc := arc >> 7:
        digits.append(0x80 | arc & 0x7F)
    return bytes(reversed(digits))
