"""HTTPS as phones meet it: a server with certificates, and clients of Python's own TLS and curl."""

from __future__ import annotations

import shutil
import socket
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
import trio
from structlog.testing import capture_logs

from daemon.config.http_settings import Http, PhoneListener, PhonesTls
from daemon.config.listen import Listen
from daemon.config.settings import SipTls
from daemon.config.tls_contexts import load_http_contexts
from daemon.http import handshake, limits
from daemon.http.asgi import Application, Receive, Scope, Send
from daemon.http.peer_certificate import PeerCertificate
from daemon.http.server import HttpServer
from tests.support.certificates import Authority
from tests.support.http_peer import SmallLimits, echo, read_body, replies, respond
from tests.support.waiting import becomes_true

NAME = "127.0.0.1"
HTTPS = Listen("https", host=NAME, port=0)
GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def context_for(authority: Authority, **more: object) -> ssl.SSLContext | None:
    ours = authority.issue(NAME)
    tls = PhonesTls(certificate=ours.certificate, key=ours.key, **more)
    return load_http_contexts(Http(phones=PhoneListener(tls=tls))).phones


@asynccontextmanager
async def serving(
    context: ssl.SSLContext | None, app: Application = echo, limits: SmallLimits | None = None
) -> AsyncIterator[HttpServer]:
    server = HttpServer(app, (HTTPS,), limits or SmallLimits(), "test", context)
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        yield server
        await server.aclose()


def believing(authority: Authority, shows: SipTls | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.path)
    if shows and shows.certificate:
        context.load_cert_chain(shows.certificate, shows.key)
    return context


async def connect(server: HttpServer, context: ssl.SSLContext) -> trio.SSLStream[trio.SocketStream]:
    stream = trio.SSLStream(await plain(server), context, server_hostname=NAME, https_compatible=True)
    try:
        await stream.do_handshake()
    except trio.BrokenResourceError:
        await stream.aclose()
        raise
    return stream


async def plain(server: HttpServer) -> trio.SocketStream:
    return await trio.open_tcp_stream(NAME, server.addresses[0].port)


async def look(seen: list[Scope], scope: Scope, receive: Receive, send: Send) -> None:
    seen.append(scope)
    await respond(send, await read_body(receive))


async def test_requests_are_answered_over_tls_and_the_connection_stays(authority: Authority) -> None:
    seen: list[Scope] = []
    async with (
        serving(context_for(authority), partial(look, seen), SmallLimits(max_body=100_000)) as server,
        await connect(server, believing(authority)) as stream,
    ):
        for body in (b"once", b"again" * 10_000):
            head = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
            await stream.send_all(head + body)
            answer = b""
            while not answer.endswith(body):
                piece = await stream.receive_some()
                assert piece
                answer += piece
    assert [scope["scheme"] for scope in seen] == ["https", "https"]
    assert [scope["extensions"] for scope in seen] == [{}, {}]  # the kernel cannot encrypt a file
    assert [scope["state"]["certificate"] for scope in seen] == [None, None]
    assert server.statistics().handshakes == {"done": 1}


