from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from daemon.config.listen import Listen
from daemon.config.settings import Sip, SipTls
from daemon.scheduler.clock import Clock
from daemon.sip import connections as connections_module
from daemon.sip.connections import ACCEPT_PAUSE, WHOLE_WITHIN, Connections, Ears
from daemon.sip.listener import Listener
from daemon.sip.message import Source
from daemon.sip.tls import Contexts, load_contexts
from tests.support.certificates import Authority
from tests.support.waiting import becomes_true

TCP, TLS = Listen("tcp", "127.0.0.1", 0), Listen("tls", "127.0.0.1", 0)
TCP6 = Listen("tcp", "::1", 0)
MESSAGE = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"
NAME = "pbx.example.net"


class Heard:
    """What connections told their endpoint; `answer` is sent back for every message."""

    def __init__(self, connections: Connections, answer: bytes = b"") -> None:
        self.messages: list[tuple[bytes, Source]] = []
        self.alive: list[Source] = []
        self.closed: list[Source] = []
        self.failed: list[tuple[Source, str]] = []
        self._connections = connections
        self._answer = answer
        self.ears = Ears(self._take, self.alive.append, self.closed.append, self._fail)

    def _take(self, message: bytes, source: Source) -> None:
        if b"explode" in message:
            raise RuntimeError
        self.messages.append((message, source))
        if self._answer:
            self._connections.send(source, self._answer)

    def _fail(self, to: Source, reason: str) -> None:
        self.failed.append((to, reason))

    async def count(self, messages: int) -> None:
        await becomes_true(lambda: len(self.messages) == messages)


@asynccontextmanager
async def serving(
    *listen: Listen, tls: SipTls | None = None, answer: bytes = b"", **limits: float
) -> AsyncIterator[tuple[Connections, Heard]]:
    settings = Sip.model_validate({"listen": listen or (TCP,), "tls": tls or SipTls()}).model_copy(update=limits)
    connections = Connections(settings, load_contexts(settings.tls), Clock())
    heard = Heard(connections, answer)
    async with trio.open_nursery() as nursery:
        await nursery.start(connections.run, heard.ears)
        yield connections, heard
        await connections.aclose()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def connect(connections: Connections, at: int = 0) -> trio.SocketStream:
    listen = connections.addresses[at]
    return await trio.open_tcp_stream(listen.host, listen.port)


async def connect_tls(connections: Connections, tls: SipTls, name: str = NAME) -> trio.SSLStream[trio.SocketStream]:
    stream = trio.SSLStream(await connect(connections), load_contexts(tls).client, server_hostname=name)
    try:
        await stream.do_handshake()
    except trio.BrokenResourceError:
        await trio.aclose_forcefully(stream)
        raise
    return stream


def source_of(stream: trio.SocketStream, transport: str = "tcp") -> Source:
    host, port = stream.socket.getsockname()[:2]
    return Source(host, port, transport)


async def end_of(stream: trio.abc.ReceiveStream) -> bytes:
    """What comes until the far end ends, however it does."""
    got = b""
    try:
        while piece := await stream.receive_some():
            got += bytes(piece)
    except trio.BrokenResourceError:
        pass
    return got


async def test_a_message_names_its_connection_and_the_answer_goes_back_over_it() -> None:
    async with serving(TCP, TCP6, answer=b"SIP/2.0 200 OK\r\n\r\n") as (connections, heard):
        for at in range(2):
            async with await connect(connections, at) as stream:
                await stream.send_all(MESSAGE)
                assert await stream.receive_some() == b"SIP/2.0 200 OK\r\n\r\n"
                assert heard.messages[-1] == (MESSAGE, source_of(stream))
        await becomes_true(lambda: len(heard.closed) == 2)
        assert connections.statistics().accepted == {"tcp": 2, "tls": 0}
        assert connections.statistics().closed == {"far-end": 2}
        assert connections.statistics().open == {"tcp": 0, "tls": 0}
        assert (connections.statistics().received, connections.statistics().sent) == (2 * len(MESSAGE), 2 * 18)


