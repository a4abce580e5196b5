from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from daemon.config.settings import Sip
from daemon.sip.connected import Connected
from daemon.sip.connection import Connection
from daemon.sip.message import Source

SETTINGS = Sip(max_connections=3, max_connections_per_host=2)


@pytest.fixture
def made() -> Iterator[list[Connection]]:
    """Connections with numbered far ends, the last one at another host and over TLS."""
    sources = [Source("192.0.2.1", 1, "tcp"), Source("192.0.2.1", 2, "tcp"), Source("192.0.2.9", 1, "tls")]
    sockets = [socket.socket() for _ in sources]
    yield [
        Connection(sock, source, None, 0.0, 100, traffic=Counter(), dialled=False)
        for sock, source in zip(sockets, sources, strict=True)
    ]
    for sock in sockets:
        sock.close()


def test_one_is_found_by_its_far_end_and_its_descriptor(made: list[Connection]) -> None:
    connected = Connected()
    for one in made:
        connected.add(one)
    assert [connected.at(one.source) for one in made] == made == [connected.of(one.socket.fileno()) for one in made]
    assert connected.at(Source("192.0.2.1", 1, "tls")) is None
    assert (len(connected), connected.open) == (3, {"tcp": 2, "tls": 1})
    for one in connected:
        connected.remove(one, remembered=9)
    assert (len(connected), connected.open) == (0, {"tcp": 0, "tls": 0})
    assert connected.of(made[0].socket.fileno()) is None


def test_a_host_is_full_before_all_is(made: list[Connection]) -> None:
    connected = Connected()
    connected.add(made[0])
    connected.add(made[1])
    assert connected.refusal("192.0.2.1", SETTINGS) == "connections-per-host"
    assert connected.refusal("192.0.2.9", SETTINGS) == ""
    connected.add(made[2])
    assert connected.refusal("192.0.2.8", SETTINGS) == "connections"
    connected.remove(made[0], remembered=9)
    assert connected.refusal("192.0.2.1", SETTINGS) == ""


def test_far_ends_that_had_registered_are_remembered_within_a_bound(made: list[Connection]) -> None:
    connected = Connected()
    for one in made:
        connected.add(one)
        assert not connected.had(one.source)
    for one in made[:2]:
        one.held_until = 100.0
        assert connected.had(one.source)
    for one in made:
        connected.remove(one, remembered=1)
    assert [connected.had(one.source) for one in made] == [False, True, False]


def test_a_registration_whose_connection_was_lost_before_it_was_durable_is_remembered_too(
    made: list[Connection],
) -> None:
    connected = Connected()
    connected.add(made[0])
    connected.remove(made[0], remembered=9)
    assert not connected.had(made[0].source)
    connected.hold(made[0].source, 60.0, remembered=9)
    assert connected.had(made[0].source)
    datagrams = Source("192.0.2.1", 7)
    connected.hold(datagrams, 60.0, remembered=9)
    assert not connected.had(datagrams)
