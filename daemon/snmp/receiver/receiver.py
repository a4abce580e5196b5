"""Listens for traps and informs of SBCs, gateways and whatever else sends them, and tells the fleet.

One task for each socket, one that answers informs: only when what an inform caused is on disk is it acknowledged, so
that its sender may forget it. Whatever arrives is counted by its reason; nothing of it ends this program. What comes
from addresses that devices were heard from has a rate of its own, so that a flood of strangers hides none of them.

Not here: what a datagram holds (`opening`), what a notification says (`heard`), who is believed (`belief`), what
follows (`daemon.fleet.trap_events`).
"""

from __future__ import annotations

import socket
import struct
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import structlog
import trio

from daemon.config.listen import Listen
from daemon.config.snmp_settings import Snmp
from daemon.errors import BadMessage, StoreUnavailable
from daemon.fleet.delivery import Deliver, Delivery
from daemon.scheduler.clock import Clock
from daemon.scheduler.pacing import TokenBucket
from daemon.snmp.pdu import PduType
from daemon.snmp.receiver import belief
from daemon.snmp.receiver.heard import Heard, understand
from daemon.snmp.receiver.heard_memory import Kinds, Remarks
from daemon.snmp.receiver.opening import Opened, open_datagram
from daemon.snmp.v3.engine import Engine, NotAccepted

log = structlog.get_logger("snmp")

LARGEST_DATAGRAM = 65535
# Datagrams taken from one socket before somebody else gets a turn: so many keep-alives take 6 ms.
HANDFUL = 64
# No more are taken in this turn once it lasted so many seconds: the costliest take 10 ms each (1,000 long names).
TURN = 0.01
# What the kernel keeps for us meanwhile: a second of `max_rate`, as it counts; less where net.core.rmem_max is lower.
BUFFER = 2 * 1024 * 1024
# Informs that wait for the disk; their senders repeat them anyway.
MOST_WAITING = 1024
LOG_LINES_A_MINUTE = 30
_SO_MEMINFO = 55  # linux/sock_diag.h; the last of its nine numbers counts the drops
_MEMINFO = struct.Struct("=9I")

Address = tuple[str, int]


class Directory(belief.Directory, Protocol):
    """What the receiver asks the fleet."""

    def is_source(self, address: str) -> bool:
        """Whether any device was last heard from this network address."""


@dataclass(frozen=True, slots=True)
class ReceiverStatistics:
    """Since start: datagrams, those `taken` by what they were, those `ignored` by reason, informs acknowledged.

    `waiting` informs are not on disk yet; `kinds` of notification are remembered that nobody understood. `overflown`
    datagrams the kernel threw away, because they came faster than we took them in.
    """

    received: int
    overflown: int
    taken: dict[str, int]
    ignored: dict[str, int]
    acknowledged: int
    waiting: int
    kinds: int


class _Waiting(NamedTuple):
    """An inform that may be acknowledged once what it caused is durable."""

    delivery: Delivery
    opened: Opened
    own: socket.socket
    sender: Address


