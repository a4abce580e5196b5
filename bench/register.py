"""How many REGISTERs a second are proved by digest and durable before they get their 200, on one core?

The daemon's own way through real sockets (SIP endpoint, registrar, fleet, store) on the first core; on the last one
4,000 phones, each at an address of its own, of which so many have a REGISTER under way at any moment. A phone asks, is
challenged, proves its password (SHA-256), and refreshes with a rising count until the nonce is stale. Every refresh
changes the binding, so every one is written (SQLite, synchronous=FULL). Measured in turn with (a) that, (b) nobody
asked for a proof, (c) a store that keeps nothing, (d) nonces that are stale whenever a phone comes back, so that every
refresh is challenged and comes twice.

    .venv/bin/python -m bench.register [--phones 4000] [--under-way 256] [--seconds 8] [--rounds 3] [--dir FOLDER]
"""

from __future__ import annotations

import argparse
import base64
import gc
import hashlib
import logging
import multiprocessing
import os
import re
import socket
import struct
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Literal

import structlog
import trio

from bench.pinging import DOMAIN, DroppingStore
from bench.qualify import cpu_of
from bench.responder import BUFFER, address_of, first_core, last_core
from daemon.config.listen import Listen
from daemon.config.settings import Settings, Sip
from daemon.fleet.fleet import Fleet
from daemon.fleet.model import DeviceRecord, Mac
from daemon.fleet.records import Snapshot
from daemon.provisioning.sealing import Sealer, password_of
from daemon.scheduler.clock import Clock
from daemon.sip.endpoint import SipEndpoint
from daemon.store.store import Store, open_store
from daemon.switchboard import Switchboard

