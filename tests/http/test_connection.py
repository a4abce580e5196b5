from __future__ import annotations

import pytest
import trio
from structlog.testing import capture_logs

from daemon.http.asgi import Application, Receive, Scope, Send
from tests.support.http_peer import SmallLimits, Talk, echo, exchange, read_body, replies, respond

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
POST = b"POST /b HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello"


async def never_asked(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("the application must not see this request")


async def test_a_request_is_answered() -> None:
    data, talk = await exchange(echo, POST)
    (reply,) = replies(data, "POST")
    assert (reply.status, reply.body) == (200, b"POST /b hello")
    assert reply.headers["date"] == "Thu, 05 Mar 2026 10:00:00 GMT"
    assert talk.counts.snapshot(0).responses == {"2xx": 1}


async def test_requests_byte_by_byte_get_the_same_answers_as_whole_ones() -> None:
    whole, _ = await exchange(echo, POST + GET + POST)
    split, _ = await exchange(echo, *(bytes((byte,)) for byte in POST + GET + POST))
    assert split == whole


async def test_pipelined_requests_are_answered_in_their_order() -> None:
    data, talk = await exchange(echo, POST + GET + POST)
    bodies = [reply.body for reply in replies(data, "POST", "GET", "POST")]
    assert bodies == [b"POST /b hello", b"GET /a ", b"POST /b hello"]
    assert talk.counts.requests == 3


async def test_a_chunked_body_is_put_together() -> None:
    chunked = b"POST /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    data, _ = await exchange(echo, chunked + GET)
    assert [reply.body for reply in replies(data, "POST", "GET")] == [b"POST /c hello", b"GET /a "]


async def test_head_gets_the_headers_of_get_and_no_body() -> None:
    data, _ = await exchange(echo, GET.replace(b"GET", b"HEAD") + GET)
    head, get = replies(data, "HEAD", "GET")
    assert (head.headers["content-length"], head.body) == ("8", b"")
    assert get.body == b"GET /a "


async def test_an_answer_without_a_length_is_streamed_in_chunks() -> None:
    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for piece in (b"one ", b"two ", b"three"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})

    data, _ = await exchange(stream, GET + GET)
    first, second = replies(data, "GET", "GET")
    assert first.headers["transfer-encoding"] == "chunked"
    assert first.body == second.body == b"one two three"


async def test_not_modified_carries_no_body() -> None:
    async def unchanged(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 304, "headers": []})
        await send({"type": "http.response.body", "body": b"not for the wire"})

    data, _ = await exchange(unchanged, GET + GET)
    assert [(reply.status, reply.body) for reply in replies(data, "GET", "GET")] == [(304, b""), (304, b"")]


async def test_expect_continue_is_answered_when_the_application_wants_the_body() -> None:
    talk = Talk(echo)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk.serve)
        head, _, body = POST.partition(b"\r\n\r\n")
        await talk.peer.send_all(head + b"\r\nexpect: 100-continue\r\n\r\n")
        assert bytes(await talk.peer.receive_some()).startswith(b"HTTP/1.1 100 ")
        await talk.peer.send_all(body)
        await talk.peer.send_eof()
        assert b"POST /b hello" in await talk.everything()


async def test_a_declared_body_beyond_the_limit_is_refused_unread() -> None:
    data, talk = await exchange(echo, POST.replace(b"length: 5", b"length: 1001"))
    (reply,) = replies(data, "POST")
    assert (reply.status, reply.headers["connection"]) == (413, "close")
    assert talk.counts.refused == {"body_too_large": 1}


async def test_a_body_may_be_exactly_as_large_as_the_limit() -> None:
    body = b"x" * 1000
    data, _ = await exchange(echo, POST.replace(b"5\r\n\r\nhello", b"1000\r\n\r\n" + body))
    assert replies(data, "POST")[0].body == b"POST /b " + body


async def test_a_chunked_body_is_refused_once_it_is_beyond_the_limit() -> None:
    chunk = b"258\r\n" + b"x" * 600 + b"\r\n"
    head = b"POST /b HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    told: list[str] = []

    async def reader(scope: Scope, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] == "http.request":
            pass
        told.append(message["type"])
        await respond(send, b"nobody hears this", 500)

    data, talk = await exchange(reader, head + chunk + chunk)
    (reply,) = replies(data, "POST")
    assert (reply.status, told) == (413, ["http.disconnect"])
    assert talk.counts.snapshot(0).responses == {"4xx": 1}
    assert talk.counts.refused == {"body_too_large": 1}


