from __future__ import annotations

import errno
import socket

import pytest

from daemon.config.listen import Listen
from daemon.sip.listener import Listener


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_it_takes_a_free_port_and_accepts_what_never_blocks(host: str) -> None:
    listener = Listener(Listen("tcp", host, 0))
    with listener.socket, socket.create_connection((host, listener.listen.port)) as client:
        accepted, *far_end = listener.accept()
        with accepted:
            assert tuple(far_end) == client.getsockname()[:2]
            assert not accepted.getblocking()
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * 64 * 1024
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_both_families_may_have_the_same_port() -> None:
    first = Listener(Listen("tls", "0.0.0.0", 0))
    with first.socket, Listener(Listen("tls", "::", first.listen.port)).socket:
        pass


def test_an_address_that_cannot_be_had_is_named() -> None:
    first = Listener(Listen("tcp", "127.0.0.1", 0))
    with first.socket, pytest.raises(OSError, match=f"cannot listen on {first.listen}") as caught:
        Listener(first.listen)
    assert caught.value.errno == errno.EADDRINUSE