async def test_a_phone_is_pinged_over_the_connection_it_came_by_and_never_by_another() -> None:
    async with serving() as (connections, heard), await connect(connections) as stream:
        await stream.send_all(MESSAGE)
        await heard.count(1)
        assert connections.send(source_of(stream), b"ping")
        assert await stream.receive_some() == b"ping"
        assert not connections.send(Source("127.0.0.1", 9, "tcp"), b"ping")
        assert not connections.send(source_of(stream, "tls"), b"ping")
        assert connections.open(source_of(stream), "", b"again")
        assert await stream.receive_some() == b"again"
        assert connections.statistics().dialled == {"tcp": 0, "tls": 0}


async def test_messages_glued_to_keep_alives_are_told_apart_and_pings_answered() -> None:
    async with serving() as (connections, heard), await connect(connections) as stream:
        await stream.send_all(b"\r\n\r\n" + MESSAGE + b"\r\n\r\n" + MESSAGE)
        assert await stream.receive_some() == b"\r\n"
        assert [message for message, _ in heard.messages] == [MESSAGE, MESSAGE]
        assert heard.alive == [source_of(stream)]


async def test_a_message_may_come_byte_by_byte() -> None:
    async with serving() as (connections, heard), await connect(connections) as stream:
        for byte in MESSAGE:
            await stream.send_all(bytes((byte,)))
        await heard.count(1)
        assert heard.messages == [(MESSAGE, source_of(stream))]


@pytest.mark.parametrize(
    ("junk", "reason"),
    [
        (b"OPTIONS sip:a SIP/2.0\r\n\r\n", "no-content-length"),
        (b"\x16\x03\x01\x02\x00", "start-line"),
        (b"\r\n\r\n" * 2000, "too-many-keep-alives"),
        (b"OPTIONS " + b"a" * 70_000, "too-large"),
    ],
)
async def test_what_is_no_sip_ends_its_connection_and_nobody_elses(junk: bytes, reason: str) -> None:
    async with serving() as (connections, heard), await connect(connections) as good:
        async with await connect(connections) as bad:
            await bad.send_all(MESSAGE)
            await heard.count(1)
            await bad.send_all(junk)
            await end_of(bad)
        assert connections.statistics().closed == {reason: 1}
        await good.send_all(MESSAGE)
        await heard.count(2)


async def test_a_fault_of_ours_costs_one_connection() -> None:
    async with serving() as (connections, heard), await connect(connections) as good:
        async with await connect(connections) as bad:
            await bad.send_all(MESSAGE.replace(b"sip:a", b"sip:explode"))
            assert await end_of(bad) == b""
        assert connections.statistics().closed == {"internal": 1}
        await good.send_all(MESSAGE)
        await heard.count(1)


async def test_a_flood_over_one_connection_leaves_others_their_turn() -> None:
    async with serving() as (connections, heard), await connect(connections) as flood:
        quiet = await connect(connections)
        async with quiet, trio.open_nursery() as nursery:
            nursery.start_soon(flood.send_all, MESSAGE * 20_000)
            await becomes_true(lambda: len(heard.messages) > 100)
            before = len(heard.messages)
            await quiet.send_all(b"\r\n\r\n")
            assert await quiet.receive_some() == b"\r\n"
            assert len(heard.messages) - before < 1000
            nursery.cancel_scope.cancel()


async def test_a_far_end_that_reads_too_slowly_is_closed() -> None:
    async with serving() as (connections, heard), await connect(connections) as stream:
        await stream.send_all(MESSAGE)
        await heard.count(1)
        source = source_of(stream)
        while connections.send(source, b"x" * 10_000):
            pass
        assert heard.closed == []  # whoever sends is told of nothing meanwhile
        await becomes_true(lambda: heard.closed == [source])
        assert connections.statistics().closed == {"slow": 1}
        assert not connections.send(source, b"x")


async def test_a_slow_far_end_gets_everything_that_was_accepted_in_order() -> None:
    async with serving(connection_buffer=16 * 1024 * 1024) as (connections, heard):
        stream = await connect(connections)
        async with stream:
            await stream.send_all(MESSAGE)
            await heard.count(1)
            whole = b"".join(b"%09d\n" % number for number in range(500_000))
            for at in range(0, len(whole), 100_000):
                assert connections.send(source_of(stream), whole[at : at + 100_000])
            got = b""
            while len(got) < len(whole):
                got += await stream.receive_some()
            assert got == whole


