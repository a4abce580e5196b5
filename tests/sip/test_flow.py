"""One UDP socket of ours, on loopback."""

from __future__ import annotations

import errno
import socket

import pytest

from daemon.config.listen import Listen
from daemon.fleet.model import socket_address
from daemon.sip.flow import BUFFER, IPV4, IPV6, Flow, family_of


@pytest.mark.parametrize(
    ("host", "family"),
    [
        ("10.1.2.7", IPV4),
        ("::1", IPV6),
        ("phone.example", None),
        ("10.1.2", None),
        ("", None),
        ("1\0", None),
        (":", None),
    ],
)
def test_only_numeric_addresses_have_a_family(host: str, family: int | None) -> None:
    assert family_of(host) == family


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", IPV4), ("::1", IPV6)])
def test_a_flow_knows_its_family_and_the_port_it_got(host: str, family: int) -> None:
    flow = Flow(Listen("udp", host, 0))
    with flow.socket:
        assert flow.family == flow.socket.family == family
        assert flow.address == flow.socket.getsockname()[:2]
        assert flow.listen == Listen("udp", *flow.address)
        assert flow.listener == str(flow.listen)
        assert not flow.socket.getblocking()


def test_both_families_can_have_the_same_port_of_every_address() -> None:
    four = Flow(Listen("udp", "0.0.0.0", 0))
    with four.socket:
        six = Flow(Listen("udp", "::", four.address[1]))
        with six.socket:
            assert six.address[1] == four.address[1]


def test_an_address_in_use_is_named_and_its_socket_closed() -> None:
    flow = Flow(Listen("udp", "127.0.0.1", 0))
    with flow.socket, pytest.raises(OSError, match=r"cannot listen on udp://127\.0\.0\.1:") as caught:
        Flow(flow.listen)
    assert caught.value.errno == errno.EADDRINUSE  # a socket left open would fail this test as a ResourceWarning


def test_it_asks_for_room_for_a_second_of_answers() -> None:
    flow = Flow(Listen("udp", "127.0.0.1", 0))
    with flow.socket, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        got = flow.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        assert got >= min(BUFFER, plain.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_what_leaves_one_flow_arrives_at_another_with_its_address(host: str) -> None:
    one, other = Flow(Listen("udp", host, 0)), Flow(Listen("udp", host, 0))
    with one.socket, other.socket:
        assert one.outbox.send(["hello"], [socket_address(*other.address)]) == []
        assert other.inbox.receive()[0] == [b"hello"]
        assert other.inbox.source(0)[:2] == one.address
        assert one.error() is None


def test_what_the_kernel_threw_away_is_told_once() -> None:
    flow = Flow(Listen("udp", "127.0.0.1", 0))
    with flow.socket, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        flow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        for _ in range(200):
            sender.sendto(b"x" * 500, flow.address)
        kept = 0
        while datagrams := flow.inbox.receive()[0]:
            kept += len(datagrams)
        assert flow.overflown() == 200 - kept > 0
        assert flow.overflown() == 0
