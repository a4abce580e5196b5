from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.simulate.stream import Stream, split

PING = b"OPTIONS sip:2001@127.10.1.1 SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=1\r\nContent-Length: 0\r\n\r\n"
WITH_BODY = b"MESSAGE sip:x SIP/2.0\r\nl: 5\r\nSubject: x\r\n\r\nhello"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


def ready(stream: Stream, event: int) -> None:
    """Wait until the kernel says so."""
    poll = select.poll()
    poll.register(stream.socket, event)
    assert poll.poll(5000)


def connected(listener: socket.socket) -> tuple[Stream, socket.socket]:
    stream = Stream("127.10.9.1", listener.getsockname())
    ready(stream, select.POLLOUT)
    stream.flush()
    return stream, listener.accept()[0]


def test_it_comes_from_the_phones_own_address_and_says_what_waited_for_it(listener: socket.socket) -> None:
    stream = Stream("127.10.9.1", listener.getsockname())
    stream.say(PING)
    assert stream.waits
    ready(stream, select.POLLOUT)
    stream.flush()
    assert not stream.waits
    far, source = listener.accept()
    with stream.socket, far:
        assert source[0] == "127.10.9.1"
        assert far.recv(1000) == PING


def test_messages_are_heard_when_they_are_complete(listener: socket.socket) -> None:
    stream, far = connected(listener)
    with stream.socket, far:
        assert stream.hear() == []
        far.sendall(PING + WITH_BODY[:-2])
        ready(stream, select.POLLIN)
        assert stream.hear() == [PING]
        far.sendall(WITH_BODY[-2:])
        ready(stream, select.POLLIN)
        assert stream.hear() == [WITH_BODY]


def test_what_a_slow_daemon_does_not_take_waits(listener: socket.socket) -> None:
    stream, far = connected(listener)
    with stream.socket, far:
        stream.say(bytes(10_000_000))
        assert stream.waits
        far.recv(1_000_000, socket.MSG_WAITALL)
        stream.flush()
        assert stream.waits


def test_the_end_of_a_connection_is_an_error(listener: socket.socket) -> None:
    stream, far = connected(listener)
    with stream.socket:
        far.close()
        ready(stream, select.POLLIN)
        with pytest.raises(OSError, match="closed by the far end"):
            stream.hear()


def test_so_is_that_nobody_listens(listener: socket.socket) -> None:
    address = listener.getsockname()
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        hear_from(address)


def hear_from(address: tuple[str, int]) -> None:
    """Open a connection and listen."""
    stream = Stream("127.10.9.1", address)
    with stream.socket:
        ready(stream, select.POLLIN)
        stream.hear()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 400), max_size=6), st.lists(st.sampled_from([PING, WITH_BODY, b"\r\n\r\n"]), max_size=5))
def test_however_the_bytes_come_in_the_messages_are_the_same(cuts: list[int], sent: list[bytes]) -> None:
    whole, heard, rest = b"".join(sent), list[bytes](), b""
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    for begin, end in pairwise(edges):
        messages, rest = split(rest + whole[begin:end])
        heard += messages
    assert heard == [message for message in sent if message != b"\r\n\r\n"]
    assert rest == b""


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda tail: PING[:60] + tail))
def test_no_bytes_upset_it(data: bytes) -> None:
    messages, rest = split(data)
    assert sum(map(len, messages)) + len(rest) <= len(data)
