"""A real Kamailio 5.6.3 as the registrar that we read; and an HTTP server that misbehaves, for what it never does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio

from daemon.config.settings import Connector
from daemon.errors import BadMessage
from daemon.fleet.model import Reachability
from daemon.integrations.kamailio import follow
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.kamailio import kamailio
from tests.support.learning import Learner, of_kamailio, only
from tests.support.waiting import becomes_true

WITHOUT_USRLOC = """#!KAMAILIO
children=1
listen=tcp:127.0.0.1:LISTEN_HTTP
http_reply_parse=yes
tcp_accept_no_cl=yes
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xhttp.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 1)
request_route { exit; }
event_route[xhttp:request] { jsonrpc_dispatch(); }
"""


def a_learner() -> Learner:
    return Learner(record(MAC, server="pbx-a"), record(OTHER_MAC, number="2042", server="pbx-b"))


@asynccontextmanager
async def following(learner: Learner, connector: Connector) -> AsyncIterator[Callable[[], int]]:
    """The connector at work; what is yielded counts its lists."""
    connectors = learner.connectors(connector)
    async with trio.open_nursery() as nursery:
        await nursery.start(connectors.run)
        await becomes_true(lambda: only(connectors).up)
        yield lambda: only(connectors).contacts
        nursery.cancel_scope.cancel()


@pytest.mark.peer
async def test_registrations_with_a_kamailio_are_learned_moved_and_ended() -> None:
    learner = a_learner()
    async with kamailio() as server:
        port = await server.register("2041")
        async with following(learner, of_kamailio(server.url)):
            assert learner.address("2041") == ("127.0.0.1", port)
            written = learner.saved()
            await trio.sleep(0.7)  # three more dumps that say the same
            assert learner.saved() == written
            await server.register("2041", "sip:2041@127.0.0.9:5070")
            await becomes_true(lambda: learner.address("2041") == ("127.0.0.9", 5070))
            await server.register("2042")
            await becomes_true(lambda: learner.by_number("2042").registered_server == "pbx-a")
            assert learner.by_number("2042").reachability_reason.endswith("pbx-a instead of pbx-b")
            await server.register("2041", "sip:2041@127.0.0.9:5070", 0)
            await server.register("2041", f"sip:2041@127.0.0.1:{port}", 0)
            await becomes_true(lambda: learner.address("2041") is None)
            assert learner.by_number("2041").reachability is Reachability.UNKNOWN


@pytest.mark.peer
async def test_a_registration_that_expires_at_a_kamailio_ends_here() -> None:
    learner = a_learner()
    async with kamailio() as server:
        await server.register("2041", expires=2)
        async with following(learner, of_kamailio(server.url)):
            assert learner.address("2041") is not None
            await becomes_true(lambda: learner.address("2041") is None)


@pytest.mark.peer
async def test_phones_behind_nat_and_behind_proxies_are_pinged_where_they_can_be_reached() -> None:
    learner = Learner(record(MAC), record(OTHER_MAC, number="2042"))
    async with kamailio() as server:
        port = await server.register("2041", "sip:2041@10.9.9.9:5060", 3600, "X-Nat: 1")
        path = "Path: <sip:127.0.0.9:5080;lr>,<sip:10.0.0.8;lr>"
        await server.register("2042", "sip:2042@127.0.0.3:5066", 3600, path, "Supported: path")
        async with following(learner, of_kamailio(server.url)):
            assert learner.address("2041") == ("127.0.0.1", port)
            contact = learner.by_number("2042").contact
            assert contact is not None
            assert (contact.host, contact.port) == ("127.0.0.9", 5080)
            assert contact.route == ("sip:127.0.0.9:5080;lr", "sip:10.0.0.8;lr")


@pytest.mark.peer
@pytest.mark.parametrize(("secret", "up"), [("right", True), ("wrong", False)])
async def test_user_and_secret_are_shown_where_they_are_asked_for(secret: str, up: bool) -> None:
    learner = a_learner()
    async with kamailio() as server, trio.open_nursery() as nursery:
        connectors = learner.connectors(of_kamailio(server.url, user="ringkeeper", secret=secret))
        await nursery.start(connectors.run)
        await becomes_true(lambda: only(connectors).up or bool(only(connectors).failures))
        assert (only(connectors).up, only(connectors).failures) == (up, {} if up else {"refused": 1})
        nursery.cancel_scope.cancel()


@pytest.mark.peer
async def test_a_kamailio_without_usrloc_is_no_empty_one() -> None:
    async with kamailio(WITHOUT_USRLOC) as server:
        learner = a_learner()
        with pytest.raises(BadMessage, match="rpc: Method Not Found"):
            await follow(of_kamailio(server.url), learner.telling(), lambda: None)


# What no Kamailio does.

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
DUMP = (
    b'{"result":{"Domains":[{"Domain":{"AoRs":['
    b'{"Info":{"AoR":"2041","Contacts":[{"Contact":{"Address":"sip:2041@127.0.0.1"}}]}}'
)


@asynccontextmanager
async def answering(*pieces: bytes, pause: float = 0.0) -> AsyncIterator[str]:
    """An HTTP server that says this to everybody, and hangs up; its URL."""

    async def serve(stream: trio.SocketStream) -> None:
        try:
            asked = b""
            while not asked.endswith(b"}"):
                asked += await stream.receive_some(65536)
            for piece in pieces:
                await stream.send_all(piece)
                await trio.sleep(pause)
        except trio.BrokenResourceError:
            pass
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        yield f"http://127.0.0.1:{listener.socket.getsockname()[1]}/RPC"
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        ((), "http"),
        ((b"SSH-2.0-OpenSSH_9.2\r\n",), "http"),
        ((HEAD + b"Content-Length: 9999\r\n\r\n" + DUMP,), "http"),
        ((HEAD + b"\r\n" + DUMP,), "json"),
        ((HEAD + b"\r\n", *[b" " * 65536] * 20), "too-long"),
        ((HEAD + b"\r\n" + DUMP, *[b"," + DUMP.partition(b'[{"Info')[2].join((b'{"Info', b""))] * 20), "too-many"),
        ((b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",), "refused"),
        ((b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",), "refused"),
        ((b"HTTP/1.1 500 Oops\r\n\r\n", *[b"x" * 65536] * 3), "refused"),
        ((b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops",), "json"),
    ],
)
async def test_an_answer_that_is_no_whole_dump_ends_in_a_reason(pieces: tuple[bytes, ...], reason: str) -> None:
    learner = a_learner()
    async with answering(*pieces) as url:
        connector = of_kamailio(url, max_contacts=10, max_dump=1024 * 1024)
        with trio.fail_after(5), pytest.raises(BadMessage) as refused:
            await follow(connector, learner.telling(), lambda: None)
    assert refused.value.reason == reason
    assert learner.address("2041") is None


async def test_an_answer_may_come_in_pieces_and_without_a_length() -> None:
    learner, heard = a_learner(), trio.Event()
    whole = HEAD + b"\r\n" + DUMP + b"]}}]}}"
    async with answering(*(whole[at : at + 1] for at in range(len(whole)))) as url, trio.open_nursery() as nursery:
        nursery.start_soon(follow, of_kamailio(url, refresh="1h"), learner.telling(), heard.set)
        with trio.fail_after(5):
            await heard.wait()
        nursery.cancel_scope.cancel()
    assert learner.address("2041") == ("127.0.0.1", 5060)


async def test_a_server_that_is_not_there_is_a_reason_too() -> None:
    with pytest.raises(BadMessage, match="connect"):
        await follow(of_kamailio("http://127.0.0.1:9/RPC"), a_learner().telling(), lambda: None)
