"""Invariant: whatever 2,000 mutated messages reach the three listeners of a daemon, each is refused, answered or met
with silence, by its own fault and never by ours; the daemon goes on serving and its log holds no traceback."""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import structlog
import trio
from structlog.testing import capture_logs

from tests.support.desk_phone import ALERT, KEEP_ALIVE, DeskPhone
from tests.support.sip_messages import register, request
from tests.support.sip_wire import ok, open_phone
from tests.support.whole_daemon import WholeDaemon, a_device, an_inventory, whole_daemon, write_config

SEED, PHONES, OPERATORS, DATAGRAMS = 8081, 900, 500, 600
AT_ONCE = 8
MAC = "00908f4867af"
PIECES = (
    b"\r\n",
    b"\r\n\r\n",
    b'"',
    b"{",
    b"[",
    b"]}",
    b",",
    b":",
    b"\0",
    b"\xff\xfe",
    b"%00",
    b"/../",
    b"9" * 30,
    b"\\",
)


def http(method: str, path: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


REPORT = {"mac": MAC, "status": "registered", "model": "420HD", "fwVersion": "2.2.16", "vLanId": "0", "location": "hq"}
ALARM = {"alerts": [{"name": "X", "severity": "5", "source": f"IPPhone/{MAC}", "type": 1, "probableCause": 5}]}
TO_PHONES = (
    http("POST", KEEP_ALIVE, json.dumps(REPORT).encode(), "Content-Type: application/json"),
    http("POST", KEEP_ALIVE, b'{"mac":"%s",}' % MAC.encode()),
    http("POST", ALERT, json.dumps(ALARM).encode()),
    http("GET", f"/ipp/tenant/acme/{MAC}.cfg"),
    http("GET", "/ipp/dhcpoption160.cfg", b"", "User-Agent: AUDC-IPPhone/2.2.16 (420HD-Rev0; 00908F4867AF)"),
    http("GET", f"/k/{'A' * 32}/configfiles/{MAC}.cfg", b"", "If-None-Match: *"),
    http("GET", "/firmwarefiles/420HD.img", b"", "Range: bytes=0-1023"),
    b"POST "
    + KEEP_ALIVE.encode()
    + b' HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"mac\r\n0\r\n\r\n',
)
TO_OPERATORS = (
    http("GET", "/api/v1/devices?limit=10&sort=-mac&model=420HD&cursor=WyJtYWMiLCJhIiwiYiJd"),
    http("GET", f"/api/v1/devices/{MAC}"),
    http("POST", f"/api/v1/devices/{MAC}/requests", b'{"action":"reset_graceful","expires_in":"30m"}'),
    http("POST", f"/api/v1/devices/{MAC}/approve", b'{"tenant":"acme","number":"2041"}'),
    http("POST", "/api/v1/inventory?dry_run=true", json.dumps(an_inventory(a_device(MAC, "2041"))).encode()),
    http("POST", "/api/v1/operators", b'{"name":"ann","role":"monitor"}'),
    http("GET", "/api/v1/summary", b"", "Authorization: Bearer x", "Cookie: ringkeeper_session=x"),
    http("GET", "/metrics"),
    http("GET", "/", b"", "Accept: text/html"),
)
TO_SIP = (request(), register(), request("INVITE"), request("PUBLISH"), ok(request()), b"\r\n\r\n", b"\0\1" + bytes(18))


def mutated(dice: random.Random, corpus: tuple[bytes, ...]) -> bytes:
    """One of the corpus with some of its bytes changed, cut out, doubled, or something nasty put in."""
    data = bytearray(dice.choice(corpus))
    for _ in range(dice.randint(1, 5)):
        place, length = dice.randrange(len(data) + 1), dice.randint(1, 30)
        match dice.randrange(5):
            case 0:
                data[place : place + 1] = dice.randbytes(1)
            case 1:
                del data[place : place + length]
            case 2:
                data[place:place] = data[place : place + length] * dice.randint(1, 50)
            case _:
                data[place:place] = dice.choice(PIECES)
    return bytes(data)


async def answers(stream: trio.abc.HalfCloseableStream, message: bytes) -> list[int]:
    """The statuses of all that came back until the daemon closed the connection."""
    async with stream:
        try:
            await stream.send_all(message)
            await stream.send_eof()
            heard = b"".join([bytes(piece) async for piece in stream])
        except trio.BrokenResourceError:  # it had heard enough
            return []
    return [int(piece[:3]) for piece in heard.split(b"HTTP/1.1 ")[1:] if piece[:3].isdigit()]


async def all_answers(connect: Callable[[], Awaitable[trio.SocketStream]], messages: list[bytes]) -> list[int]:
    """The same for many messages, some at once."""
    statuses: list[int] = []
    waiting = list(reversed(messages))

    async def one_after_another() -> None:
        while waiting:
            message = waiting.pop()
            with trio.fail_after(30):
                statuses.extend(await answers(await connect(), message))

    async with trio.open_nursery() as nursery:
        for _ in range(AT_ONCE):
            nursery.start_soon(one_after_another)
    return statuses


async def test_the_three_listeners_of_a_daemon_survive_anything(tmp_path: Path) -> None:
    dice, before = random.Random(SEED), structlog.get_config()
    with capture_logs() as log:
        async with whole_daemon(write_config(tmp_path, an_inventory(a_device(MAC, "2041")))) as daemon:
            host, port = daemon.running.phones_url.removeprefix("http://").split(":")
            phones = partial(trio.open_tcp_stream, host, int(port), local_address="127.10.1.7")
            operators = partial(trio.open_unix_socket, daemon.running.socket_path)
            statuses = await all_answers(phones, [mutated(dice, TO_PHONES) for _ in range(PHONES)])
            statuses += await all_answers(operators, [mutated(dice, TO_OPERATORS) for _ in range(OPERATORS)])
            await sip_survives(daemon, [mutated(dice, TO_SIP) for _ in range(DATAGRAMS)])
            await it_still_works(daemon)
            metrics = (await daemon.client.get("/metrics")).text
    structlog.configure(**before)
    assert [line for line in log if line.get("exc_info") or line["log_level"] == "error"] == []
    assert {status for status in statuses if status >= 500} <= {501}  # a transfer coding nobody knows
    assert len([status for status in statuses if status >= 400]) > (PHONES + OPERATORS) / 4
    for listener in ("phones", "operators"):
        assert f'ringkeeper_http_failures_total{{listener="{listener}"}} 0.0' in metrics
    for listener, reasons in {"phones": 1, "operators": 1, "sip": 5}.items():
        assert metrics.count(f'ringkeeper_refused_total{{listener="{listener}"') >= reasons
    assert metrics.count("ringkeeper_phone_requests_refused_total{") > 4


async def sip_survives(daemon: WholeDaemon, datagrams: list[bytes]) -> None:
    """Send them all; an ordinary question in between is answered, so what came before was handled."""
    async with open_phone(daemon.sip) as phone:
        for number, datagram in enumerate(datagrams):
            await phone.say(datagram)
            if number % 50 == 49:
                await phone.say(request(call_id=f"settled-{number}"))
                while f"Call-ID: settled-{number}".encode() not in await phone.hear():
                    pass


async def it_still_works(daemon: WholeDaemon) -> None:
    """The everyday."""
    await daemon.tell("/inventory", an_inventory(a_device(MAC, "2041")))
    assert (await DeskPhone(daemon.running.phones_url, MAC).keep_alive("registered")).status == 200
    assert (await daemon.see(f"/devices/{MAC}"))["presence"] == "REGISTERED"
    assert await daemon.ready() == 200