async def test_all_connections_together_hold_a_bounded_number_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections_module, "MAX_WAITING", 1000)
    async with serving() as (connections, heard), await connect(connections) as first:
        await first.send_all(MESSAGE + b"OPTIONS sip:" + b"a" * 600)
        await becomes_true(lambda: connections.statistics().waiting == 612)
        async with await connect(connections) as second:
            await second.send_all(b"OPTIONS sip:" + b"a" * 600)
            assert await end_of(second) == b""
        assert connections.statistics().closed == {"memory": 1}
        await first.send_all(b" SIP/2.0\r\nContent-Length: 0\r\n\r\n")
        await heard.count(2)
        assert connections.statistics().waiting == 0


async def test_who_asks_without_reading_answers_is_not_heard_for_so_long() -> None:
    async with serving(answer=b"a" * 400) as (connections, heard), await connect(connections) as stream:
        with trio.move_on_after(0.5):
            await stream.send_all(MESSAGE * 100_000)
        assert connections.statistics().open["tcp"] == 1
        assert len(heard.messages) < 10_000
        before = len(heard.messages)
        for _ in range(10):
            await stream.receive_some()
        await becomes_true(lambda: len(heard.messages) > before)


async def test_silence_ends_a_connection_that_nobody_registered_over(autojump_clock: trio.testing.MockClock) -> None:
    async with serving() as (connections, heard), await connect(connections) as stream:
        started = trio.current_time()
        await stream.send_all(MESSAGE)
        assert await end_of(stream) == b""
        assert trio.current_time() - started == pytest.approx(Sip().connection_idle, abs=0.1)
        assert connections.statistics().closed == {"idle": 1}
        assert heard.closed == [source_of(stream)]
        assert not connections.had(source_of(stream))


