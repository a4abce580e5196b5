from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trio.testing

from daemon.config.listen import Listen
from daemon.http.asgi import Receive, Scope, Send
from daemon.http.phones.file_response import FileResponse, OpenFile
from daemon.http.phones.ranges import Part, Version
from daemon.http.server import HttpServer
from tests.support.http_peer import Reply, SmallLimits, replies
from tests.support.waiting import becomes_true

IMAGE = os.urandom(1024) * 5000  # ten turns
LOOPBACK = Listen("http", host="127.0.0.1", port=0)
GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


class Shelf:
    """Serves one file; `offered` are the extensions that requests came with."""

    def __init__(self, path: Path, part: Part | None = None, *, says: int = 0) -> None:
        self.served = self.aborted = 0
        self.limiter = trio.CapacityLimiter(2)
        self.offered: list[bool] = []
        self._path = path
        self._part = part or Part(0, says or path.stat().st_size)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.offered.append("http.response.zerocopysend" in scope["extensions"])
        descriptor = os.open(self._path, os.O_RDONLY)
        file = OpenFile(descriptor, self._path.stat().st_size, Version('"x"'))
        await FileResponse(self, file, self._part, 200, {})(scope, receive, send)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image"
    path.write_bytes(IMAGE)
    return path


@asynccontextmanager
async def serving(
    shelf: Shelf, listen: Listen = LOOPBACK, limits: SmallLimits | None = None
) -> AsyncIterator[HttpServer]:
    server = HttpServer(shelf.app, (listen,), limits or SmallLimits(), "test")
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        yield server
        await server.aclose()


async def connect(server: HttpServer) -> trio.SocketStream:
    address = server.addresses[0]
    if address.scheme == "unix":
        return await trio.open_unix_socket(address.path)
    return await trio.open_tcp_stream(address.host, address.port)


async def fetch(server: HttpServer, *methods: str) -> list[Reply]:
    async with await connect(server) as stream:
        for method in methods:
            await stream.send_all(GET.replace(b"GET", method.encode()))
        await stream.send_eof()
        return replies(b"".join([bytes(piece) async for piece in stream]), *methods)


async def test_a_file_goes_out_whole_and_the_connection_stays(image: Path) -> None:
    shelf = Shelf(image)
    async with serving(shelf) as server:
        first, head, second = await fetch(server, "GET", "HEAD", "GET")
    assert first.body == second.body == IMAGE
    assert (head.body, head.headers["content-length"]) == (b"", str(len(IMAGE)))
    assert (shelf.offered, shelf.served) == ([True] * 3, 3)


async def test_a_part_is_that_part(image: Path) -> None:
    async with serving(Shelf(image, Part(1000, 1_600_000))) as server:
        (reply,) = await fetch(server, "GET")
    assert reply.body == IMAGE[1000:1_600_000]


async def test_where_the_kernel_cannot_it_is_read_in_pieces(image: Path, tmp_path: Path) -> None:
    shelf = Shelf(image)
    async with serving(shelf, Listen("unix", path=str(tmp_path / "x.sock"))) as server:
        (reply,) = await fetch(server, "GET")
    assert (reply.body == IMAGE, shelf.offered) == (True, [False])


@pytest.mark.parametrize("unix", [False, True])
async def test_a_file_that_became_shorter_ends_the_connection(image: Path, tmp_path: Path, unix: bool) -> None:
    shelf = Shelf(image, says=len(IMAGE) + 1)
    async with serving(shelf, Listen("unix", path=str(tmp_path / "x.sock")) if unix else LOOPBACK) as server:
        async with await connect(server) as stream:
            await stream.send_all(GET + GET)
            data = b"".join([bytes(piece) async for piece in stream])
        assert data.partition(b"\r\n\r\n")[2] == IMAGE
        assert (shelf.served, shelf.aborted) == (0, 1)


async def test_many_take_it_at_once_and_nobody_starves(image: Path) -> None:
    shelf = Shelf(image)
    bodies: list[bytes] = []

    async def take(server: HttpServer) -> None:
        bodies.append((await fetch(server, "GET"))[0].body)

    limits = SmallLimits(max_connections=30, max_in_progress=30)
    async with serving(shelf, limits=limits) as server, trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(take, server)
    assert bodies == [IMAGE] * 20
    assert shelf.served == 20


async def test_a_reader_that_stalls_is_cut_off(image: Path) -> None:
    shelf = Shelf(image)
    async with serving(shelf, limits=SmallLimits(request_timeout=0.05)) as server, await connect(server) as stream:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await stream.send_all(GET)
        await stream.receive_some(100)
        await becomes_true(lambda: shelf.aborted == 1)
        assert server.statistics().aborted == 1


async def test_a_reader_that_leaves_is_counted_and_the_file_closed(image: Path) -> None:
    shelf = Shelf(image)
    before = open_descriptors()
    async with serving(shelf) as server:
        async with await connect(server) as stream:
            await stream.send_all(GET)
            await stream.receive_some(100)
        await becomes_true(lambda: shelf.aborted == 1)
    assert open_descriptors() == before
