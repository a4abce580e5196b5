"""What the kernel says about ICMP errors, as bytes and for real."""

from __future__ import annotations

import errno
import socket
import struct
from contextlib import closing

import pytest

from daemon.config.listen import Listen
from daemon.fleet.model import socket_address
from daemon.sip.flow import Flow
from daemon.sip.icmp import IP_RECVERR, IPV6_RECVERR, unreachable

V4, V6 = (socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)
LOCAL, ICMP, ICMP6 = 1, 2, 3  # origins of linux/errqueue.h


def said(kind: tuple[int, int], origin: int, icmp_type: int, code: int) -> tuple[int, int, bytes]:
    """A control message with the kernel's struct sock_extended_err, and the offender's address behind it."""
    error = struct.pack("=IBBBBII", errno.ECONNREFUSED, origin, icmp_type, code, 0, 0, 0)
    return (*kind, error + socket_address("10.1.2.1", 0))


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (said(V4, ICMP, 3, 0), "icmp: network unreachable"),
        (said(V4, ICMP, 3, 1), "icmp: host unreachable"),
        (said(V4, ICMP, 3, 2), "icmp: protocol unreachable"),
        (said(V4, ICMP, 3, 3), "icmp: port unreachable"),
        (said(V4, ICMP, 3, 13), "icmp: host unreachable"),  # a filter in between
        (said(V6, ICMP6, 1, 0), "icmp: network unreachable"),
        (said(V6, ICMP6, 1, 1), "icmp: host unreachable"),
        (said(V6, ICMP6, 1, 3), "icmp: host unreachable"),
        (said(V6, ICMP6, 1, 4), "icmp: port unreachable"),
    ],
)
def test_what_is_unreachable_is_told_in_words(message: tuple[int, int, bytes], words: str) -> None:
    assert unreachable([message]) == words


@pytest.mark.parametrize(
    "message",
    [
        said(V4, ICMP, 11, 0),  # TTL exceeded
        said(V6, ICMP6, 3, 0),  # hop limit exceeded
        said(V4, ICMP, 3, 4),  # fragmentation needed
        said(V6, ICMP6, 2, 0),  # packet too big
        said(V4, LOCAL, 0, 0),  # the kernel itself, as with EMSGSIZE
        said((socket.SOL_SOCKET, 35), ICMP, 3, 3),
        (*V4, b""),
        (*V4, b"\0" * 15),
    ],
)
def test_what_says_nothing_about_the_far_end_is_nothing(message: tuple[int, int, bytes]) -> None:
    assert unreachable([message]) is None


def test_other_control_messages_are_passed_over() -> None:
    stamp = (socket.SOL_SOCKET, 35, bytes(16))
    assert unreachable([stamp, said(V4, ICMP, 3, 3), stamp]) == "icmp: port unreachable"
    assert unreachable([]) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_where_nobody_listens_is_told_with_what_was_sent_there(host: str) -> None:
    flow = Flow(Listen("udp", host, 0))
    with flow.socket:
        with closing(socket.socket(flow.family, socket.SOCK_DGRAM)) as sock:
            sock.bind((host, 0))
            closed = socket_address(host, sock.getsockname()[1])
        assert flow.error() is None
        flow.outbox.send(["OPTIONS sip:nobody SIP/2.0"], [closed])
        error = flow.error()
        assert error is not None
        quoted, ancillary = error
        assert quoted == b"OPTIONS sip:nobody SIP/2.0"
        assert unreachable(ancillary) == "icmp: port unreachable"
        assert flow.error() is None
