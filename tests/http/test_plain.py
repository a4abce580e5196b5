from __future__ import annotations

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.http.asgi import Receive, Scope, Send
from daemon.http.plain import plain_answer, read_plain
from tests.support.http_peer import SmallLimits, exchange, replies

GET = b"GET /a?b HTTP/1.1\r\nHost: x\r\nX-Y:  z \r\n\r\n"
OK = [(b"content-length", b"2"), (b"etag", b'"a"')]

_LINES = st.sampled_from(
    [
        b"Host: x",
        b"host:y",
        b"Connection: keep-alive",
        b"Connection: close",
        b"Content-Length: 0",
        b"Content-Length: 3",
        b"Content-Length: +1",
        b"Content-Length: 1",
        b"Content-Length: 01",
        b"Transfer-Encoding: chunked",
        b"Expect: 100-continue",
        b"Upgrade: websocket",
        b"Empty:",
        b"Tab:\ta\tb\t",
        b" folded",
        b"Bad : name",
        b"Bad\x00: x",
        b"Latin: \xe9",
        b"User_Agent: AUDC",
    ]
)


@given(
    method=st.sampled_from([b"GET", b"HEAD", b"POST", b"get"]),
    target=st.sampled_from([b"/", b"/%00", b"*", b"http://x/", b"/ b", b"", b"/\xe9"]),
    version=st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0"]),
    lines=st.lists(_LINES, max_size=4),
    behind=st.sampled_from([b"", b"x", b"abc", b"\r\n", GET]),
)
@settings(max_examples=100)
def test_what_is_taken_h11_reads_the_same(
    method: bytes, target: bytes, version: bytes, lines: list[bytes], behind: bytes
) -> None:
    data = b"\r\n".join([b" ".join((method, target, version)), *lines, b"", b""]) + behind
    plain = read_plain(data)
    if plain is None:
        return
    judge = h11.Connection(h11.SERVER)
    judge.receive_data(data)
    request = judge.next_event()
    assert isinstance(request, h11.Request)
    assert (plain.method, plain.target, plain.headers) == (request.method, request.target, list(request.headers))
    assert plain.http_version == request.http_version
    body = b""
    while isinstance(event := judge.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert plain.body == body
    assert judge.trailing_data == (b"", False)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        GET[:-1],
        GET + GET,
        GET.replace(b"GET", b"POST"),
        GET.replace(b"1.1", b"1.0"),
        GET.replace(b"Host: x\r\n", b""),
        GET.replace(b"Host: x", b"Host: x\r\nHost: x"),
        GET.replace(b"X-Y", b"Content-Length"),
        GET.replace(b"X-Y:  z", b"Connection: close"),
        GET.replace(b"X-Y", b" X-Y"),
        GET.replace(b"\r\n", b"\n"),
    ],
)
def test_everything_else_is_left_to_h11(data: bytes) -> None:
    assert read_plain(data) is None


def test_a_report_is_read_with_its_whole_body_or_left_to_h11() -> None:
    report = GET.replace(b"GET", b"POST").replace(b"\r\n\r\n", b"\r\nContent-Length: 4\r\n\r\n")
    request = read_plain(report + b"body")
    assert request is not None
    assert (request.method, request.body) == (b"POST", b"body")
    assert read_plain(report + b"bod") is None
    assert read_plain(report + b"body" + GET) is None


def test_a_plain_request_is_read() -> None:
    request = read_plain(GET)
    assert request is not None
    assert (request.method, request.target) == (b"GET", b"/a?b")
    assert request.headers == [(b"host", b"x"), (b"x-y", b"z")]


@given(value=st.binary(max_size=8))
@example(b"a\r\nset-cookie: b")
@example(b"")
@settings(max_examples=50)
def test_no_value_can_add_a_line(value: bytes) -> None:
    answer = plain_answer(200, [*OK, (b"x", value)], b"ok", head_only=False)
    assert answer is None or answer.count(b"\r\n") == 5


@pytest.mark.parametrize(
    ("status", "headers", "body", "head_only", "expected"),
    [
        (200, OK, b"ok", False, b'HTTP/1.1 200 \r\ncontent-length: 2\r\netag: "a"\r\n\r\nok'),
        (200, OK, b"ok", True, b'HTTP/1.1 200 \r\ncontent-length: 2\r\netag: "a"\r\n\r\n'),
        (304, OK[1:], b"ok", False, b'HTTP/1.1 304 \r\netag: "a"\r\n\r\n'),
        (200, OK, b"long", False, None),
        (200, OK[1:], b"ok", False, None),
        (200, [*OK, (b"Connection", b"close")], b"ok", False, None),
        (101, OK, b"ok", False, None),
    ],
)
def test_an_answer_is_plain_if_its_length_is_told_and_the_connection_stays(
    status: int, headers: list[tuple[bytes, bytes]], body: bytes, head_only: bool, expected: bytes | None
) -> None:
    assert plain_answer(status, headers, body, head_only=head_only) == expected


@pytest.mark.parametrize("pieces", [(GET, GET, GET), (GET + GET + GET,), (GET[:9], GET[9:] + GET[:5], GET[5:] + GET)])
async def test_plain_and_other_requests_and_answers_follow_each_other(pieces: tuple[bytes, ...]) -> None:
    answered = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal answered
        answered += 1
        assert (await receive())["more_body"] is False
        headers = [] if answered == 2 else [(b"content-length", b"2")]  # the second one is chunked
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if answered == 3:
            await send({"type": "http.response.body", "body": b"o", "more_body": True})
        await send({"type": "http.response.body", "body": b"k" if answered == 3 else b"ok"})

    data, talk = await exchange(app, *pieces, limits=SmallLimits())
    bodies = [reply.body for reply in replies(data, "GET", "GET", "GET")]
    assert (bodies, talk.counts.requests) == ([b"ok"] * 3, 3)