async def test_a_registered_connection_lives_as_long_as_its_registration(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with serving() as (connections, heard), await connect(connections) as stream:
        await stream.send_all(MESSAGE)
        await heard.count(1)
        started, source = trio.current_time(), source_of(stream)
        connections.hold(source, Clock().now() + 3600)
        connections.hold(source, Clock().now() + 60)  # another registration over it, which ends earlier
        assert connections.had(source)
        assert await end_of(stream) == b""
        assert trio.current_time() - started == pytest.approx(3600, abs=1)
        assert connections.had(source), "it had registered since our start, so its connection was lost, not never there"


async def test_keep_alives_keep_a_connection(autojump_clock: trio.testing.MockClock) -> None:
    async with serving() as (connections, _), await connect(connections) as stream:
        for _ in range(10):
            await trio.sleep(120)
            await stream.send_all(b"\r\n\r\n")
            assert await stream.receive_some() == b"\r\n"
        assert connections.statistics().open["tcp"] == 1


async def drip(stream: trio.SocketStream) -> None:
    for byte in MESSAGE * 2:
        await stream.send_all(bytes((byte,)))
        await trio.sleep(2)


async def test_a_message_that_drips_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    async with serving() as (connections, _), await connect(connections) as stream:
        started = trio.current_time()
        with pytest.raises(trio.BrokenResourceError):
            await drip(stream)
        assert trio.current_time() - started == pytest.approx(WHOLE_WITHIN, abs=10)
        assert connections.statistics().closed == {"unfinished": 1}


async def test_one_host_may_not_take_everything() -> None:
    async with serving(max_connections_per_host=1) as (connections, _), await connect(connections) as first:
        async with await connect(connections) as second:
            assert await end_of(second) == b""
        await first.aclose()
        await becomes_true(lambda: connections.statistics().open["tcp"] == 0)
        async with await connect(connections):
            await becomes_true(lambda: connections.statistics().open["tcp"] == 1)
        assert connections.statistics().refused == {"connections-per-host": 1}


async def test_beyond_the_ceiling_connections_are_turned_away_and_none_is_opened() -> None:
    async with serving(TCP, TCP6, max_connections=1) as (connections, _), await connect(connections):
        async with await connect(connections, 1) as second:
            assert await end_of(second) == b""
        assert not connections.open(Source("127.0.0.1", 9, "tcp"), "", b"x")
        assert connections.statistics().refused == {"connections": 2}


async def test_without_descriptors_accepting_rests_and_goes_on(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept, failures = Listener.accept, [errno.EMFILE, errno.ECONNABORTED, errno.ENFILE]

    def sometimes(listener: Listener) -> tuple[socket.socket, str, int]:
        if failures:
            raise OSError(failures.pop(), "no")
        return accept(listener)

    monkeypatch.setattr(Listener, "accept", sometimes)
    async with serving() as (connections, heard):
        started = trio.current_time()
        async with await connect(connections) as stream:
            await stream.send_all(MESSAGE)
            await heard.count(1)
        assert trio.current_time() - started >= 2 * ACCEPT_PAUSE
        assert connections.statistics().refused == {"no-descriptors": 2}


async def test_tls_is_served_like_tcp(authority: Authority) -> None:
    async with serving(TLS, tls=authority.issue(NAME), answer=b"answer") as (connections, heard):
        client = SipTls(ca=authority.path)
        async with await connect_tls(connections, client) as stream:
            source = source_of(stream.transport_stream, "tls")
            await stream.send_all(MESSAGE + b"\r\n\r\n")
            got = b""
            while len(got) < 8:
                got += await stream.receive_some()
            assert got == b"answer\r\n"
            assert (heard.messages, heard.alive) == ([(MESSAGE, source)], [source])
            large = b"x" * 60_000
            assert connections.send(source, large)
            got = b""
            while len(got) < len(large):
                got += await stream.receive_some()
        await becomes_true(lambda: heard.closed == [source])


async def test_half_a_handshake_is_given_up(authority: Authority, autojump_clock: trio.testing.MockClock) -> None:
    async with serving(TLS, tls=authority.issue(NAME)) as (connections, heard), await connect(connections) as stream:
        started = trio.current_time()
        await stream.send_all(b"\x16\x03\x01")
        await becomes_true(lambda: connections.statistics().open["tls"] == 1)
        assert not connections.send(source_of(stream, "tls"), b"too early")
        assert await end_of(stream) == b""
        assert trio.current_time() - started == pytest.approx(Sip().connection_setup, abs=0.1)
        assert connections.statistics().failed == {"setup": 1}
        assert heard.closed == []


async def test_with_a_client_authority_strangers_stay_outside(authority: Authority) -> None:
    ours = authority.issue(NAME).model_copy(update={"client_ca": authority.path})
    phone = authority.issue("phone").model_copy(update={"ca": authority.path})
    async with serving(TLS, tls=ours) as (connections, heard):
        async with await connect_tls(connections, phone) as stream:
            await stream.send_all(MESSAGE)
            await heard.count(1)
        async with await connect_tls(connections, SipTls(ca=authority.path)) as stranger:  # TLS 1.3 learns it late
            with pytest.raises(trio.BrokenResourceError):
                await stranger.receive_some()
        assert connections.statistics().failed == {"certificate": 1}


async def test_a_reload_brings_a_new_certificate_and_keeps_connections(tmp_path: Path, authority: Authority) -> None:
    async with serving(TLS, tls=authority.issue(NAME)) as (connections, heard):
        old = await connect_tls(connections, SipTls(ca=authority.path))
        async with old:
            renewed = Authority(tmp_path, "renewed")
            settings = Sip(tls=renewed.issue(NAME))
            connections.apply(settings, load_contexts(settings.tls))
            async with await connect_tls(connections, SipTls(ca=renewed.path)) as new:
                await old.send_all(MESSAGE)
                await new.send_all(MESSAGE)
                await heard.count(2)
            with pytest.raises(trio.BrokenResourceError):
                await connect_tls(connections, SipTls(ca=authority.path))
            connections.apply(settings, Contexts(None, load_contexts(settings.tls).client))
            async with await connect(connections) as refused:
                assert await end_of(refused) == b""
            assert connections.statistics().refused == {"no-certificate": 1}


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_a_connection_that_we_open_is_used_again(transport: str, authority: Authority) -> None:
    tls = authority.issue(NAME)
    listen = Listen(transport, "127.0.0.1", 0)
    async with (
        serving(listen, tls=tls, answer=MESSAGE) as (server, far),
        serving(tls=SipTls(ca=authority.path)) as (connections, heard),
    ):
        to = Source("127.0.0.1", server.addresses[0].port, transport)
        assert connections.open(to, NAME, MESSAGE)
        assert connections.open(to, NAME, MESSAGE)  # while the first is still being opened
        assert not connections.send(to, b"never: it is not up yet")
        await far.count(2)
        assert connections.send(to, MESSAGE)
        await far.count(3)
        assert len({source for _, source in far.messages}) == 1
        assert connections.statistics().dialled[transport] == 1
        await heard.count(3)
        assert heard.messages[0] == (MESSAGE, to)
        await server.aclose()
        await becomes_true(lambda: heard.closed == [to])
        assert heard.failed == []


async def test_a_far_end_that_is_not_there_is_told_at_once() -> None:
    async with serving() as (connections, heard):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            to = Source("127.0.0.1", closed.getsockname()[1], "tcp")
            assert connections.open(to, "", MESSAGE)
            assert heard.failed == []
            await becomes_true(lambda: heard.failed == [(to, "connect-ECONNREFUSED")])
        assert connections.statistics().failed == {"connect-ECONNREFUSED": 1}
        assert heard.closed == []


async def test_a_far_end_that_never_answers_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    async with serving() as (connections, heard):
        with socket.socket() as full:  # nobody accepts, so a TLS handshake never goes on
            full.bind(("127.0.0.1", 0))
            full.listen()
            to = Source("127.0.0.1", full.getsockname()[1], "tls")
            assert connections.open(to, NAME, MESSAGE)
            await becomes_true(lambda: heard.failed == [(to, "setup")])


@pytest.mark.parametrize(("verify", "heard_of"), [(True, 0), (False, 1)])
async def test_a_server_must_prove_its_name(verify: bool, heard_of: int, authority: Authority) -> None:
    async with (
        serving(TLS, tls=authority.issue("elsewhere")) as (server, far),
        serving(tls=SipTls(ca=authority.path, verify=verify)) as (connections, heard),
    ):
        to = Source("127.0.0.1", server.addresses[0].port, "tls")
        assert connections.open(to, NAME, MESSAGE)
        await becomes_true(lambda: bool(heard.failed) or bool(far.messages))
        assert heard.failed == [(to, "certificate")][heard_of:]
        assert len(far.messages) == heard_of


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        (Source("phone.example.net", 5060, "tcp"), "unresolvable"),
        (Source("255.255.255.255", 5060, "tcp"), "connect-ENETUNREACH"),
    ],
)
async def test_what_cannot_even_begin_is_refused_at_once(to: Source, reason: str) -> None:
    async with serving() as (connections, heard):
        assert not connections.open(to, "", b"x")
        assert connections.statistics().refused == {reason: 1}
        assert heard.failed == []


