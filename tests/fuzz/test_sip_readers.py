"""Invariant: any bytes are a value or a `BadMessage`, in time linear in their length, however a stream cuts them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.sip.grammar import parse_name_addr, parse_params, split_challenges, split_outside_quotes
from daemon.sip.message import Message, Request, Response, parse_via
from daemon.sip.parser import MAX_DATAGRAM, parse
from daemon.sip.refusals import refusal_of
from daemon.sip.stream import KeepAlive, StreamReader
from daemon.sip.stun import LONGEST_ANSWER, answer
from daemon.sip.uri import contact_from_uri, parse_scheme, parse_sip_uri, request_uri

DATA = Path(__file__).parents[1] / "data" / "sip"
SEEDS = [path.read_bytes() for path in sorted(DATA.glob("*/*.dat"))]
# What the grammar turns on; between them, anything.
PIECES = [
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"\r",
        b"\n",
        b"\r\n ",
        b" ",
        b"\t",
        b":",
        b";",
        b",",
        b"=",
        b"%",
        b"%00",
        b"@",
        b"?",
        b"&",
    ),
    *(b"<", b">", b'"', b"\\", b"[::1]", b"[", b"]", b"*", b"/", b"\0", b"\xff", b"\xef\xbb\xbf", b"0", b"4294967296"),
    *(b"SIP/2.0", b"OPTIONS sip:x SIP/2.0\r\n", b"sip:a@b", b"tel:1", b"Via: SIP/2.0/UDP a", b"l: 0\r\n", b"l:3\r\n"),
    *(b"Content-Length: 5\r\n", b"To: <sip:a@b>;tag=c\r\n", b"CSeq: 1 OPTIONS\r\n", b"Digest ", b'realm="a,b"'),
]
pieces = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=30).map(b"".join)
# A real message with something cut out, something put in, and something behind it.
spoilt = st.builds(
    lambda seed, at, length, put, tail: seed[: at % len(seed)] + put + seed[at % len(seed) + length :] + tail,
    st.sampled_from(SEEDS),
    st.integers(0, 10_000),
    st.integers(0, 40),
    pieces,
    st.sampled_from([b"", b"\r\n\r\n", b"trailing", *SEEDS[:4]]),
)
texts = (pieces | spoilt).map(lambda data: data.decode("utf-8", "surrogateescape"))

VIEWS: list[Callable[[Message], object]] = [
    Message.top_via,
    Message.vias,
    Message.cseq,
    Message.from_,
    Message.to,
    Message.contacts,
    Message.media_type,
    Message.content_length,
    lambda message: message.challenges("www-authenticate"),
    lambda message: message.listed("supported"),
]
READERS: list[Callable[[str], object]] = [
    parse_via,
    parse_name_addr,
    parse_params,
    parse_scheme,
    parse_sip_uri,
    contact_from_uri,
    request_uri,
    split_challenges,
    lambda text: split_outside_quotes(text, ","),
    lambda text: split_outside_quotes(text, ";"),
]


def message_of(data: bytes) -> Request | Response | None:
    with suppress(BadMessage):
        return parse(data)
    return None


@settings(max_examples=500, deadline=None)
@given(pieces | spoilt | st.binary(max_size=300))
def test_a_datagram_is_a_message_whose_every_view_is_a_value_or_a_bad_message(data: bytes) -> None:
    message = message_of(data)
    if message is None:
        return
    for view in VIEWS:
        with suppress(BadMessage):
            view(message)
    if isinstance(message, Request):
        refusal_of(message)


@settings(max_examples=400, deadline=None)
@given(spoilt)
def test_what_was_read_is_read_again_from_what_is_written(data: bytes) -> None:
    message = message_of(data)
    if message is None:
        return
    again = parse(message.render())
    assert type(again) is type(message)
    assert again.body == message.body
    kept = [header for header in message.headers if header[0] != "content-length"]
    assert list(again.headers[:-1]) == kept


def framed(data: bytes, cuts: list[int]) -> tuple[list[bytes | KeepAlive], str, int]:
    reader, items = StreamReader(), list[bytes | KeepAlive]()
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    try:
        for start, end in pairwise(edges):
            items.extend(reader.feed(data[start:end]))
    except BadMessage as bad:
        return items, bad.reason, 0
    return items, "", len(reader)


@settings(max_examples=500, deadline=None)
@given(st.lists(pieces | spoilt | st.sampled_from(SEEDS), max_size=4).map(b"".join), st.lists(st.integers(0, 5000)))
def test_a_stream_means_the_same_however_it_is_cut(data: bytes, cuts: list[int]) -> None:
    whole = framed(data, [])
    assert framed(data, cuts) == whole
    assert framed(data, list(range(len(data)))) == whole
    for item in whole[0]:
        if isinstance(item, bytes) and (message := message_of(item)):
            assert message.content_length() == len(message.body)  # parser and framing agree where it ends


@settings(max_examples=400, deadline=None)
@given(texts)
@example('"')
@example("<" * 100)
def test_a_text_is_a_value_or_a_bad_message_to_every_reader(text: str) -> None:
    for read in READERS:
        with suppress(BadMessage):
            read(text)


HEADS = st.sampled_from([b"\0\1", b"\1\1", b"\0\x11", b"\0\3"])
ATTRIBUTE = st.builds(
    lambda kind, value, lie: kind.to_bytes(2, "big") + (len(value) + lie).to_bytes(2, "big") + value,
    st.sampled_from([0x0001, 0x0003, 0x0006, 0x0020, 0x0024, 0x8022, 0x8028]) | st.integers(0, 0xFFFF),
    st.binary(max_size=24),
    st.sampled_from([0, 0, 0, 1, 40]),
)
stun = st.builds(
    lambda head, rest, cookie, lie: head + (len(rest) + lie).to_bytes(2, "big") + cookie + bytes(12) + rest,
    HEADS,
    st.lists(ATTRIBUTE, max_size=6).map(b"".join),
    st.sampled_from([bytes.fromhex("2112a442"), b"old!"]),
    st.sampled_from([0, 0, 0, 4]),
)


@settings(max_examples=400, deadline=None)
@given(stun | st.binary(max_size=80), st.sampled_from([("192.0.2.1", 5060), ("2001:db8::1", 1)]))
def test_a_stun_datagram_gets_a_short_answer_none_or_a_bad_message(data: bytes, source: tuple[str, int]) -> None:
    with suppress(BadMessage):
        reply = answer(data, source)
        assert reply is None or (len(reply) <= LONGEST_ANSWER and reply[4:20] == data[4:20])


# Sixteen times as long may take so many times as long: linear is 16, quadratic 256.
LONGER, ALLOWED = 16, 64
SHORT = MAX_DATAGRAM // LONGER


def seconds(work: Callable[[], object]) -> float:
    """The best of five, since the others were disturbed."""
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        with suppress(BadMessage):
            work()
        best = min(best, time.perf_counter() - start)
    return best


def grows_linearly(make: Callable[[int], Callable[[], object]]) -> bool:
    return seconds(make(SHORT * LONGER)) < ALLOWED * max(seconds(make(SHORT)), 2e-5)


UNITS = [
    ",",
    ";",
    '"',
    "<",
    ">",
    "\\",
    " ",
    '"a"',
    "<a>",
    "a=b,",
    ";a=b",
    '"\\',
    "a ",
    "%41",
    ":",
    "[",
    "@",
    "?",
    '""<>',
]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("start", ["", '"', "<", "sip:a@b", "SIP/2.0/UDP a", "Digest a"])
def test_reading_a_text_takes_time_linear_in_its_length(start: str, unit: str) -> None:
    for read in READERS:
        assert grows_linearly(lambda size, read=read: lambda: read(start + unit * (size // len(unit))))  # type: ignore[misc]


HEAD = b"OPTIONS sip:x SIP/2.0\r\n"
NASTY = [
    b"A: b\r\n",
    b"A:\r\n b\r\n",
    b"l: 1\r\n",
    b"l\r\n :1\r\n",
    b" \r\n",
    b"\r\n ",
    b"v: SIP/2.0/UDP a,\r\n",
    b",",
    b'"',
    b" ",
    b"\r",
]


@pytest.mark.parametrize("unit", NASTY)
def test_reading_a_message_takes_time_linear_in_its_length(unit: bytes) -> None:
    def parsed(size: int) -> Callable[[], object]:
        data = HEAD + unit * ((size - 200) // len(unit)) + b"\r\n\r\n"
        return lambda: [view(parse(data)) for view in VIEWS[:1]]

    assert grows_linearly(parsed)


@pytest.mark.parametrize("unit", [*NASTY, b"A", b"\r\n\r\n\r\n" + HEAD + b"l:0\r\n\r\n"])
def test_a_stream_that_trickles_takes_time_linear_in_its_length(unit: bytes) -> None:
    def fed(size: int) -> Callable[[], object]:
        data = HEAD + unit * ((size - 200) // len(unit))
        return lambda: framed(data, list(range(len(data))))

    assert grows_linearly(fed)