async def test_an_oversized_head_is_refused_with_431() -> None:
    data, talk = await exchange(never_asked, b"GET / HTTP/1.1\r\nx: " + b"y" * 40_000)
    assert replies(data)[0].status == 431
    assert talk.counts.refused == {"head_too_large": 1}


@pytest.mark.parametrize("junk", [b"\x16\x03\x01\x02\x00\r\n\r\n", b"HELLO\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
async def test_what_is_not_http_gets_400_and_a_count(junk: bytes) -> None:
    data, talk = await exchange(never_asked, junk)
    assert replies(data)[0].status == 400
    assert talk.counts.refused == {"malformed": 1}


async def test_a_request_that_trickles_in_too_slowly_gets_408(autojump_clock: trio.testing.MockClock) -> None:
    talk = Talk(never_asked)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk.serve)
        for byte in GET[:20]:
            await talk.peer.send_all(bytes((byte,)))
            await trio.sleep(1)
        start = trio.current_time()
        assert replies(await talk.everything())[0].status == 408
    # 30 s after the first byte, and the lingering.
    assert trio.current_time() - start == pytest.approx(12, abs=0.5)
    assert talk.counts.refused == {"slow": 1}


async def test_a_body_that_does_not_come_gets_408(autojump_clock: trio.testing.MockClock) -> None:
    talk = Talk(echo)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk.serve)
        await talk.peer.send_all(POST[:-2])
        assert replies(await talk.everything(), "POST")[0].status == 408
    assert talk.counts.refused == {"slow": 1}
    assert talk.counts.failures == 0


@pytest.mark.parametrize("before", [b"", GET])
async def test_a_resting_connection_is_closed_silently(before: bytes, autojump_clock: trio.testing.MockClock) -> None:
    talk = Talk(echo)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk.serve)
        await talk.peer.send_all(before)
        await talk.everything()
    assert trio.current_time() == pytest.approx(75, abs=0.1)
    assert not talk.counts.refused


async def test_a_peer_that_does_not_read_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    class Stuck(trio.abc.Stream):
        def __init__(self) -> None:
            self.pending = [GET]

        async def send_all(self, data: bytes | bytearray | memoryview) -> None:
            await trio.sleep_forever()

        async def receive_some(self, max_bytes: int | None = None) -> bytes:
            return self.pending.pop()

        async def wait_send_all_might_not_block(self) -> None: ...

        async def aclose(self) -> None: ...

    talk = Talk(echo)
    talk.connection._wire._stream = Stuck()
    await talk.connection.run()
    assert trio.current_time() == pytest.approx(30, abs=0.1)
    assert (talk.counts.aborted, talk.counts.failures) == (1, 0)


@pytest.mark.parametrize("cut", [1, 10, len(POST) - 1])
async def test_a_peer_that_leaves_in_the_middle_is_counted_and_nothing_else(cut: int) -> None:
    with capture_logs() as logs:
        data, talk = await exchange(echo, POST[:cut])
    assert data == b""
    assert (talk.counts.aborted, talk.counts.failures, logs) == (1, 0, [])


async def test_an_application_learns_that_its_peer_has_left() -> None:
    failed: list[bool] = []

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
        except OSError:
            failed.append(True)
            raise

    talk = Talk(endless)
    with capture_logs() as logs:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk.serve)
            await talk.peer.send_all(GET)
            await talk.peer.receive_some(10)
            await talk.peer.aclose()
    assert (failed, logs) == ([True], [])
    assert (talk.counts.aborted, talk.counts.failures) == (1, 0)


async def test_receive_tells_of_the_disconnect_and_keeps_what_was_pipelined() -> None:
    seen: list[str] = []

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        await read_body(receive)
        if scope["path"] == "/a":
            seen.append((await receive())["type"])
        await respond(send, b"late")

    data, _ = await exchange(waits, GET, POST)
    assert seen == ["http.disconnect"]
    assert [reply.body for reply in replies(data, "GET", "POST")] == [b"late", b"late"]