async def test_a_name_that_cannot_be_one_is_refused_at_once() -> None:
    async with serving() as (connections, _):
        assert not connections.open(Source("127.0.0.1", 5061, "tls"), ".example.net", b"x")
        assert connections.statistics().refused == {"connect-name": 1}


async def test_the_same_far_end_at_two_of_our_ports_is_the_newer_one() -> None:
    async with serving(TCP, TCP) as (connections, heard):
        first = await connect(connections)
        await becomes_true(lambda: connections.statistics().open["tcp"] == 1)
        source = source_of(first)
        with socket.socket() as second:
            second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            first.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            second.bind((source.host, source.port))
            second.connect(("127.0.0.1", connections.addresses[1].port))
            await becomes_true(lambda: heard.closed == [source])
            assert connections.send(source, b"to the newer")
            assert second.recv(100) == b"to the newer"
        await first.aclose()


async def test_closing_says_farewell_and_frees_everything(authority: Authority) -> None:
    async with serving(TLS, tls=authority.issue(NAME)) as (connections, heard):
        stream = await connect_tls(connections, SipTls(ca=authority.path))
        await becomes_true(lambda: connections.statistics().open["tls"] == 1)
        await connections.aclose()
        assert await stream.receive_some() == b""  # a TLS farewell: without one this would raise
        assert (connections.addresses, connections.statistics().open["tls"]) == ((), 0)
        assert heard.closed == []
        assert not connections.send(source_of(stream.transport_stream, "tls"), b"x")
        assert not connections.open(Source("127.0.0.1", 9, "tcp"), "", b"x")
        await stream.transport_stream.aclose()


async def test_what_never_ran_is_closed_at_once() -> None:
    await Connections(Sip(), Contexts(None, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)), Clock()).aclose()


async def test_an_address_in_use_is_an_error_and_nothing_stays_open() -> None:
    async with serving() as (first, _):
        contexts = load_contexts(SipTls())
        second = Connections(Sip(listen=(TCP6, *first.addresses)), contexts, Clock())
        with pytest.raises(OSError, match="cannot listen on tcp://"):
            await second.run(Heard(second).ears)
        await second.aclose()
