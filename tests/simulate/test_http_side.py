from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import pytest
import trio

from daemon.simulate import http_side
from daemon.simulate.http_side import HttpRequest, HttpTrouble, exchange
from tests.support.fake_daemon import FakeDaemon

Handler = Callable[[trio.SocketStream], Awaitable[None]]


async def served_by(handler: Handler, nursery: trio.Nursery) -> str:
    listeners = await nursery.start(partial(trio.serve_tcp, handler, 0, host="127.0.0.1"))
    return f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/x"


def saying(*chunks: bytes) -> Handler:
    async def handler(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        for chunk in chunks:
            await stream.send_all(chunk)

    return handler


async def test_the_connection_comes_from_the_phones_address(fake_daemon: FakeDaemon) -> None:
    reply = await exchange(HttpRequest("GET", f"{fake_daemon.url}shared.cfg"), "127.10.3.4")
    assert reply.status == 200
    assert fake_daemon.asked == [("127.10.3.4", "GET", "/shared.cfg")]


async def test_a_body_is_posted(fake_daemon: FakeDaemon) -> None:
    await exchange(HttpRequest("POST", fake_daemon.url, body=b'{"a": 1}'), "127.10.3.4")
    assert fake_daemon.bodies == [{"a": 1}]


async def test_no_more_is_read_than_enough(fake_daemon: FakeDaemon) -> None:
    fake_daemon.images["420HD.img"] = bytes(1_000_000)
    reply = await exchange(HttpRequest("GET", f"{fake_daemon.url}420HD.img", enough=1024), "127.10.3.4")
    assert len(reply.body) == 1024


async def test_an_answer_may_come_byte_by_byte(nursery: trio.Nursery) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    url = await served_by(saying(*(answer[at : at + 1] for at in range(len(answer)))), nursery)
    assert (await exchange(HttpRequest("GET", url), "127.10.3.4")).body == b"hi"


@pytest.mark.parametrize(
    "answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi"], ids=["none", "junk", "cut"]
)
async def test_a_broken_answer_is_trouble_with_the_protocol(answer: bytes, nursery: trio.Nursery) -> None:
    url = await served_by(saying(answer), nursery)
    with pytest.raises(HttpTrouble) as trouble:
        await exchange(HttpRequest("GET", url), "127.10.3.4")
    assert trouble.value.reason == "protocol"


async def test_nobody_there_is_trouble_with_connecting() -> None:
    with trio.socket.socket() as taken:
        await taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(HttpTrouble) as trouble:
            await exchange(HttpRequest("GET", f"http://127.0.0.1:{port}/"), "127.10.3.4")
    assert trouble.value.reason == "connect"


async def test_a_server_that_says_nothing_is_given_up(nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_side, "TIMEOUT", 0.2)

    async def mute(_: trio.SocketStream) -> None:
        await trio.sleep_forever()

    url = await served_by(mute, nursery)
    with pytest.raises(HttpTrouble) as trouble:
        await exchange(HttpRequest("GET", url), "127.10.3.4")
    assert trouble.value.reason == "timeout"