BUDGET = 2000  # a second
SETTLE = 3.0  # seconds that are not counted: every phone's first REGISTER is among them
PATIENCE = 1.0  # seconds until a phone repeats itself
# Seconds that nonces live where every refresh is challenged: longer than an answer to a challenge is under way (0.1 s
# with 256 of them), shorter than the pause of a phone (2 s with 4,000 of them).
SHORT_LIVED = 0.5
IP_PKTINFO = 8  # ip(7): the socket module has no name for it
_PKTINFO = struct.Struct("=I4s4s")
_NONCE = re.compile(rb'nonce="([^"]*)", algorithm=SHA-256[,\r]')
_OPAQUE = re.compile(rb'opaque="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Load:
    """Who registers, and how."""

    phones: int
    under_way: int
    seconds: float
    folder: Path
    nonce_lifetime: float
    proof: Literal["always", "never"] = "always"
    durable: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it; waits in seconds, from the first REGISTER to the 200, challenges included."""

    rate: float
    p50: float
    p99: float
    each: float  # processor seconds of the daemon for each 200
    busy: float  # the share of its core that the daemon had
    load: float  # the share of its core that the phones took
    challenged: float  # challenges for each 200
    repeated: int

    def __str__(self) -> str:
        return (
            f"{self.rate:7,.0f}/s   p50 {self.p50 * 1e3:5.0f} ms   p99 {self.p99 * 1e3:5.0f} ms"
            f"   {self.each * 1e6:4.0f} µs each, {self.busy:.0%} of the core; the phones' {self.load:.0%};"
            f" {self.challenged:.2f} challenges each, {self.repeated} repeated"
        )


class Phone:
    """One that registers again and again."""

    def __init__(self, number: int) -> None:
        self.user = str(number)
        self.asked_at = 0.0  # when its present REGISTER was first sent; 0 if none is under way
        self.sent_at = 0.0
        self.request = self.branch = b""
        self._sequence = self._count = 0
        self._nonce = self._opaque = ""
        self._secret = _sha256(f"{number}:{DOMAIN}:{_password(number)}")
        self.ancillary = (
            (socket.IPPROTO_IP, IP_PKTINFO, _PKTINFO.pack(0, socket.inet_aton(address_of(number)), bytes(4))),
        )

    def challenged(self, answer: bytes) -> None:
        """Take the nonce it is given."""
        nonce, opaque = _NONCE.search(answer), _OPAQUE.search(answer)
        if not nonce or not opaque:
            raise SystemExit(f"not a challenge that a phone can answer: {answer!r}")
        self._nonce, self._opaque, self._count = nonce[1].decode(), opaque[1].decode(), 0

    def compose(self, port: int) -> None:
        """The next REGISTER."""
        self._sequence += 1
        user, host = self.user, address_of(int(self.user))
        self.branch = b"%s-%d" % (user.encode(), self._sequence)
        self.request = (
            f"REGISTER sip:{DOMAIN} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{user}-{self._sequence}\r\nMax-Forwards: 70\r\n"
            f"From: <sip:{user}@{DOMAIN}>;tag={user}\r\nTo: <sip:{user}@{DOMAIN}>\r\nCall-ID: {user}@{host}\r\n"
            f"CSeq: {self._sequence} REGISTER\r\nContact: <sip:{user}@{host}:{port}>;expires=3600\r\n"
            "User-Agent: AUDC-IPPhone/2.2.16.142 (420HD-Rev1; 00908F4867AF)\r\n"
            f"{self._proof()}Content-Length: 0\r\n\r\n"
        ).encode()

    def _proof(self) -> str:
        if not self._nonce:
            return ""
        self._count += 1
        fresh = f"{self._nonce}:{self._count:08x}:{self.user}:auth"
        response = _sha256(f"{self._secret}:{fresh}:{_REQUEST}")
        return (
            f'Authorization: Digest username="{self.user}", realm="{DOMAIN}", nonce="{self._nonce}",'
            f' uri="sip:{DOMAIN}", response="{response}", algorithm=SHA-256, opaque="{self._opaque}", qop=auth,'
            f' nc={self._count:08x}, cnonce="{self.user}"\r\n'
        )


class Phones:
    """All of them, on one socket that takes each one's own address."""

    def __init__(self, load: Load, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self._socket.bind(("0.0.0.0", 0))
        self._socket.settimeout(PATIENCE / 4)
        self._port = self._socket.getsockname()[1]
        self._phones = [Phone(number) for number in range(load.phones)]
        self._next = 0
        self.waits: list[float] = []
        self.counts: Counter[str] = Counter()
        for _ in range(min(load.under_way, load.phones)):
            self._begin()

    def run(self, seconds: float) -> None:
        """Register as fast as it is answered."""
        end = time.monotonic() + seconds
        look_at = 0.0
        while (now := time.monotonic()) < end:
            if now > look_at:
                look_at = now + PATIENCE / 4
                self._repeat(now)
            try:
                answer, source = self._socket.recvfrom(65535)
            except TimeoutError:
                continue
            if answer.startswith(b"OPTIONS "):
                self._socket.sendto(b"SIP/2.0 200 OK" + answer[answer.index(b"\r\n") :], source)
            else:
                self._take(answer)

    def close(self) -> None:
        """They are gone."""
        self._socket.close()

    def _take(self, answer: bytes) -> None:
        at = answer.index(b"z9hG4bK") + 7
        phone = self._phones[int(answer[at : answer.index(b"-", at)])]
        branch = answer[at : answer.index(b"\r\n", at)].partition(b";")[0]
        if not phone.asked_at or branch != phone.branch:
            self.counts["old"] += 1
        elif answer.startswith(b"SIP/2.0 200 "):
            self.waits.append(time.monotonic() - phone.asked_at)
            phone.asked_at = 0.0
            self._begin()
        elif answer.startswith(b"SIP/2.0 401 "):
            self.counts["challenged"] += 1
            phone.challenged(answer)
            self._send(phone)
        else:
            raise SystemExit(f"not an answer to expect: {answer!r}")

    def _begin(self) -> None:
        phone = self._phones[self._next % len(self._phones)]
        self._next += 1
        phone.asked_at = time.monotonic()
        self._send(phone)

    def _send(self, phone: Phone) -> None:
        phone.compose(self._port)
        self._transmit(phone)

    def _transmit(self, phone: Phone) -> None:
        phone.sent_at = time.monotonic()
        self._socket.sendmsg((phone.request,), phone.ancillary, 0, self._to)

    def _repeat(self, now: float) -> None:
        for phone in self._phones:
            if phone.asked_at and now - phone.sent_at > PATIENCE:
                self.counts["repeated"] += 1
                self._transmit(phone)


def serve(load: Load, ready: Connection) -> None:
    """The daemon's part."""
    os.sched_setaffinity(0, {first_core()})
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    trio.run(_serve, load, ready)


async def _serve(load: Load, ready: Connection) -> None:
    clock, sealer = Clock(), Sealer(base64.urlsafe_b64encode(bytes(32)))
    sip = Sip(
        listen=(Listen("udp", "127.0.0.1", 0),),
        domain=DOMAIN,
        authentication=load.proof,
        nonce_lifetime=load.nonce_lifetime,
    )
    settings = Settings(sip=sip)
    async with _store(load, clock) as store, trio.open_nursery() as nursery:
        fleet = Fleet(settings, Snapshot(records=tuple(_record(n, sealer) for n in range(load.phones))), clock.now())
        switchboard = Switchboard(fleet, store, clock)
        endpoint = SipEndpoint(sip, settings.qualify, fleet, clock, password_of=partial(password_of, fleet, sealer))
        switchboard.connect_sip(endpoint.submit)
        gc.freeze()
        if isinstance(store, Store):
            nursery.start_soon(store.run, switchboard.deliver)
        await nursery.start(endpoint.run, switchboard.deliver)
        nursery.start_soon(switchboard.driver.run)
        ready.send(endpoint.addresses[0].port)
        await trio.sleep_forever()


@asynccontextmanager
async def _store(load: Load, clock: Clock) -> AsyncIterator[Store | DroppingStore]:
    if not load.durable:
        yield DroppingStore()
        return
    async with open_store(load.folder / "bench.db", {}, Settings().store, clock) as store:
        yield store


def _record(number: int, sealer: Sealer) -> DeviceRecord:
    return DeviceRecord(Mac(f"00908f{number:06x}"), number=str(number), sip_password=sealer.seal(_password(number)))


def _password(number: int) -> str:
    return f"secret of {number}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_REQUEST = _sha256(f"REGISTER:sip:{DOMAIN}")


def measure(load: Load) -> Result:
    """One daemon from start to end."""
    context = multiprocessing.get_context("spawn")
    told, tells = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(dir=load.folder, prefix="bench-") as folder:
        server = context.Process(target=serve, args=(replace(load, folder=Path(folder)), tells), daemon=True)
        server.start()
        try:
            return _drive(load, told.recv(), server.pid or 0)
        finally:
            server.terminate()
            server.join()


def _drive(load: Load, port: int, pid: int) -> Result:
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {last_core()})
    phones = Phones(load, port)
    phones.run(SETTLE)
    phones.waits.clear()
    phones.counts.clear()
    spent, own, began = cpu_of([pid]), time.process_time(), time.monotonic()
    phones.run(load.seconds)
    wall, own, spent = time.monotonic() - began, time.process_time() - own, cpu_of([pid]) - spent
    phones.close()
    os.sched_setaffinity(0, cores)
    waits = sorted(phones.waits)
    return Result(
        rate=len(waits) / wall,
        p50=waits[len(waits) // 2],
        p99=waits[len(waits) * 99 // 100],
        each=spent / len(waits),
        busy=spent / wall,
        load=own / wall,
        challenged=phones.counts["challenged"] / len(waits),
        repeated=phones.counts["repeated"],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phones", type=int, default=4000)
    parser.add_argument("--under-way", type=int, default=256, help="REGISTERs at any moment")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nonce-lifetime", type=float, default=Sip().nonce_lifetime, help="seconds; but for (d)")
    parser.add_argument("--dir", type=Path, default=Path.cwd(), help="where the database is; not a RAM disk")
    given = parser.parse_args()
    print(f"{given.phones:,} phones, {given.under_way} under way; load average {os.getloadavg()[0]:.2f}")
    scene: Callable[..., Load] = partial(
        Load, given.phones, given.under_way, given.seconds, given.dir, given.nonce_lifetime
    )
    scenes = {
        "(a) proved and durable": scene(),
        "(b) no proof, durable": scene(proof="never"),
        "(c) proved, kept nowhere": scene(durable=False),
        "(d) every one challenged": replace(scene(), nonce_lifetime=SHORT_LIVED),
    }
    results: dict[str, list[Result]] = {name: [] for name in scenes}
    for _ in range(given.rounds):
        for name, load in scenes.items():
            results[name].append(measure(load))
            print(f"  {name:26} {results[name][-1]}   load average {os.getloadavg()[0]:.2f}", flush=True)
    rates = {name: median(one.rate for one in each) for name, each in results.items()}
    whole, *others = rates
    for name in others:
        print(f"(a)/{name[:3]} {rates[whole] / rates[name]:.2f} of the rate")
    print(f"median {rates[whole]:,.0f} a second, budget {BUDGET:,}: {'met' if rates[whole] >= BUDGET else 'MISSED'}")


if __name__ == "__main__":
    main()