@pytest.mark.parametrize("started", [False, True])
async def test_a_failing_application_costs_one_answer_and_one_log_line(started: bool) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        if started:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"some", "more_body": True})
        raise LookupError("a fault of ours")

    with capture_logs() as logs:
        data, talk = await exchange(broken, b"GET /k/verysecret/ipp HTTP/1.1\r\nhost: x\r\n\r\n")
    assert data.startswith(b"HTTP/1.1 200 " if started else b"HTTP/1.1 500 ")
    assert not data.endswith(b"0\r\n\r\n")
    assert [line["event"] for line in logs] == ["request failed"]
    assert "verysecret" not in str(logs)
    assert talk.counts.failures == 1


@pytest.mark.parametrize("length", [b"1", b"9"])
async def test_an_answer_of_another_length_than_it_says_ends_the_connection(length: bytes) -> None:
    async def liar(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": b"four"})

    with capture_logs() as logs:
        _, talk = await exchange(liar, GET + GET)
    assert talk.counts.failures == 1
    assert len(logs) == 1


async def test_an_application_that_says_nothing_is_answered_for() -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        return

    with capture_logs():
        data, _ = await exchange(silent, GET)
    assert replies(data)[0].status == 500


async def test_an_unread_body_that_has_come_does_not_end_the_connection() -> None:
    async def ignores(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, b"fine")

    data, _ = await exchange(ignores, POST + GET)
    assert len(replies(data, "POST", "GET")) == 2


async def test_an_unread_body_still_under_way_ends_the_connection() -> None:
    async def ignores(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, b"no", 401)

    data, talk = await exchange(ignores, POST[:-3], b"llo" + GET)
    (reply,) = replies(data, "POST")
    assert (reply.status, reply.headers["connection"]) == (401, "close")  # told, or it would send the next one here
    assert talk.counts.requests == 1


async def test_an_unread_body_that_is_none_ends_the_connection_but_not_the_answer() -> None:
    async def ignores(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, b"no", 401)

    chunked = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\n\r0\r\n\r\n"
    data, talk = await exchange(ignores, chunked)
    (reply,) = replies(data, "POST")
    assert (reply.status, reply.headers["connection"]) == (401, "close")
    assert talk.counts.failures == 0


async def test_draining_lets_the_current_request_finish_and_closes() -> None:
    go_on = trio.Event()

    async def patient(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()
        await respond(send, b"done")

    talk = Talk(patient)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk.serve)
        await talk.peer.send_all(GET + GET)
        await trio.testing.wait_all_tasks_blocked()
        talk.connection.drain()
        go_on.set()
        assert replies(await talk.everything())[0].body == b"done"
    assert talk.counts.requests == 1


async def test_draining_closes_a_resting_connection_at_once() -> None:
    talk = Talk(echo)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk.serve)
        await trio.testing.wait_all_tasks_blocked()
        talk.connection.drain()
        assert await talk.everything() == b""


async def test_bytes_beyond_the_limit_wait_while_an_answer_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.http.wire.MAX_AHEAD", 100)

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        await read_body(receive)
        with trio.move_on_after(0.01):
            await receive()
        await respond(send, b"ok")

    data, talk = await exchange(waits, GET, *([GET] * 9))
    assert len(replies(data, *["GET"] * 10)) == 10
    assert talk.counts.requests == 10


async def test_http_1_0_gets_its_answer_and_the_connection_closes() -> None:
    data, _ = await exchange(echo, b"GET /old HTTP/1.0\r\n\r\n" + GET, limits=SmallLimits())
    assert data.count(b"HTTP/1.1 200") == 1


def waiting_app(entered: trio.MemorySendChannel[None], go_on: trio.Event) -> Application:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await entered.send(None)
        await go_on.wait()
        await respond(send, b"done")

    return app


@pytest.mark.parametrize(("asked", "stays"), [(GET, True), (GET.replace(b"GET", b"HEAD"), True), (POST, False)])
async def test_beyond_the_ceiling_a_request_is_sent_away_and_its_connection_stays_if_it_had_no_body(
    asked: bytes, stays: bool
) -> None:
    method = asked.partition(b" ")[0].decode()
    talk = Talk(never_asked, SmallLimits(max_in_progress=1))
    talk.counts.in_progress = 1  # somebody else's
    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk.serve)
        await talk.peer.send_all(asked + GET)
        await trio.testing.wait_all_tasks_blocked()
        await talk.peer.send_eof()
        answers = replies(await talk.everything(), *([method, "GET"] if stays else [method]))
    assert [answer.status for answer in answers] == [503] * len(answers)
    assert [answer.headers.get("connection") for answer in answers] == ([None, None] if stays else ["close"])
    assert 5 <= int(answers[0].headers["retry-after"]) <= 60
    assert talk.counts.refused == {"in_progress": len(answers)}
    assert talk.counts.in_progress == 1


