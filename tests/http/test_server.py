from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trio.testing

from daemon.config.listen import Listen
from daemon.http import server as server_module
from daemon.http.asgi import Application, Receive, Scope, Send
from daemon.http.server import HttpServer
from tests.support.http_peer import SmallLimits, echo, replies, respond

LOOPBACK = Listen("http", host="127.0.0.1", port=0)
GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"


@asynccontextmanager
async def serving(app: Application, *listen: Listen, limits: SmallLimits | None = None) -> AsyncIterator[HttpServer]:
    server = HttpServer(app, listen or (LOOPBACK,), limits or SmallLimits(), "test")
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        yield server
        await server.aclose()


async def connect(server: HttpServer, at: int = 0) -> trio.SocketStream:
    address = server.addresses[at]
    return await trio.open_tcp_stream(address.host, address.port)


async def everything(stream: trio.abc.ReceiveStream) -> bytes:
    return b"".join([bytes(piece) async for piece in stream])


async def test_it_serves_on_every_address_it_was_given() -> None:
    async with serving(echo, LOOPBACK, Listen("http", host="::1", port=0)) as server:
        assert all(address.port for address in server.addresses)
        for at in range(2):
            async with await connect(server, at) as stream:
                await stream.send_all(GET)
                await stream.send_eof()
                assert replies(await everything(stream))[0].body == b"GET /a "
    assert server.statistics().responses == {"2xx": 2}


async def test_two_servers_live_side_by_side() -> None:
    async with serving(echo) as one, serving(echo) as other:
        assert one.addresses != other.addresses


async def test_an_address_in_use_is_an_error_and_nothing_stays_open() -> None:
    async with serving(echo) as server:
        second = HttpServer(echo, (LOOPBACK, server.addresses[0]), SmallLimits(), "second")
        with pytest.raises(OSError, match="in use"):
            await second.run()
        await second.aclose()