async def test_the_end_is_told_so_that_nobody_can_cut_an_answer_short(authority: Authority) -> None:
    async with serving(context_for(authority)) as server:
        strict = trio.SSLStream(await plain(server), believing(authority), server_hostname=NAME)
        async with strict as stream:
            await stream.send_all(GET.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
            data = b"".join([bytes(piece) async for piece in stream])
    assert replies(data)[0].body == b"GET /a "


async def test_a_phone_may_show_a_certificate_and_the_application_sees_whose(authority: Authority) -> None:
    seen: list[Scope] = []
    factory = authority.issue("00908F4867AF", "phone.example.net")
    context = context_for(authority, client_ca=authority.path)
    async with serving(context, partial(look, seen)) as server:
        for client in (believing(authority, factory), believing(authority)):
            async with await connect(server, client) as stream:
                await stream.send_all(GET)
                await stream.receive_some()
    assert factory.certificate
    der = ssl.PEM_cert_to_DER_cert(factory.certificate.read_text())
    names = ("00908F4867AF", "phone.example.net")
    assert [scope["state"]["certificate"] for scope in seen] == [
        PeerCertificate("00908F4867AF", sha256(der).hexdigest(), names),
        None,
    ]


async def test_a_certificate_of_somebody_else_is_refused(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger").issue("00908f4867af")
    with capture_logs() as logs:
        async with (
            serving(context_for(authority, client_ca=authority.path)) as server,
            await connect(server, believing(authority, stranger)) as stream,
        ):
            with pytest.raises(trio.BrokenResourceError) as told:  # TLS 1.3 learns it late
                await stream.receive_some()
            assert "UNKNOWN_CA" in str(told.value.__cause__)
    assert server.statistics().handshakes == {"certificate": 1}
    assert [line["reason"] for line in logs if line["event"] == "TLS handshake failed"] == ["certificate"]


@pytest.mark.parametrize(("said", "reason"), [(GET, "plain_http"), (b"junk" * 20, "version"), (b"", "left")])
async def test_what_is_not_tls_is_told_apart(authority: Authority, said: bytes, reason: str) -> None:
    async with serving(context_for(authority)) as server:
        async with await plain(server) as stream:
            await stream.send_all(said)
            await stream.send_eof()
            async for _ in stream:
                pass
        assert server.statistics().handshakes == {reason: 1}


@pytest.mark.parametrize(("minimum", "result"), [("1.0", "done"), ("1.2", "version")])
async def test_old_phones_come_in_only_where_they_may(authority: Authority, minimum: str, result: str) -> None:
    old = believing(authority)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    async with serving(context_for(authority, minimum=minimum)) as server:
        try:
            async with await connect(server, old) as stream:
                await stream.send_all(GET)
                assert (await stream.receive_some()).startswith(b"HTTP/1.1 200")
        except trio.BrokenResourceError:
            assert result != "done"
        assert server.statistics().handshakes == {result: 1}


async def test_silence_is_bounded_and_takes_a_place_meanwhile(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "HANDSHAKE", 0.1)
    async with serving(context_for(authority), limits=SmallLimits(max_connections=1)) as server:
        async with await plain(server) as silent:
            await becomes_true(lambda: server.statistics().accepted == 1)
            async with await plain(server) as second:
                assert await second.receive_some() == b""  # closed without a word
            assert await silent.receive_some() == b""
        assert server.statistics().handshakes == {"slow": 1}
        assert server.statistics().refused == {"connections": 1}


async def test_failures_are_not_all_logged(authority: Authority) -> None:
    failures = limits.LINES_PER_MINUTE + 10
    with capture_logs() as logs:
        async with serving(context_for(authority), limits=SmallLimits(max_connections=100)) as server:
            for _ in range(failures):
                async with await plain(server):
                    pass
            await becomes_true(lambda: server.statistics().handshakes == {"left": failures})
    lines = [line for line in logs if line["event"] == "TLS handshake failed"]
    assert len(lines) == limits.LINES_PER_MINUTE


async def test_a_renewed_certificate_is_for_those_who_come(authority: Authority, tmp_path: Path) -> None:
    renewed = Authority(tmp_path, "renewed")
    async with serving(context_for(authority)) as server:
        async with await connect(server, believing(authority)) as old:
            server.apply(SmallLimits(), context_for(renewed))
            async with await connect(server, believing(renewed)) as new:
                for stream in (old, new):
                    await stream.send_all(GET)
                    assert (await stream.receive_some()).startswith(b"HTTP/1.1 200")
        server.apply(SmallLimits())
        with pytest.raises(trio.BrokenResourceError):
            await connect(server, believing(renewed))
        assert server.statistics().handshakes == {"done": 2, "no_certificate": 1}


async def test_a_connection_that_is_not_read_is_closed_all_the_same(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, bytes(20_000_000))

    monkeypatch.setattr(handshake, "HANDSHAKE", 0.1)
    async with (
        serving(context_for(authority), endless, SmallLimits(request_timeout=0.05)) as server,
        await connect(server, believing(authority)) as stream,
    ):
        stream.transport_stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await stream.send_all(GET)
        await becomes_true(lambda: server.statistics().connections == 0 and server.statistics().aborted == 1)


@pytest.mark.peer
async def test_curl_speaks_https_with_and_without_a_certificate(authority: Authority) -> None:
    curl = shutil.which("curl")
    assert curl, "curl is not installed: apt install curl"
    factory = authority.issue("00908f4867af")

    async def who(scope: Scope, receive: Receive, send: Send) -> None:
        shown = scope["state"]["certificate"]
        await respond(send, (shown.common_name if shown else "nobody").encode())

    async with serving(context_for(authority, client_ca=authority.path), who) as server:
        command = [curl, "-sS", "--cacert", str(authority.path), str(server.addresses[0])]
        with_certificate = [*command, "--cert", str(factory.certificate), "--key", str(factory.key)]
        shown = [
            (await trio.run_process(one, capture_stdout=True)).stdout
            for one in (command, with_certificate, [*command, "--tlsv1.2", "--tls-max", "1.2"])
        ]
        doubting = await trio.run_process([curl, "-sS", str(server.addresses[0])], check=False, capture_stderr=True)
        await becomes_true(lambda: server.statistics().handshakes == {"done": 3, "certificate_refused": 1})
    assert shown == [b"nobody", b"00908f4867af", b"nobody"]
    assert b"certificate" in doubting.stderr
