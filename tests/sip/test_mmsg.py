"""recvmmsg and sendmmsg over real loopback sockets."""

from __future__ import annotations

import ctypes
import errno
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from daemon.config.listen import Listen
from daemon.fleet.model import socket_address
from daemon.sip import mmsg
from daemon.sip.flow import Flow
from daemon.sip.message import Source
from daemon.sip.mmsg import BATCH, Inbox, Outbox

HOSTS = ("127.0.0.1", "::1")


class Pair:
    """A flow of ours and a plain socket to talk to it."""

    def __init__(self, host: str) -> None:
        self.flow = Flow(Listen("udp", host, 0))
        self.peer = socket.socket(self.flow.family, socket.SOCK_DGRAM)
        self.peer.settimeout(5)
        self.peer.bind((host, 0))
        host, port = self.peer.getsockname()[:2]
        self.source = Source(host, port, listener=self.flow.listener)
        self.address = socket_address(host, port)

    def say(self, *datagrams: bytes) -> None:
        for datagram in datagrams:
            self.peer.sendto(datagram, self.flow.address)

    def send(self, *texts: str) -> list[tuple[int, int]]:
        return self.flow.outbox.send(texts, [self.address] * len(texts))


@pytest.fixture(params=HOSTS)
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    made = Pair(request.param)
    with made.flow.socket, made.peer:
        yield made


@pytest.fixture
def pair4() -> Iterator[Pair]:
    made = Pair(HOSTS[0])
    with made.flow.socket, made.peer:
        yield made


