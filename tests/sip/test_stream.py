from __future__ import annotations

import pytest

from daemon.errors import BadMessage
from daemon.sip.parser import MAX_DATAGRAM
from daemon.sip.stream import MAX_KEEP_ALIVES, PING, PONG, KeepAlive, StreamReader
from tests.support.sip_messages import register, request


def with_body(body: bytes, length: str | None = None, name: str = "Content-Length") -> bytes:
    head = request(content_length=None).removesuffix(b"\r\n")
    return head + f"{name}: {len(body) if length is None else length}\r\n\r\n".encode() + body


def read(*pieces: bytes) -> list[bytes | KeepAlive]:
    reader = StreamReader()
    return [item for piece in pieces for item in reader.feed(piece)]


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


ON_THE_WIRE = {PING: b"\r\n\r\n", PONG: b"\r\n"}


def bytes_of(items: list[bytes | KeepAlive]) -> bytes:
    return b"".join(ON_THE_WIRE[item] if isinstance(item, KeepAlive) else item for item in items)


@pytest.mark.parametrize(
    "items",
    [
        [],
        [PING],
        [PING, PING],
        [request(), register()],
        [PONG, request(), PING, with_body(b"hello\r\n\r\n"), PING],
        [PING, PONG, request(), PONG, register()],
        [with_body(b"\r\n\r\n"), with_body(b"OPTIONS sip:x SIP/2.0\r\n\r\n"), request()],
    ],
)
def test_messages_and_keep_alives_come_out_as_they_went_in_however_they_are_cut(items: list[bytes | KeepAlive]) -> None:
    data = bytes_of(items)
    assert read(data) == items
    assert read(*bytewise(data)) == items
    assert read(data[:7], data[7:]) == items


def test_one_crlf_is_no_pong_before_it_is_clear_that_it_stands_alone() -> None:
    reader = StreamReader()
    assert list(reader.feed(b"\r\n")) == []
    assert list(reader.feed(b"\r\n")) == [PING]
    assert list(reader.feed(b"\r\n")) == []
    assert list(reader.feed(request()[:1])) == [PONG]


def test_a_message_comes_with_its_last_byte_and_not_before() -> None:
    data, reader = with_body(b"12345"), StreamReader()
    assert list(reader.feed(data[:-1])) == []
    assert len(reader) == len(data) - 1
    assert list(reader.feed(data[-1:])) == [data]
    assert len(reader) == 0


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("l", "3"),
        ("L ", "3"),
        ("CONTENT-LENGTH\t", "3"),
        ("l", "\r\n 3"),
        ("l\r\n ", "3 \r\n\t "),
        ("l", "0003"),
        ("l: 3\r\nl", "3"),
    ],
)
def test_the_length_is_found_however_it_is_written(name: str, length: str) -> None:
    message = with_body(b"abc", length, name)
    assert read(message + request()) == [message, request()]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (request(content_length=None), "no-content-length"),
        (request(content_length="-1"), "content-length"),
        (request(content_length="1 2"), "content-length"),
        (request(content_length="65536"), "content-length"),
        (request(content_length="0\r\nl: 1"), "content-length"),
        (request(content_length="65500"), "too-large"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "no-content-length"),
        (b"\x16\x03\x01\x02\x00", "start-line"),
        (b"\0", "start-line"),
        (b"\n\n", "start-line"),
        (b"\rOPTIONS", "stray-control"),
        (b"\r\n\rOPTIONS", "stray-control"),
        (b"A" * (MAX_DATAGRAM + 1), "too-large"),
        (b"\r\n\r\n" * (MAX_KEEP_ALIVES + 1), "too-many-keep-alives"),
    ],
)  # fmt: skip
def test_a_fault_is_told_once_and_nothing_is_read_after_it(data: bytes, reason: str) -> None:
    reader, items = StreamReader(), list[bytes | KeepAlive]()
    with pytest.raises(BadMessage) as fault:
        items.extend(reader.feed(register() + data))
    assert fault.value.reason == reason
    assert len(reader) == 0
    assert list(reader.feed(request())) == []


def test_what_was_complete_before_a_fault_comes_out() -> None:
    items = StreamReader().feed(register() + b"\0")
    assert next(items) == register()
    with pytest.raises(BadMessage):
        next(items)


def test_the_limits_themselves_are_still_fine() -> None:
    head = len(with_body(b"", "65000"))
    longest = with_body(bytes(MAX_DATAGRAM - head))
    assert len(longest) == MAX_DATAGRAM
    assert read(longest, request()) == [longest, request()]
    assert read(b"\r\n\r\n" * MAX_KEEP_ALIVES) == [PING] * MAX_KEEP_ALIVES


def test_keep_alives_are_counted_anew_each_time() -> None:
    reader = StreamReader()
    for _ in range(3):
        assert len(list(reader.feed(b"\r\n\r\n" * MAX_KEEP_ALIVES))) == MAX_KEEP_ALIVES


def test_no_more_is_kept_than_one_message_and_what_came_last() -> None:
    reader = StreamReader()
    for size in range(1000, MAX_DATAGRAM, 1000):
        assert list(reader.feed(b"A" * 1000)) == []
        assert len(reader) == size
    with pytest.raises(BadMessage, match="too-large"):
        list(reader.feed(b"A" * 1000))
    assert len(reader) == 0
