"""Phones of a benchmark that get power at once, as lean as Python makes them: epoll, raw sockets, bytes laid out ahead.

Each has an address of its own and one connection for its whole start: configuration with what that includes, firmware
header, report. It goes on when its answer is there; who is told 503 hangs up and comes back after Retry-After, who is
cut off connects again. What is lost is counted here, on neutral ground. Not here: whom they talk to (`cold_start`).
"""

from __future__ import annotations

import heapq
import re
import select
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import count

from bench.keep_alive import FIRST_MAC
from bench.responder import address_of

ATTEMPTS = 20  # connections a phone opens for one start before it counts as lost
PATIENCE = 60.0  # seconds without a single answer, after which whoever is still under way is lost
ADDRESS_WITHOUT_PORT = 24  # IP_BIND_ADDRESS_NO_PORT of ip(7): the port is chosen when the other end is known

_AGENT = b"Host: 127.0.0.1:8081\r\nUser-Agent: AUDC-IPPhone/2.2.16.142 (420HD-Rev1; %012X)\r\n"
_FETCH = b"GET %s HTTP/1.1\r\n" + _AGENT + b"Accept: */*\r\n\r\n"
_LOOK = b"HEAD %s/firmwarefiles/420HD.img HTTP/1.1\r\n" + _AGENT + b"\r\n"
_REPORT = (
    b"POST %s/rest/v1/ipphoneMgrStatus/keep-alive HTTP/1.1\r\n"
    + _AGENT
    + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s"
)
_BODY = (
    b'{"sessionId":"%08x","emsUserName":"system","emsUserPassword":"00112233445566778899aabbccddeeff",'
    b'"mac":"%012x","ip":"127.0.0.1","subnet":"255.255.255.0","vLanId":"12","model":"420HD","fwVersion":"2.2.16.142",'
    b'"userAgent":"AUDC-IPPhone/2.2.16.142 (420HD-Rev1; %012X)","userName":"","userId":"","phoneNumber":"",'
    b'"status":"%s","location":"","sipProxy":"pbx-a.example.net"}'
)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)
_SECRET = re.compile(rb"/k/[^/\s]+")
_INCLUDE = re.compile(rb"^include +https?://[^/\s]+(/\S+)", re.MULTILINE)


class Step(Enum):
    """What a phone does when it starts, in this order."""

    CONFIGURATION = "configuration"
    INCLUDE = "included file"
    FIRMWARE = "firmware header"
    REPORT = "report"


STEPS = tuple(Step)


@dataclass
class Tally:
    """What became of a storm; `answers` counts by step those that were wanted, `odd` all others but 503s by status."""

    answers: Counter[Step] = field(default_factory=Counter)
    odd: Counter[int] = field(default_factory=Counter)
    done: int = 0
    lost: int = 0
    sent_away: int = 0
    broken: int = 0


@dataclass
class Memory:
    """What a phone keeps over power cuts: the secret in front of its paths, and what its file includes."""

    secret: bytes = b""
    include: bytes = b""


@dataclass(frozen=True)
class Storm:
    """Who starts, where they go, and how many of them at once; `status` is what they report."""

    port: int
    memories: tuple[Memory, ...]
    at_once: int
    status: bytes = b"started"


class _Phone:
    """One start under way."""

    __slots__ = ("attempts", "heard", "index", "sock", "steps", "unsaid")

    def __init__(self, index: int, steps: Iterator[Step]) -> None:
        self.index = index
        self.steps = steps
        self.attempts = 0
        self.heard = b""
        self.unsaid = b""
        self.sock: socket.socket | None = None


def boot(storm: Storm, steps: Iterable[Step] = STEPS) -> Tally:
    """Start every phone of the storm, with these steps; returns when all are done or lost."""
    return _Booting(storm, tuple(steps)).run()