def closed_port() -> bytes:
    """An address on loopback where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return socket_address(*sock.getsockname())


def test_what_arrives_is_given_in_order_with_its_sender_and_its_time(pair: Pair) -> None:
    before = time.time()
    pair.say(b"one", b"", b"three")
    datagrams, stamps = pair.flow.inbox.receive()
    assert datagrams == [b"one", b"", b"three"]
    assert [pair.flow.inbox.source(place) for place in range(3)] == [pair.source] * 3
    assert before - 1 < stamps[0] <= stamps[1] <= stamps[2] < time.time() + 1
    assert pair.flow.inbox.receive() == ([], [])


def test_more_than_a_batch_comes_by_the_batch(pair: Pair) -> None:
    sent = [f"datagram {number}".encode() for number in range(2 * BATCH + 3)]
    pair.say(*sent)
    sizes, received = [], list[bytes]()
    while batch := pair.flow.inbox.receive()[0]:
        sizes.append(len(batch))
        received += batch
    assert (sizes, received) == ([BATCH, BATCH, 3], sent)


def test_a_short_batch_after_a_long_one_holds_nothing_old(pair: Pair) -> None:
    pair.say(*(b"x" * 900 for _ in range(10)))
    pair.flow.inbox.receive()
    pair.say(b"y")
    datagrams, stamps = pair.flow.inbox.receive()
    assert (datagrams, len(stamps)) == ([b"y"], 1)


def test_datagrams_may_be_as_long_as_datagrams_can_be(pair4: Pair) -> None:
    longest = [bytes([number]) * 65_507 for number in range(3)]
    pair4.say(*longest)
    assert pair4.flow.inbox.receive()[0] == longest
    text = "y" * 65_507
    assert pair4.send(text, "short") == []
    assert pair4.peer.recv(70_000) == text.encode()
    assert pair4.peer.recv(70_000) == b"short"


def test_one_that_is_too_long_to_leave_does_not_stop_the_others(pair4: Pair) -> None:
    assert pair4.send("before", "z" * 65_508, "after") == [(1, errno.EMSGSIZE)]
    assert [pair4.peer.recv(99) for _ in range(2)] == [b"before", b"after"]


def test_senders_of_one_batch_are_told_apart(pair4: Pair) -> None:
    with ExitStack() as stack:
        peers = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(5)]
        for number, peer in enumerate(peers):
            peer.bind((f"127.0.0.{number + 2}", 0))
            peer.sendto(b"hello", pair4.flow.address)
        assert len(pair4.flow.inbox.receive()[0]) == 5
        sources = [pair4.flow.inbox.source(place) for place in range(5)]
        assert [source[:2] for source in sources] == [peer.getsockname() for peer in peers]


def test_a_link_local_sender_is_named_with_the_link_it_is_on(pair: Pair) -> None:
    """No such address exists on loopback, so its name is written as the kernel writes it (ipv6(7))."""
    pair.say(b"hello")
    pair.flow.inbox.receive()
    name = struct.pack("=H2s4x16sI", socket.AF_INET6, b"\x13\xc4", socket.inet_pton(socket.AF_INET6, "fe80::1"), 2)
    pair.flow.inbox._names[: len(name)] = name
    assert pair.flow.inbox.source(0) == Source("fe80::1%2", 5060, listener=pair.flow.listener)


def test_each_text_goes_to_its_own_address(pair: Pair) -> None:
    other = Pair(pair.flow.address[0])
    with other.flow.socket, other.peer:
        assert pair.flow.outbox.send(["to one", "to the other"], [pair.address, other.address]) == []
        assert (pair.peer.recv(99), other.peer.recv(99)) == (b"to one", b"to the other")


def test_more_than_a_batch_leaves_at_once(pair: Pair) -> None:
    texts = [f"ping {number}" for number in range(2 * BATCH + 3)]
    assert pair.send(*texts) == []
    assert [pair.peer.recv(99).decode() for _ in texts] == texts


def test_nothing_to_send_is_no_trouble(pair: Pair) -> None:
    assert pair.send() == []


def test_one_bad_address_in_the_middle_does_not_stop_the_others(pair4: Pair) -> None:
    forbidden = socket_address("255.255.255.255", 5060)  # without SO_BROADCAST
    count = 2 * BATCH + 5
    bad = (0, 3, 4, BATCH - 1, BATCH, count - 1)
    addresses = [forbidden if place in bad else pair4.address for place in range(count)]
    failed = pair4.flow.outbox.send([f"ping {place}" for place in range(count)], addresses)
    assert failed == [(place, errno.EACCES) for place in bad]
    heard = [pair4.peer.recv(99).decode() for _ in range(count - len(bad))]
    assert heard == [f"ping {place}" for place in range(count) if place not in bad]


def test_a_refusal_of_an_earlier_datagram_does_not_cost_the_next_one(pair4: Pair) -> None:
    closed = closed_port()
    for _ in range(3):
        assert pair4.flow.outbox.send(["lost"], [closed]) == []  # the refusal is pending on the socket now
        assert pair4.send("heard") == []
        assert pair4.peer.recv(99) == b"heard"


def test_refusals_between_others_cost_nobody_anything(pair4: Pair) -> None:
    closed = closed_port()
    addresses = [closed if place % 2 else pair4.address for place in range(BATCH)]
    failed = pair4.flow.outbox.send([f"ping {place}" for place in range(BATCH)], addresses)
    assert [place for place, _ in failed if not place % 2] == []
    assert [pair4.peer.recv(99).decode() for _ in range(BATCH // 2)] == [f"ping {n}" for n in range(0, BATCH, 2)]


def test_a_refusal_is_told_to_whoever_receives_and_says_nothing_about_what_arrived(pair4: Pair) -> None:
    pair4.flow.outbox.send(["lost"], [closed_port()])
    with pytest.raises(ConnectionRefusedError):
        pair4.flow.inbox.receive()
    pair4.say(b"hello")
    assert pair4.flow.inbox.receive()[0] == [b"hello"]


def test_when_the_kernel_has_no_room_the_rest_is_said_not_to_have_left(
    pair4: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        """A C library that takes two messages and then has no buffer."""

        left = 2

        def sendmmsg(self, *_: object) -> int:
            taken, self.left = self.left, 0
            ctypes.set_errno(errno.EAGAIN)
            return taken or -1

    monkeypatch.setattr(mmsg, "_libc", Full())
    assert pair4.send("a", "b", "c", "d") == [(2, errno.EAGAIN), (3, errno.EAGAIN)]


def test_a_closed_socket_is_an_error_like_any_other() -> None:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    inbox, outbox = Inbox(sock), Outbox(sock, 16)
    sock.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        inbox.receive()
    assert outbox.send(["x"], [socket_address("127.0.0.1", 9)]) == [(0, errno.EBADF)]


def test_a_socket_that_was_not_asked_to_stamp_says_no_time() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer,
    ):
        sock.bind(("127.0.0.1", 0))
        peer.sendto(b"x", sock.getsockname())
        assert Inbox(sock).receive() == ([b"x"], [0.0])
