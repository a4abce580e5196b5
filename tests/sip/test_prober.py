"""Probes over real sockets on loopback, against peers that answer, stay silent, close, or talk nonsense."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from daemon.config.settings import Settings
from daemon.errors import BadMessage
from daemon.fleet.connection import Connection
from daemon.fleet.model import Contact, Mac, Server
from daemon.scheduler.clock import Clock
from daemon.sip.locator import Locator
from daemon.sip.prober import Prober
from daemon.sip.resolver import Answer, Kind, Resolver
from daemon.sip.tls import Contexts, load_contexts
from tests.support.builders import MAC, NOW, connection, settings
from tests.support.certificates import Authority

LOOPBACK: dict[str, Any] = {"networks": ["127.0.0.0/8", "::1/128"]}
Say = Callable[[bytes], bytes | None]


class Known:
    """A directory of whoever the test puts into it."""

    def __init__(self) -> None:
        self.servers: dict[str, Server] = {}
        self.connections: dict[str, Connection] = {}
        self.devices: dict[tuple[str, int], Mac] = {}

    def mac_at(self, host: str, port: int) -> Mac | None:
        return self.devices.get((host, port))


class Desk:
    """A prober with everything around it; `zone` is what DNS knows."""

    def __init__(self, tls: ssl.SSLContext | None = None, **probe: Any) -> None:
        self.settings: Settings = settings(probe=probe)
        self.known = Known()
        self.zone: dict[str, tuple[str, ...]] = {}
        self.clock = Clock()

        async def question(name: str, kind: Kind) -> Answer:
            return Answer(self.zone.get(name, ()) if kind == "A" else (), 60)

        locator = Locator(Resolver(self.settings.sip.dns, self.clock, question), lambda: 0.0)
        self.prober = Prober(
            lambda: self.settings, self.known, locator, tls or ssl.create_default_context(), self.clock
        )


def ok(request: bytes, status: bytes = b"200 OK") -> bytes:
    return b"SIP/2.0 " + status + request[request.index(b"\r\n") :]


@asynccontextmanager
async def udp_peer(say: Say, host: str = "127.0.0.1") -> AsyncIterator[int]:
    family = trio.socket.AF_INET6 if ":" in host else trio.socket.AF_INET
    with trio.socket.socket(family, trio.socket.SOCK_DGRAM) as sock:
        await sock.bind((host, 0))

        async def run() -> None:
            while True:
                request, peer = await sock.recvfrom(65535)
                if answer := say(request):
                    await sock.sendto(answer, peer)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            yield sock.getsockname()[1]
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def stream_peer(say: Say, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def serve(stream: trio.abc.Stream) -> None:
        try:
            if context:
                stream = trio.SSLStream(stream, context, server_side=True, https_compatible=True)
            if answer := say(bytes(await stream.receive_some())):
                await stream.send_all(answer)
                await trio.sleep_forever()
        except (trio.BrokenResourceError, ssl.SSLError):
            pass
        finally:
            await trio.aclose_forcefully(stream)

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve, listeners)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def test_an_answer_over_udp_is_a_success_with_its_code_and_its_times() -> None:
    heard: list[bytes] = []

    def say(request: bytes) -> bytes:
        heard.append(request)
        return ok(request)

    async with udp_peer(say) as port:
        report = await Desk(**LOOPBACK).prober.probe(f"sip:127.0.0.1:{port}", "sip_udp", 5)
    assert (report.success, report.status, report.address) == (True, 200, "127.0.0.1")
    assert report.phases["request"] > 0
    assert report.duration >= sum(report.phases.values())
    assert heard[0].startswith(f"OPTIONS sip:127.0.0.1:{port};transport=udp SIP/2.0\r\nVia: SIP/2.0/UDP 127.".encode())
    assert heard[0].endswith(b"Content-Length: 0\r\n\r\n")


async def test_ipv6_works_too() -> None:
    async with udp_peer(ok, "::1") as port:
        report = await Desk(**LOOPBACK).prober.probe(f"sip:[::1]:{port}", "sip_udp", 5)
    assert (report.success, report.address) == (True, "::1")


async def test_an_answer_over_tcp() -> None:
    async with stream_peer(ok) as port:
        report = await Desk(**LOOPBACK).prober.probe(f"127.0.0.1:{port}", "sip_tcp", 5)
    assert (report.success, report.status) == (True, 200)


def tls_contexts(folder: Path) -> Contexts:
    """Of a server at 127.0.0.1, and of a client that believes it."""
    authority = Authority(folder)
    return load_contexts(authority.issue("127.0.0.1").model_copy(update={"ca": authority.path}))


async def test_an_answer_over_tls_says_how_long_the_certificate_lasts(tmp_path: Path) -> None:
    contexts = tls_contexts(tmp_path)
    async with stream_peer(ok, contexts.server) as port:
        report = await Desk(contexts.client, **LOOPBACK).prober.probe(f"127.0.0.1:{port}", "sip_tls", 5)
    assert (report.success, report.status) == (True, 200)
    assert report.certificate_ends == pytest.approx(time.time() + 86400, abs=60)
    assert report.phases["tls"] > 0


async def test_a_certificate_of_nobody_is_a_failure_that_says_so(tmp_path: Path) -> None:
    async with stream_peer(ok, tls_contexts(tmp_path).server) as port:
        report = await Desk(**LOOPBACK).prober.probe(f"127.0.0.1:{port}", "sip_tls", 5)
    assert (report.success, report.status, report.certificate_ends) == (False, 0, None)
    assert any("CERTIFICATE_VERIFY_FAILED" in line for line in report.log)


@pytest.mark.parametrize("status", [b"404 Not Found", b"486 Busy Here", b"503 Service Unavailable"])
async def test_any_final_answer_is_a_success_unless_the_settings_narrow_it(status: bytes) -> None:
    async with udp_peer(lambda request: ok(request, status)) as port:
        desk = Desk(**LOOPBACK)
        report = await desk.prober.probe(f"127.0.0.1:{port}", "sip_udp", 5)
        assert (report.success, report.status) == (True, int(status[:3]))
        desk.settings = settings(probe=LOOPBACK, qualify={"accept": ["2xx"]})
        report = await desk.prober.probe(f"127.0.0.1:{port}", "sip_udp", 5)
        assert (report.success, report.status) == (False, int(status[:3]))


async def test_provisional_answers_and_those_to_others_are_passed_over() -> None:
    async with udp_peer(lambda request: ok(request, b"100 Trying")) as port:
        report = await Desk(**LOOPBACK).prober.probe(f"127.0.0.1:{port}", "sip_udp", 0.2)
    assert (report.success, report.status) == (False, 0)
    async with udp_peer(lambda request: ok(request).replace(b"branch=z9hG4bKrk", b"branch=z9hG4bKrk0")) as port:
        report = await Desk(**LOOPBACK).prober.probe(f"127.0.0.1:{port}", "sip_udp", 0.2)
    assert (report.success, report.status) == (False, 0)


async def test_silence_ends_with_the_time_given_and_the_request_was_repeated(
    autojump_clock: trio.testing.MockClock,
) -> None:
    heard = 0

    def say(request: bytes) -> None:
        nonlocal heard
        heard += 1

    autojump_clock.autojump_threshold = 0.01
    async with udp_peer(say) as port:
        report = await Desk(**LOOPBACK).prober.probe(f"127.0.0.1:{port}", "sip_udp", 5)
    assert report.success is False
    assert report.duration == pytest.approx(5, abs=0.1)
    assert heard == 4  # at 0, 0.5, 1.5 and 3.5 s
    assert "no final answer within 5 s" in report.log[-1]


async def test_nobody_there_is_a_failure_at_once() -> None:
    desk = Desk(**LOOPBACK)
    for module in ("sip_udp", "sip_tcp"):
        report = await desk.prober.probe("127.0.0.1:1", module, 5)
        assert (report.success, report.status) == (False, 0)
        assert report.duration < 1


@pytest.mark.parametrize("said", [b"HTTP/1.1 200 OK\r\n\r\n", b"\0" * 100, b"SIP/2.0 200 OK\r\nl: x\r\n\r\n"])
async def test_what_is_no_sip_is_a_failure(said: bytes) -> None:
    async with stream_peer(lambda _: said) as port:
        report = await Desk(**LOOPBACK).prober.probe(f"127.0.0.1:{port}", "sip_tcp", 0.3)
    assert (report.success, report.status) == (False, 0)


async def test_a_peer_that_closes_is_a_failure() -> None:
    async with stream_peer(lambda _: None) as port:
        report = await Desk(**LOOPBACK).prober.probe(f"127.0.0.1:{port}", "sip_tcp", 5)
    assert report.success is False
    assert report.duration < 1


async def refused(desk: Desk, target: str, module: str = "sip_udp") -> int:
    with pytest.raises(BadMessage) as caught:
        await desk.prober.probe(target, module, 0.05)
    return caught.value.status


@pytest.mark.parametrize("target", ["127.0.0.1:5060", "sip:10.1.2.7", "[::1]:5060", "localhost", "sip:pbx.example.net"])
async def test_by_default_nobody_may_be_probed(target: str) -> None:
    desk = Desk()
    desk.zone["pbx.example.net"] = ("10.1.2.7",)
    assert await refused(desk, target) == 403
    assert desk.prober.statistics().refused == {"target-forbidden": 1}


async def test_without_networks_dns_is_not_even_asked_for_strangers() -> None:
    desk = Desk()
    desk.zone["pbx.example.net"] = ("127.0.0.1",)
    with pytest.raises(BadMessage, match=r"pbx\.example\.net is neither"):
        await desk.prober.probe("pbx.example.net", "sip_udp", 1)


async def test_known_devices_and_connections_may_be_probed_at_their_very_port() -> None:
    async with udp_peer(ok) as port:
        desk = Desk()
        desk.known.devices["127.0.0.1", port] = MAC
        assert (await desk.prober.probe(f"127.0.0.1:{port}", "sip_udp", 5)).success
        assert await refused(desk, f"127.0.0.1:{port ^ 1}") == 403
        desk = Desk()
        trunk = desk.known.connections["trunk-a"] = Connection(connection(target="sip:sbc.example.net"), NOW)
        trunk.settle((Contact("sip:sbc.example.net", "127.0.0.1", port),))
        assert (await desk.prober.probe(f"127.0.0.1:{port}", "sip_udp", 5)).success


async def test_a_server_that_an_operator_named_may_be_probed_by_that_name() -> None:
    async with udp_peer(ok) as port:
        desk = Desk()
        desk.zone["pbx.example.net"] = ("127.0.0.1",)
        desk.known.servers["pbx"] = Server("pbx", f"sip:pbx.example.net:{port}")
        assert (await desk.prober.probe(f"sip:pbx.example.net:{port}", "sip_udp", 5)).success
        assert await refused(desk, f"sip:pbx.example.net:{port ^ 1}") == 403


async def test_a_name_is_judged_by_the_address_it_leads_to() -> None:
    desk = Desk(**LOOPBACK)
    desk.zone["rebound.example.net"] = ("169.254.169.254",)
    assert await refused(desk, "sip:rebound.example.net:80") == 403
    async with udp_peer(ok) as port:
        desk.zone["both.example.net"] = ("169.254.169.254", "127.0.0.1")
        report = await desk.prober.probe(f"sip:both.example.net:{port}", "sip_udp", 5)
    assert (report.success, report.address) == (True, "127.0.0.1")


async def test_a_name_that_leads_nowhere_is_a_failure_not_a_refusal() -> None:
    report = await Desk(**LOOPBACK).prober.probe("sip:nobody.example.net", "sip_udp", 5)
    assert (report.success, report.address) == (False, "")
    assert any("has no address" in line for line in report.log)


@pytest.mark.parametrize(
    ("target", "module"),
    [
        ("127.0.0.1", "http_2xx"),
        ("sip:127.0.0.1;maddr=192.0.2.1", "sip_udp"),
        ("sip:127.0.0.1;transport=tcp", "sip_udp"),
        ("sip:127.0.0.1?subject=x", "sip_udp"),
        ("sips:127.0.0.1", "sip_udp"),
        ("sip:127.0.0.1:99999", "sip_udp"),
        ("sip:a b", "sip_udp"),
        ("sip:x\r\nVia: y@127.0.0.1", "sip_udp"),
        ("tel:+49", "sip_udp"),
        ("x" * 500, "sip_udp"),
    ],
)
async def test_what_makes_no_sense_is_refused(target: str, module: str) -> None:
    assert await refused(Desk(**LOOPBACK), target, module) == 400


async def test_probes_under_way_are_bounded() -> None:
    async with udp_peer(lambda _: None) as port, trio.open_nursery() as nursery:
        desk = Desk(**LOOPBACK, concurrent=2)
        for _ in range(2):
            nursery.start_soon(desk.prober.probe, f"127.0.0.1:{port}", "sip_udp", 60)
        with trio.fail_after(5):
            while desk.prober.statistics().under_way < 2:
                await trio.lowlevel.checkpoint()
        assert await refused(desk, f"127.0.0.1:{port}") == 503
        nursery.cancel_scope.cancel()
    assert desk.prober.statistics().under_way == 0


async def test_the_rate_is_bounded_and_follows_a_reload() -> None:
    async with udp_peer(ok) as port:
        desk = Desk(**LOOPBACK, max_rate=2)
        for _ in range(2):
            await desk.prober.probe(f"127.0.0.1:{port}", "sip_udp", 5)
        assert await refused(desk, f"127.0.0.1:{port}") == 429
        desk.settings = settings(probe={**LOOPBACK, "max_rate": 100})
        assert (await desk.prober.probe(f"127.0.0.1:{port}", "sip_udp", 5)).success
    assert desk.prober.statistics().results == {"success": 3}
    assert desk.prober.statistics().refused == {"probe-rate": 1}
