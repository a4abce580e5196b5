from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.config.settings import SipTls
from daemon.errors import BadMessage
from daemon.sip.connection import READ_SIZE, Connection
from daemon.sip.message import Source
from daemon.sip.stream import PING
from daemon.sip.tls import TlsSession, load_contexts
from tests.support.certificates import Authority

SOURCE = Source("192.0.2.7", 40000, "tcp")
MESSAGE = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"
LIMIT = 100_000


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(5)
    with ours, theirs:
        yield ours, theirs


def connection(ours: socket.socket, *, tls: TlsSession | None = None, limit: int = LIMIT) -> Connection:
    return Connection(ours, SOURCE, tls, 10.0, limit, traffic=Counter(), dialled=False)


def test_messages_and_keep_alives_come_out_in_order(ends: tuple[socket.socket, socket.socket]) -> None:
    one = connection(ends[0])
    ends[1].send(MESSAGE + b"\r\n\r\n" + MESSAGE)
    assert [*one.receive(20.0)] == [MESSAGE, PING, MESSAGE]
    assert one.heard_at == 20.0
    assert one.unfinished_since is None
    assert [*one.receive(21.0)] == []
    assert one.heard_at == 20.0


def test_one_turn_reads_no_more_than_its_share(ends: tuple[socket.socket, socket.socket]) -> None:
    one = connection(ends[0])
    ends[1].send(MESSAGE * 200)
    assert len([*one.receive(20.0)]) == READ_SIZE // len(MESSAGE)


def test_a_dripping_peer_is_not_heard_until_its_message_is_complete(ends: tuple[socket.socket, socket.socket]) -> None:
    one = connection(ends[0])
    for at, byte in enumerate(MESSAGE[:-1]):
        ends[1].send(bytes((byte,)))
        assert [*one.receive(20.0 + at)] == []
    assert one.unfinished_since == 23.0  # its first three bytes could have become a keep-alive
    assert one.heard_at == 22.0
    ends[1].send(MESSAGE[-1:])
    assert [*one.receive(99.0)] == [MESSAGE]
    assert one.heard_at == 99.0
    assert one.unfinished_since is None


def test_a_sender_without_pause_finishes_what_it_begins(ends: tuple[socket.socket, socket.socket]) -> None:
    one = connection(ends[0])
    for at in range(5):
        ends[1].send(MESSAGE[10 if at else 0 :] + MESSAGE[:10])
        assert [*one.receive(20.0 + at)] == [MESSAGE]
        assert one.unfinished_since == 20.0 + at


def test_the_far_ends_end_and_its_nonsense_are_told_apart(ends: tuple[socket.socket, socket.socket]) -> None:
    one = connection(ends[0])
    ends[1].send(MESSAGE + b"GET / HTTP/1.1\r\n\r\n")
    taken: list[object] = []
    with pytest.raises(BadMessage):
        taken.extend(one.receive(20.0))
    assert taken == [MESSAGE]
    ends[1].close()
    with pytest.raises(EOFError):
        [*connection(ends[0]).receive(20.0)]


def test_what_the_kernel_does_not_take_waits_in_order(ends: tuple[socket.socket, socket.socket]) -> None:
    one = connection(ends[0], limit=4 * 1024 * 1024)
    whole = bytearray()
    while not one.congested:
        assert one.send(MESSAGE * 100)
        whole += MESSAGE * 100
    read = bytearray()
    while len(read) < len(whole):
        read += ends[1].recv(1 << 20)
        one.flush()
    assert read == whole
    assert not one.congested


def test_a_reader_that_is_too_slow_dooms_its_connection(ends: tuple[socket.socket, socket.socket]) -> None:
    one = connection(ends[0])
    for _ in range(10_000):
        if not one.send(MESSAGE * 100):
            break
    assert one.doom == "slow"
    assert not one.send(b"x")


def test_a_broken_connection_is_doomed_not_raised(ends: tuple[socket.socket, socket.socket]) -> None:
    one = connection(ends[0])
    ends[1].close()
    assert not one.send(MESSAGE)
    assert one.doom == "broken"


def test_over_tls_what_is_said_early_waits_for_the_handshake(
    ends: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    server = load_contexts(authority.issue("a")).server
    assert server is not None
    one = connection(ends[0], tls=TlsSession(server))
    assert one.send(b"early ")
    assert not one.up
    client = TlsSession(load_contexts(SipTls(ca=authority.path)).client, "a")
    client.receive()
    heard = b""
    ends[1].settimeout(0.001)
    for _ in range(6):
        ends[1].sendall(client.outgoing())
        assert [*one.receive(20.0)] == []
        try:
            heard += client.receive(ends[1].recv(65536))
        except TimeoutError:
            continue
    assert one.up
    one.send(b"late")
    assert heard + client.receive(ends[1].recv(65536)) == b"early late"
    one.close()
    client.receive(ends[1].recv(65536))
    assert client.ended