async def test_a_request_that_is_over_makes_room_for_another() -> None:
    entered, been = trio.open_memory_channel[None](0)
    go_on = trio.Event()
    talk = Talk(waiting_app(entered, go_on), SmallLimits(max_in_progress=1))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk.serve)
        await talk.peer.send_all(GET + GET)
        await been.receive()
        assert talk.counts.snapshot(1).in_progress == 1
        go_on.set()
        await been.receive()
        await talk.peer.send_eof()
        assert len(replies(await talk.everything(), "GET", "GET")) == 2
    assert (talk.counts.in_progress, talk.counts.refused) == (0, {})


def uploads(limit: int, kept: list[int]) -> Application:
    async def upload(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["allow_body"](limit)
        while (message := await receive())["type"] == "http.request":
            kept.append(len(message["body"]))
            if not message["more_body"]:
                await respond(send, b"taken")
                return

    return upload


CHUNKED = b"PUT /f HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
CHUNK = b"2710\r\n" + b"x" * 10_000 + b"\r\n"


@pytest.mark.parametrize("head", [CHUNKED, b"PUT /f HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n"])
async def test_a_route_may_take_more_than_the_listener_in_pieces(head: bytes) -> None:
    kept: list[int] = []
    body = CHUNK * 10 + b"0\r\n\r\n" if head == CHUNKED else b"x" * 100_000
    data, talk = await exchange(
        uploads(100_000, kept), head, *(body[at : at + 5000] for at in range(0, len(body), 5000))
    )
    assert replies(data, "PUT")[0].body == b"taken"
    assert sum(kept) == 100_000
    assert max(kept) <= 16 * 1024
    assert not talk.counts.refused


async def test_the_larger_limit_is_for_that_request_alone() -> None:
    kept: list[int] = []
    larger = uploads(100_000, kept)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (larger if scope["method"] == "PUT" else echo)(scope, receive, send)

    put = b"PUT /f HTTP/1.1\r\nhost: x\r\ncontent-length: 2000\r\n\r\n" + b"x" * 2000
    data, talk = await exchange(app, put + POST.replace(b"length: 5", b"length: 1001"))
    assert [reply.status for reply in replies(data, "PUT", "POST")] == [200, 413]
    assert talk.counts.refused == {"body_too_large": 1}


@pytest.mark.parametrize("expect", [b"", b"expect: 100-continue\r\n"])
async def test_a_gigabyte_is_refused_before_a_byte_of_it(expect: bytes) -> None:
    kept: list[int] = []
    head = b"PUT /f HTTP/1.1\r\nhost: x\r\n" + expect + b"content-length: 1000000000\r\n\r\n"
    talk = Talk(uploads(100_000_000, kept))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk.serve)
        await talk.peer.send_all(head)
        assert bytes(await talk.peer.receive_some()).startswith(b"HTTP/1.1 413 ")
        await talk.peer.send_eof()
    assert (kept, talk.counts.refused) == ([], {"body_too_large": 1})


async def test_chunks_are_refused_as_soon_as_they_are_too_much() -> None:
    kept: list[int] = []
    data, talk = await exchange(uploads(25_000, kept), CHUNKED, *([CHUNK] * 4))
    assert replies(data, "PUT")[0].status == 413
    assert sum(kept) <= 25_000
    assert talk.counts.refused == {"body_too_large": 1}


async def test_a_larger_body_has_more_time_but_not_forever(autojump_clock: trio.testing.MockClock) -> None:
    kept: list[int] = []
    talk = Talk(uploads(1024 * 1024, kept))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk.serve)
        await talk.peer.send_all(b"PUT /f HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n")
        assert replies(await talk.everything(), "PUT")[0].status == 408
    assert trio.current_time() == pytest.approx(30 + 64 + 2, abs=0.5)  # the usual, a MiB at 16 KiB/s, lingering