class Receiver:
    """Hears what the settings in force let it hear; made inside `trio.run`."""

    _deliver: Deliver  # given to `run`, before which nothing can happen

    def __init__(self, settings: Snmp, directory: Directory, engine: Engine, clock: Clock) -> None:
        self.addresses: list[Listen] = []
        self._listen = settings.receiver.listen
        self._own: list[socket.socket] = []
        self._directory = directory
        self._engine = engine
        self._clock = clock
        self._received = self._acknowledged = 0
        self._taken: Counter[str] = Counter()
        self._ignored: Counter[str] = Counter()
        self._kinds = Kinds(settings.receiver.max_kinds)
        self._remarks = Remarks()
        self._lines = TokenBucket.per_minute(LOG_LINES_A_MINUTE)
        self._kind_lines = TokenBucket.per_minute(LOG_LINES_A_MINUTE)  # its own: a flood must not hide a new kind
        self._informs, self._waiting = trio.open_memory_channel[_Waiting](MOST_WAITING)
        self.apply(settings)

    def apply(self, settings: Snmp) -> None:
        """Take new settings; but sockets stay as they are."""
        self._settings = chosen = settings.receiver
        self._communities = tuple(community.get_secret_value().encode() for community in chosen.communities)
        self._users = frozenset(chosen.users)
        self._kinds.limit = chosen.max_kinds
        self._of_ours = TokenBucket(chosen.max_rate, chosen.max_rate)
        self._of_strangers = TokenBucket(chosen.max_rate, chosen.max_rate)

    async def run(self, deliver: Deliver, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until cancelled; `OSError` if an address cannot be had."""
        self._deliver = deliver
        with ExitStack() as stack:
            self._own = [stack.enter_context(_bound(listen)) for listen in self._listen]
            self.addresses = [Listen("udp", *own.getsockname()[:2]) for own in self._own]
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._acknowledge)
                for own in self._own:
                    nursery.start_soon(self._listen_on, own)
                if self.addresses:
                    log.info("listening", event_name="trap-listening", addresses=list(map(str, self.addresses)))
                task_status.started()

    def statistics(self) -> ReceiverStatistics:
        """What became of what arrived."""
        return ReceiverStatistics(
            received=self._received,
            overflown=sum(map(_overflown, self._own)),
            taken=dict(self._taken),
            ignored=dict(self._ignored),
            acknowledged=self._acknowledged,
            waiting=self._waiting.statistics().current_buffer_used,
            kinds=len(self._kinds),
        )

    async def _listen_on(self, own: socket.socket) -> None:
        while True:
            await trio.lowlevel.wait_readable(own)
            with suppress(BlockingIOError):
                ends = self._clock.now() + TURN
                for _ in range(HANDFUL):
                    datagram, sender = own.recvfrom(LARGEST_DATAGRAM)
                    self._take(datagram, sender[:2], own)
                    if self._clock.now() >= ends:
                        break

    def _take(self, datagram: bytes, sender: Address, own: socket.socket) -> None:
        """One datagram that arrived; whatever it is, nothing raises out of here."""
        now = self._clock.now()
        self._received += 1
        bucket = self._of_ours if self._directory.is_source(sender[0]) else self._of_strangers
        if not bucket.take(now):
            self._ignored["rate"] += 1
            return
        try:
            opened = open_datagram(datagram, self._communities, self._users, self._engine, now)
            delivery = self._hear(opened, sender[0], now)
            if opened.pdu.type is PduType.INFORM:
                self._informs.send_nowait(_Waiting(delivery, opened, own, sender))
        except NotAccepted as refused:
            self._ignore(refused.reason, sender[0], now)
            if refused.report:
                self._send(refused.report, own, sender)
        except BadMessage as bad:
            self._ignore(bad.reason, sender[0], now)
        except trio.WouldBlock:
            self._ignore("busy", sender[0], now)
        except Exception:  # the guard of the receive loop: one message must not cost the others their service
            self._ignored["internal"] += 1
            log.exception("a notification could not be handled", source=sender[0], size=len(datagram))

    def _hear(self, opened: Opened, source: str, now: float) -> Delivery:
        heard = understand(opened.pdu)
        mac = belief.device_of(heard, source, self._directory)
        if mac is None:
            raise BadMessage("unknown_device", "it is about no device of ours")
        networks, directory = self._settings.networks, self._directory
        if reason := belief.doubt(mac, source, networks, directory, proven=opened.proven):
            raise BadMessage(reason, f"of {mac}")
        self._taken[_what(heard)] += 1
        if not heard.known and self._kinds.is_new(heard.kind) and self._kind_lines.take(now):
            kind = ".".join(map(str, heard.kind))
            log.info("a notification that is not understood", event_name="trap-unknown", kind=kind, device=mac)
        if heard.remark and not self._remarks.is_news(mac, heard.remark, now):
            heard = replace(heard, remark="")
        return self._deliver(heard.event(mac, source))

    async def _acknowledge(self) -> None:
        """Answer informs, in the order in which they came."""
        async for delivery, opened, own, sender in self._waiting:
            try:
                await delivery.stored()
            except StoreUnavailable:
                self._ignored["store"] += 1
                continue
            self._acknowledged += self._send(opened.response(self._clock.now()), own, sender)

    def _send(self, datagram: bytes, own: socket.socket, sender: Address) -> bool:
        """Whether it left; whoever gets no answer asks again."""
        try:
            own.sendto(datagram, sender)
        except OSError:
            self._ignored["unsendable"] += 1
            return False
        return True

    def _ignore(self, reason: str, source: str, now: float) -> None:
        self._ignored[reason] += 1
        if self._lines.take(now):
            log.info("a notification was ignored", event_name="trap-ignored", reason=reason, source=source)


def _what(heard: Heard) -> str:
    if heard.keep_alive:
        return "keep_alive"
    if heard.alert:
        return "alarm"
    if heard.remark:
        return "event"
    return "other" if heard.known else "unknown"


def _overflown(own: socket.socket) -> int:
    try:
        *_, dropped = _MEMINFO.unpack(own.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))
    except (OSError, struct.error):  # a kernel before 4.12, or our end
        return 0
    return int(dropped)


def _bound(listen: Listen) -> socket.socket:
    """A socket that listens there and never blocks; `OSError` that names the address if it cannot be had."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    own = socket.socket(family, socket.SOCK_DGRAM)
    own.setblocking(False)
    with suppress(OSError):
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    if family == socket.AF_INET6:  # an IPv4 device is to be 192.0.2.7 everywhere, never ::ffff:192.0.2.7
        own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        own.bind((listen.host, listen.port))
    except OSError as error:
        own.close()
        raise OSError(error.errno, f"cannot listen on {listen}: {error.strerror}") from error
    return own