class _Booting:
    """The storm while it lasts."""

    def __init__(self, storm: Storm, steps: tuple[Step, ...]) -> None:
        self._storm = storm
        self._steps = steps
        self._tally = Tally()
        self._epoll = select.epoll()
        self._under_way: dict[int, tuple[_Phone, Step]] = {}  # by descriptor
        self._later: list[tuple[float, int, _Phone, Step]] = []
        self._order = count()
        self._next = 0

    def run(self) -> Tally:
        heard_at = time.monotonic()
        while self._tally.done + self._tally.lost < len(self._storm.memories):
            self._fill()
            events = self._epoll.poll(0.05, 512)
            for descriptor, what in events:
                self._serve(descriptor, what)
            now = time.monotonic()
            if events or self._later:
                heard_at = now
            elif now - heard_at > PATIENCE:
                self._tally.lost += len(self._under_way)
                break
        self._epoll.close()
        return self._tally

    def _fill(self) -> None:
        """Let whoever may begin, or come again, do so."""
        now = time.monotonic()
        while self._later and self._later[0][0] <= now and len(self._under_way) < self._storm.at_once:
            _, _, phone, step = heapq.heappop(self._later)
            self._connect(phone, step)
        while self._next < len(self._storm.memories) and len(self._under_way) < self._storm.at_once:
            phone = _Phone(self._next, iter(self._steps))
            self._next += 1
            self._connect(phone, next(phone.steps))

    def _connect(self, phone: _Phone, step: Step) -> None:
        phone.attempts += 1
        if phone.attempts > ATTEMPTS:
            self._tally.lost += 1
            return
        sock = phone.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.IPPROTO_IP, ADDRESS_WITHOUT_PORT, 1)
        sock.bind((address_of(phone.index), 0))
        sock.connect_ex(("127.0.0.1", self._storm.port))
        self._under_way[sock.fileno()] = phone, step
        self._epoll.register(sock.fileno(), select.EPOLLIN | select.EPOLLOUT)
        phone.unsaid = self._request(phone.index, step)

    def _ask(self, phone: _Phone, step: Step) -> None:
        assert phone.sock is not None
        self._under_way[phone.sock.fileno()] = phone, step
        phone.sock.send(self._request(phone.index, step))  # a socket that was just answered has room

    def _serve(self, descriptor: int, what: int) -> None:
        phone, step = self._under_way[descriptor]
        sock = phone.sock
        assert sock is not None
        try:
            if phone.unsaid and what & select.EPOLLOUT:
                sock.send(phone.unsaid)
                phone.unsaid = b""
                self._epoll.modify(descriptor, select.EPOLLIN)
            if what & ~select.EPOLLOUT:
                phone.heard += self._receive(sock)
                self._understand(phone, step)
        except BlockingIOError:
            return
        except OSError:
            self._tally.broken += 1
            self._hang_up(phone)
            self._later_again(phone, step, 0.5)

    @staticmethod
    def _receive(sock: socket.socket) -> bytes:
        data = sock.recv(65536)
        if not data:
            raise ConnectionResetError("closed by the server")
        return data

    def _understand(self, phone: _Phone, step: Step) -> None:
        """Take an answer if it is whole by now."""
        data = phone.heard
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return
        status = int(data[9:12])
        length = _LENGTH.search(data, 0, end + 2)
        wanted = end + 4 + (int(length[1]) if length and step is not Step.FIRMWARE else 0)
        if len(data) < wanted:
            return
        phone.heard = b""
        if status == 200:
            self._tally.answers[step] += 1
            self._remember(phone.index, step, data)
            self._go_on(phone)
        elif status == 503:
            self._tally.sent_away += 1
            pause = _RETRY_AFTER.search(data, 0, end + 2)
            self._hang_up(phone)
            self._later_again(phone, step, float(pause[1]) if pause else 5.0)
        else:
            self._tally.odd[status] += 1
            self._tally.lost += 1
            self._hang_up(phone)

    def _remember(self, index: int, step: Step, data: bytes) -> None:
        memory = self._storm.memories[index]
        if step is Step.CONFIGURATION and not memory.secret:
            secret, include = _SECRET.search(data), _INCLUDE.search(data)
            memory.secret = secret[0] if secret else b""
            memory.include = include[1] if include else b""

    def _go_on(self, phone: _Phone) -> None:
        for step in phone.steps:
            if step is not Step.INCLUDE or self._storm.memories[phone.index].include:
                self._ask(phone, step)
                return
        self._tally.done += 1
        self._hang_up(phone)

    def _hang_up(self, phone: _Phone) -> None:
        assert phone.sock is not None
        del self._under_way[phone.sock.fileno()]
        phone.sock.close()
        phone.sock, phone.heard, phone.unsaid = None, b"", b""

    def _later_again(self, phone: _Phone, step: Step, pause: float) -> None:
        heapq.heappush(self._later, (time.monotonic() + pause, next(self._order), phone, step))

    def _request(self, index: int, step: Step) -> bytes:
        mac, memory = FIRST_MAC + index, self._storm.memories[index]
        match step:
            case Step.CONFIGURATION:
                folder = memory.secret + b"/configfiles" if memory.secret else b"/ipp/tenant/acme"
                return _FETCH % (b"%s/%012x.cfg" % (folder, mac), mac)
            case Step.INCLUDE:
                return _FETCH % (memory.include, mac)
            case Step.FIRMWARE:
                return _LOOK % (memory.secret, mac)
            case Step.REPORT:
                body = _BODY % (index, mac, mac, self._storm.status)
                return _REPORT % (memory.secret, mac, len(body), body)
