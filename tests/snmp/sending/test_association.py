"""The socket to a manager; what becomes of names and closed ports, the sender's tests show at length."""

from __future__ import annotations

import socket

import pytest
import trio
from trio.testing import MockClock

from daemon.config.snmp_settings import Manager
from daemon.snmp.sending.association import RESOLVE_AGAIN, Association, reason_of
from daemon.snmp.sending.dialect import dialect_of
from tests.support.snmp_v3 import an_engine


def association(port: int) -> Association:
    manager = Manager(host="127.0.0.1", port=port)
    return Association(manager, dialect_of(manager, an_engine()))


async def test_a_socket_serves_for_a_minute_and_is_then_opened_anew(autojump_clock: MockClock) -> None:
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        await peer.bind(("127.0.0.1", 0))
        with association(peer.getsockname()[1]) as ours:
            senders = []
            for pause in (0.0, 1.0, RESOLVE_AGAIN):
                await trio.sleep(pause)
                await ours.send(b"told")
                heard, sender = await peer.recvfrom(100)
                assert heard == b"told"
                senders.append(sender)
            assert senders[0] == senders[1] != senders[2]
            await peer.sendto(b"heard", senders[2])
            assert await ours.receive() == b"heard"


async def test_a_closed_port_is_noticed_and_nothing_is_received_before_anything_was_sent() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]
    with association(port) as ours:
        with pytest.raises(OSError, match="nothing was sent"):
            await ours.receive()
        await ours.send(b"told")
        with pytest.raises(ConnectionRefusedError):
            await ours.receive()


def test_failures_have_names() -> None:
    assert reason_of(socket.gaierror(socket.EAI_NONAME, "")) == "unresolved"
    assert reason_of(UnicodeError()) == "unresolved"
    assert reason_of(ConnectionRefusedError()) == "refused"
    assert reason_of(OSError()) == "unsendable"
