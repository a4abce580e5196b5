from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from daemon.http.peer_stream import PeerStream


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[socket.socket, PeerStream]]:
    """A peer's plain socket, and our side of the connection."""
    theirs, ours = socket.socketpair()
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
    with theirs:
        async with stream, PeerStream(stream) as served:
            yield theirs, served


async def test_it_waits_for_bytes_and_then_for_the_end() -> None:
    async with pair() as (peer, stream), trio.open_nursery() as nursery:
        heard: list[bytes] = []

        async def listen() -> None:
            heard.extend([bytes(piece) async for piece in stream])

        nursery.start_soon(listen)
        await trio.testing.wait_all_tasks_blocked()
        peer.sendall(b"hello")
        await trio.testing.wait_all_tasks_blocked()
        assert heard == []  # still listening
        peer.shutdown(socket.SHUT_WR)
    assert b"".join(heard) == b"hello"


async def test_no_more_is_read_than_was_asked_for() -> None:
    async with pair() as (peer, stream):
        peer.sendall(b"hello")
        assert await stream.receive_some(2) == b"he"
        assert await stream.receive_some(99) == b"llo"


async def test_a_short_write_does_not_give_way_to_others() -> None:
    async with pair() as (peer, stream):
        with trio.testing.assert_no_checkpoints():
            await stream.send_all(b"answer")
        assert peer.recv(99) == b"answer"


async def test_a_write_that_does_not_fit_waits_for_the_reader() -> None:
    async with pair() as (peer, stream), trio.open_nursery() as nursery:
        much = bytes(8 * 1024 * 1024)
        nursery.start_soon(stream.send_all, much)
        await trio.testing.wait_all_tasks_blocked()
        received = 0
        peer.setblocking(False)
        while received < len(much):
            await trio.lowlevel.wait_readable(peer)
            received += len(peer.recv(1 << 20))
    assert received == len(much)


async def test_a_write_that_waits_can_be_cancelled() -> None:
    async with pair() as (_peer, stream):
        with trio.CancelScope() as scope:
            scope.cancel()
            await stream.send_all(bytes(8 * 1024 * 1024))
        assert scope.cancelled_caught


async def test_a_peer_that_is_gone_breaks_the_stream() -> None:
    async with pair() as (peer, stream):
        peer.close()
        with pytest.raises(trio.BrokenResourceError):
            await stream.send_all(b"x")


async def test_a_reset_breaks_the_stream() -> None:
    async with pair() as (peer, stream):
        await stream.send_all(b"never read")
        peer.close()  # with bytes unread, so the kernel resets
        with pytest.raises(trio.BrokenResourceError):
            await stream.receive_some()


async def test_our_end_can_be_told_alone() -> None:
    async with pair() as (peer, stream):
        await stream.send_eof()
        assert peer.recv(1) == b""
        peer.sendall(b"still heard")
        assert await stream.receive_some() == b"still heard"


async def test_closing_wakes_whoever_waits_and_may_be_repeated() -> None:
    async with pair() as (_peer, stream), trio.open_nursery() as nursery:

        async def listen() -> None:
            with pytest.raises(trio.ClosedResourceError):
                await stream.receive_some()

        nursery.start_soon(listen)
        await trio.testing.wait_all_tasks_blocked()
        await stream.aclose()
        await stream.aclose()
