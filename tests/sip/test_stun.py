"""Requests and answers of RFC 5769 (sections 2.1 to 2.3), and others built by hand."""

from __future__ import annotations

import struct
from zlib import crc32

import pytest

from daemon.errors import BadMessage
from daemon.sip.stun import LONGEST_ANSWER, answer, is_stun

SOURCE = ("192.0.2.1", 32853)
COOKIE = bytes.fromhex("2112a442")
TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
# Section 2.1: SOFTWARE, PRIORITY, ICE-CONTROLLED, USERNAME, MESSAGE-INTEGRITY, FINGERPRINT.
SAMPLE_REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)
# The XOR-MAPPED-ADDRESS of sections 2.2 and 2.3.
SAMPLE_ADDRESSES = [
    (("192.0.2.1", 32853), "002000080001a147e112a643"),
    (("::ffff:192.0.2.1", 32853), "002000080001a147e112a643"),
    (("2001:db8:1234:5678:11:2233:4455:6677", 32853), "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"),
    (("2001:db8:1234:5678:11:2233:4455:6677%eth0", 32853), "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"),
]


def message(kind: int, attributes: bytes = b"", head: bytes = COOKIE) -> bytes:
    return struct.pack("!HH", kind, len(attributes)) + head + TRANSACTION + attributes


def attribute(kind: int, value: bytes = b"") -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def signed(data: bytes) -> bytes:
    longer = data[:2] + struct.pack("!H", len(data) - 20 + 8) + data[4:]
    return longer + attribute(0x8028, struct.pack("!I", crc32(longer) ^ 0x5354554E))


@pytest.mark.parametrize(("source", "mapped"), SAMPLE_ADDRESSES)
def test_a_request_is_told_where_it_came_from(source: tuple[str, int], mapped: str) -> None:
    assert answer(message(0x0001), source) == message(0x0101, bytes.fromhex(mapped))


@pytest.mark.parametrize(("source", "mapped"), SAMPLE_ADDRESSES)
def test_who_shows_a_fingerprint_is_shown_one(source: tuple[str, int], mapped: str) -> None:
    assert answer(signed(message(0x0001)), source) == signed(message(0x0101, bytes.fromhex(mapped)))


def test_the_sample_request_passes_its_fingerprint_and_is_told_what_we_do_not_know() -> None:
    reply = answer(SAMPLE_REQUEST, SOURCE)
    told = attribute(0x0009, b"\0\0\x04\x14Unknown Attribute") + attribute(0x000A, bytes.fromhex("0024"))
    assert reply == signed(message(0x0111, told))


def test_clients_from_before_the_cookie_get_the_plain_address() -> None:
    old = message(0x0001, attribute(0x0003, bytes(4)), head=b"old!")
    assert answer(old, SOURCE) == message(0x0101, bytes.fromhex("0001000800018055c0000201"), head=b"old!")


def test_nobody_is_sent_anything_elsewhere() -> None:
    for kind, value in ((0x0002, bytes.fromhex("00010050c6336401")), (0x0003, bytes.fromhex("00000006"))):
        reply = answer(message(0x0001, attribute(kind, value)), SOURCE)
        assert reply
        assert reply[:2] == b"\x01\x11"
        assert reply.endswith(struct.pack("!HHHxx", 0x000A, 2, kind))


@pytest.mark.parametrize("data", [message(0x0011), message(0x0101), message(0x0111), bytes(4), bytes(20), b""])
def test_indications_answers_and_bare_keep_alives_want_no_answer(data: bytes) -> None:
    assert answer(data, SOURCE) is None


@pytest.mark.parametrize(
    "data",
    [
        message(0x0001)[:19],
        message(0x0001) + b"\0\0\0\1",
        message(0x0001)[:2] + b"\0\1" + message(0x0001)[4:] + b"\0",
        message(0x0003),  # Allocate: we are no relay
        message(0x0001, b"\x80\x22\0\x05abcd"),
        signed(message(0x0001))[:-1] + b"\0",
        SAMPLE_REQUEST.replace(b"test", b"tess"),
    ],
)
def test_what_is_no_stun_is_named_as_such(data: bytes) -> None:
    with pytest.raises(BadMessage, match="stun"):
        answer(data, SOURCE)


def test_an_answer_is_short_whatever_was_asked() -> None:
    for attributes in (b"", b"".join(attribute(kind) for kind in range(0x40, 0x4000))):
        reply = answer(signed(message(0x0001, attributes[:60_000])), ("2001:db8::1", 65535))
        assert reply
        assert len(reply) <= LONGEST_ANSWER


def test_the_first_byte_tells_stun_from_sip() -> None:
    assert is_stun(message(0x0001))
    assert is_stun(message(0x0101))
    assert not is_stun(b"OPTIONS sip:x SIP/2.0\r\n\r\n")
    assert not is_stun(b"")