async def test_the_application_sees_who_is_calling() -> None:
    seen: list[Scope] = []

    async def look(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await respond(send, b"")

    async with serving(look) as server, await connect(server) as stream:
        await stream.send_all(b"GET /caf%C3%A9?q=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        await stream.receive_some()
        own = stream.socket.getsockname()
    (scope,) = seen
    assert scope["client"] == own
    assert scope["server"] == ("127.0.0.1", server.addresses[0].port)
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/café", b"/caf%C3%A9", b"q=1")
    assert scope["headers"] == [(b"host", b"x")]
    assert scope["state"].pop("allow_body")
    assert scope["state"] == {"unix": False, "certificate": None}
    assert scope["extensions"] == {"http.response.zerocopysend": {}}


async def test_beyond_the_ceiling_a_connection_is_turned_away() -> None:
    async with serving(echo, limits=SmallLimits(max_connections=1)) as server, await connect(server) as held:
        await held.send_all(GET)
        await held.receive_some()
        async with await connect(server) as stream:
            (reply,) = replies(await everything(stream))
        assert reply.status == 503
        assert 5 <= int(reply.headers["retry-after"]) <= 60
        await held.send_all(GET)
        assert (await held.receive_some()).startswith(b"HTTP/1.1 200")
        assert server.statistics().connections == 1
    assert server.statistics().refused == {"connections": 1}


async def test_a_connection_that_ended_makes_room_for_another() -> None:
    async with serving(echo, limits=SmallLimits(max_connections=1)) as server:
        for _ in range(3):
            async with await connect(server) as stream:
                await stream.send_all(GET.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
                assert (await everything(stream)).startswith(b"HTTP/1.1 200")
            await trio.testing.wait_all_tasks_blocked()
    assert server.statistics().accepted == 3


async def test_closing_lets_a_current_request_finish() -> None:
    entered, go_on = trio.Event(), trio.Event()

    async def patient(scope: Scope, receive: Receive, send: Send) -> None:
        entered.set()
        await go_on.wait()
        await respond(send, b"done")

    server = HttpServer(patient, (LOOPBACK,), SmallLimits(), "test")
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        resting, busy = await connect(server), await connect(server)
        await busy.send_all(GET)
        await entered.wait()
        nursery.start_soon(server.aclose)
        async with resting, busy:
            assert await everything(resting) == b""
            go_on.set()
            (reply,) = replies(await everything(busy))
    assert (reply.body, reply.headers["connection"]) == (b"done", "close")


@pytest.mark.peer
async def test_curl_uploads_firmware_larger_than_the_listener_takes(tmp_path: Path) -> None:
    curl = shutil.which("curl")
    assert curl, "curl is not installed: apt install curl"
    image, copy, largest = tmp_path / "image", tmp_path / "copy", 30_000_000
    with image.open("wb") as sparse:
        sparse.truncate(largest)
    pieces: list[int] = []
    taken_whole: list[int] = []

    async def upload(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["allow_body"](largest)
        with copy.open("wb") as kept:
            while (message := await receive())["type"] == "http.request":
                pieces.append(kept.write(message["body"]))
                if not message["more_body"]:
                    taken_whole.append(kept.tell())
                    await respond(send, b"taken")
                    return

    async with serving(upload) as server:
        command = [curl, "-sS", "-T", str(image), "-w", "%{http_code}", f"{server.addresses[0]}/image"]
        taken = await trio.run_process(command, capture_stdout=True)
        with image.open("wb") as sparse:
            sparse.truncate(largest + 1)
        refused = await trio.run_process([*command, "-o", "/dev/null"], capture_stdout=True)
        chunked = await trio.run_process(
            [*command, "-o", "/dev/null", "-H", "Transfer-Encoding: chunked"], check=False, capture_stdout=True
        )
    assert (taken.stdout, refused.stdout, chunked.stdout) == (b"taken200", b"413", b"413")
    assert taken_whole == [largest]
    assert max(pieces) <= 16 * 1024
    assert server.statistics().refused == {"body_too_large": 2}


@pytest.mark.parametrize("how", ["aclose", "cancel"])
async def test_stopping_is_bounded(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "GRACE", 0.02)
    entered = trio.Event()

    async def forever(scope: Scope, receive: Receive, send: Send) -> None:
        entered.set()
        await trio.sleep_forever()

    server = HttpServer(forever, (LOOPBACK,), SmallLimits(), "test")
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            await nursery.start(server.run)
            async with await connect(server) as stream:
                await stream.send_all(GET)
                await entered.wait()
                if how == "aclose":
                    await server.aclose()
                else:
                    nursery.cancel_scope.cancel()
    assert server.statistics().connections == 0


async def test_a_unix_socket_is_marked_and_private(tmp_path: Path) -> None:
    seen: list[Scope] = []

    async def look(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await respond(send, b"hello")

    path = tmp_path / "api.sock"
    async with serving(look, Listen("unix", path=str(path))) as server:
        assert path.stat().st_mode & 0o777 == 0o660
        assert [str(address) for address in server.addresses] == [f"unix://{path}"]
        async with await trio.open_unix_socket(path) as stream:
            await stream.send_all(GET)
            await stream.receive_some()
    assert (seen[0]["client"], seen[0]["state"]["unix"], seen[0]["extensions"]) == (None, True, {})
    assert not path.exists()


@pytest.mark.peer
async def test_curl_speaks_to_a_unix_socket(tmp_path: Path) -> None:
    curl = shutil.which("curl")
    assert curl, "curl is not installed: apt install curl"
    path = tmp_path / "api.sock"
    async with serving(echo, Listen("unix", path=str(path))):
        command = [curl, "-sS", "--unix-socket", str(path), "-d", "body", "http://x/path"]
        result = await trio.run_process(command, capture_stdout=True)
    assert result.stdout == b"POST /path body"


@pytest.mark.peer
async def test_curl_reads_why_its_upload_is_refused(tmp_path: Path) -> None:
    curl = shutil.which("curl")
    assert curl, "curl is not installed: apt install curl"
    upload = tmp_path / "large"
    upload.write_bytes(b"x" * 3_000_000)
    async with serving(echo) as server:
        url = f"{server.addresses[0]}/up"
        command = [curl, "-sS", "-H", "Expect:", "-T", str(upload), "-o", "/dev/null", "-w", "%{http_code}", url]
        result = await trio.run_process(command, capture_stdout=True)
    assert result.stdout == b"413"
