from __future__ import annotations

import h11
import pytest
import trio
import trio.testing

from daemon.errors import BadMessage
from daemon.http.wire import PeerLeft, Wire


def pair() -> tuple[trio.testing.MemorySendStream, Wire]:
    peer, ours = trio.testing.memory_stream_pair()
    return peer.send_stream, Wire(ours, write_timeout=5.0)


async def test_nothing_by_the_deadline_is_too_slow(autojump_clock: trio.testing.MockClock) -> None:
    _, wire = pair()
    with pytest.raises(BadMessage) as caught:
        await wire.next_event(deadline=trio.current_time() + 3)
    assert (caught.value.reason, caught.value.status) == ("slow", 408)
    assert trio.current_time() == pytest.approx(3, abs=0.1)


async def test_an_end_within_a_request_is_a_departure() -> None:
    peer, wire = pair()
    await peer.send_all(b"GET / HT")
    await peer.aclose()
    with pytest.raises(PeerLeft):
        await wire.next_event(deadline=trio.current_time() + 3)


async def test_bytes_that_came_are_buffered() -> None:
    peer, wire = pair()
    assert not wire.buffered
    await peer.send_all(b"GET")
    await wire.fill()
    assert wire.buffered
    assert not wire.ended


async def test_a_second_answer_makes_no_sense() -> None:
    peer, wire = pair()
    await peer.send_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    assert isinstance(await wire.next_event(deadline=trio.current_time() + 3), h11.Request)
    assert wire.answerable
    wire.encode(h11.Response(status_code=204, headers=[]), h11.EndOfMessage())
    assert not wire.answerable
