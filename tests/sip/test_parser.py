from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.sip.message import Request, Response
from daemon.sip.parser import MAX_HEADERS, MAX_LINE, parse
from tests.support.sip_messages import register, request


def test_a_request_is_read_whole() -> None:
    message = parse(request(x_vendor="kept") + b"trailing")
    assert isinstance(message, Request)
    assert (message.method, message.uri, message.version) == ("OPTIONS", "sip:pbx.example.net", "SIP/2.0")
    assert message.first("x-vendor") == "kept"
    assert message.body == b""  # what exceeds Content-Length is no part of it


def test_a_response_is_read_whole() -> None:
    message = parse(b"SIP/2.0 183 Unter Wegs\r\nCall-ID: 1\r\n\r\nbody")
    assert isinstance(message, Response)
    assert (message.status, message.reason, message.body) == (183, "Unter Wegs", b"body")


def test_short_names_folded_lines_and_odd_case_are_the_same_headers() -> None:
    message = parse(b"OPTIONS sip:x SIP/2.0\r\nv: SIP/2.0/UDP a\r\nI : 1\r\ncSeQ:\r\n 7\r\n\tOPTIONS\r\nm: *\r\n\r\n")
    assert isinstance(message, Request)
    assert message.top_via().host == "a"
    assert message.first("call-id") == "1"
    assert message.cseq().number == 7
    assert message.contacts()[0].uri == "*"


def test_empty_lines_before_the_message_are_ignored() -> None:
    assert isinstance(parse(b"\r\n\r\n" + request()), Request)


def test_bytes_that_are_no_utf8_come_out_as_they_went_in() -> None:
    message = parse(b"SIP/2.0 200 OK\r\nCall-ID: \xff\xfe\r\n\r\n")
    assert isinstance(message, Response)
    assert b"Call-ID: \xff\xfe\r\n" in message.render()


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b"", "unfinished"),
        (b"\r\n\r\n", "unfinished"),
        (b"OPTIONS sip:x SIP/2.0\r\nVia: x\r\n", "unfinished"),
        (b"HELLO\r\n\r\n", "start-line"),
        (b"GET / HTTP/1.1\r\n\r\n", "start-line"),
        (b"OPT(IONS sip:x SIP/2.0\r\n\r\n", "start-line"),
        (b"SIP/2.0 99 Low\r\n\r\n", "start-line"),
        (b"SIP/2.0 4294967301 Big\r\n\r\n", "start-line"),
        (b"SIP/2.0 200 OK\r\nno colon\r\n\r\n", "header"),
        (b"SIP/2.0 200 OK\r\n: nameless\r\n\r\n", "header"),
        (b"SIP/2.0 200 OK\r\nA: b\nVia: injected\r\n\r\n", "stray-control"),
        (b"SIP/2.0 200 OK\r\nA: b\rc\r\n\r\n", "stray-control"),
        (b"SIP/2.0 200 OK\r\nA: \0\r\n\r\n", "stray-control"),
        (b"SIP/2.0 200 OK\r\nContent-Length: 9\r\n\r\nshort", "body-too-short"),
        (b"SIP/2.0 200 OK\r\nContent-Length: -1\r\n\r\n", "content-length"),
        (b"SIP/2.0 200 OK\r\n" + b"A: b\r\n" * (MAX_HEADERS + 1) + b"\r\n", "too-many-headers"),
        (b"SIP/2.0 200 OK\r\nA: " + b"b" * MAX_LINE + b"\r\n\r\n", "line-too-long"),
        (b"x" * 65536, "too-large"),
    ],
)
def test_what_cannot_be_represented_is_refused_with_a_reason(datagram: bytes, reason: str) -> None:
    with pytest.raises(BadMessage) as refused:
        parse(datagram)
    assert refused.value.reason == reason


def test_a_nul_may_stand_behind_a_backslash_where_the_grammar_allows_it() -> None:
    message = parse(b'SIP/2.0 200 OK\r\nTo: "NUL: \\\0" <sip:a@b>\r\n\r\n')
    assert message.to().uri == "sip:a@b"


@pytest.mark.parametrize("spelling", ["Call-ID", "call-id", "CALL-ID", "cAlL-iD", "Call-Id", "i", "I", "i \t"])
def test_a_name_is_the_same_however_it_is_spelt(spelling: str) -> None:
    assert parse(f"SIP/2.0 200 OK\r\n{spelling}: 1\r\n\r\n".encode()).headers == (("call-id", "1"),)


EVERYDAY = sorted((Path(__file__).parents[1] / "data" / "sip" / "everyday").glob("*.dat"))


@pytest.mark.parametrize("path", EVERYDAY, ids=lambda path: path.stem)
def test_what_arrives_every_day_is_written_as_it_was_read(path: Path) -> None:
    assert parse(path.read_bytes()).render() == path.read_bytes()


def test_the_limits_themselves_are_still_fine() -> None:
    assert parse(b"SIP/2.0 200 OK\r\n" + b"A: b\r\n" * MAX_HEADERS + b"\r\n")
    assert parse(b"SIP/2.0 200 OK\r\nA: " + b"b" * (MAX_LINE - 3) + b"\r\n\r\n")


def test_a_wrong_length_of_a_request_is_left_to_be_answered() -> None:
    for length in ("-5", "99", "many"):
        assert isinstance(parse(request(content_length=length)), Request)


PIECES = st.sampled_from(
    [b"\r\n", b" ", b"\t", b":", b";", b",", b"<", b">", b'"', b"\\", b"SIP/2.0", b"OPTIONS", b"sip:a@b", b"Via",
     b"\xff", b"Content-Length: 4", b"\0", b"*", b"z9hG4bK", b"=", b"%", b"[::1]", b"200", b"To", b"l: 1"],
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=40).map(b"".join)))
@example(register())
def test_any_bytes_are_a_message_or_a_bad_message_and_so_is_every_view(datagram: bytes) -> None:
    try:
        message = parse(datagram)
    except BadMessage:
        return
    views = (message.top_via, message.cseq, message.from_, message.to, message.contacts, message.content_length)
    for view in views:
        with suppress(BadMessage):
            view()


@pytest.mark.parametrize("size", [1, 7, 60, 200])
def test_every_cut_of_a_message_is_a_message_or_a_bad_message(size: int) -> None:
    whole = register()
    for end in range(0, len(whole), size):
        with suppress(BadMessage):
            parse(whole[:end])
