"""What comes in and is no answer to a ping: keep-alives, STUN, requests, answers to our check-syncs.

The same for every transport. A request that changes something is served once however often it arrives, and answered
when the disk holds what it changed; those answers wait in a bounded queue with a task of their own, so that nobody who
receives ever waits for the disk. Everything else is answered at once and forgotten, since the same answer can be made
again. Not here: sockets (`endpoint`), which answer (`uas`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

import structlog
import trio

from daemon.config.settings import Sip
from daemon.errors import BadMessage, StoreUnavailable
from daemon.fleet.commands import SendNotify
from daemon.fleet.delivery import Deliver, Delivery
from daemon.fleet.events import LifeSign, Registered, ResyncEnded
from daemon.fleet.model import Mac
from daemon.scheduler.clock import Clock
from daemon.scheduler.driver import Driver
from daemon.scheduler.pacing import TokenBucket
from daemon.sip.flood import Flood
from daemon.sip.message import Request, Source
from daemon.sip.parser import parse
from daemon.sip.responses import Reply
from daemon.sip.resyncs import Order, Resyncs
from daemon.sip.stun import answer as stun_answer
from daemon.sip.stun import is_stun
from daemon.sip.transactions.client import SendMessage
from daemon.sip.transactions.server import New, Replay, ServerTransactions
from daemon.sip.uas import UserAgentServer

log = structlog.get_logger("sip")

# Answers that may wait for the disk: two seconds of 2,000 REGISTERs. A phone repeats itself for 32 s anyway.
MAX_WAITING = 4096
RETRY_AFTER = 30  # seconds; half the shortest expiry, so the phone is back before its registration ends
# Requests that change something, and therefore must not be served twice.
CHANGING = frozenset(("REGISTER", "PUBLISH"))


class Directory(Protocol):
    """What the intake asks the fleet."""

    def mac_at(self, host: str, port: int) -> Mac | None:
        """Which device's present contact is at this address."""


class Way(Protocol):
    """The way back to whoever sent something: `send` a message there; `answer` by the rules for responses."""

    @property
    def source(self) -> Source:
        """Where it came from."""

    def send(self, data: bytes) -> bool:
        """Straight to the source; whether it left."""

    def answer(self, request: Request, data: bytes) -> bool:
        """Where the response to `request` belongs (RFC 3261 section 18.2.2); whether it left."""


class _Waiting(NamedTuple):
    """An answer that may leave once what it promises is durable."""

    deliveries: tuple[Delivery, ...]
    way: Way
    request: Request
    reply: Reply
    transaction: bytes


class Intake:
    """Takes in whatever is not the pinger's. `counts` and `refused` are its figures."""

    _deliver: Deliver  # given to `run`, before which nothing can happen

    def __init__(
        self,
        settings: Sip,
        uas: UserAgentServer,
        resyncs: Resyncs,
        directory: Directory,
        clock: Clock,
        *,
        say: Callable[[Source, bytes], bool],
        hold: Callable[[Source, float], None],
    ) -> None:
        """`say` sends where no request came from; `hold` keeps a connection open until a time."""
        self.counts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.transactions = ServerTransactions()
        self._uas = uas
        self._resyncs = resyncs
        self._resync_driver: Driver[Order] = Driver(resyncs, clock, self._carry_out)
        self._directory = directory
        self._clock = clock
        self._say = say
        self._hold = hold
        self._flood = Flood()
        self._replies, self._waiting = trio.open_memory_channel[_Waiting](MAX_WAITING)
        self.apply(settings)

    def __len__(self) -> int:
        """How many answers wait for the disk."""
        return self._waiting.statistics().current_buffer_used

    def apply(self, settings: Sip) -> None:
        """A reload."""
        self._log_lines = TokenBucket.per_minute(settings.log_lines_per_minute)

    def submit(self, order: SendNotify) -> None:
        """Send a check-sync; what becomes of it is told as an event."""
        self._carry_out(self._resyncs.submit(order, self._clock.now()))
        self._resync_driver.poke()

    def take(self, data: bytes, way: Way, now: float) -> None:
        """One message that arrived; whatever it is, nothing raises out of here."""
        source = way.source
        try:
            known = self._directory.mac_at(source.host, source.port)
            if known is None and not self._flood.admits(source.host, now):
                self.refused["flood"] += 1
            elif not data.strip(b"\r\n"):
                self.note_life(source)
            elif is_stun(data):
                self._answer_stun(data, way)
            else:
                self._read(data, way, now)
        except BadMessage as bad:
            self._refuse(bad.reason, source, now)
        except Exception:  # the guard of the receive loop: one message must not cost the others their service
            self.refused["internal"] += 1
            log.exception("a message could not be handled", source=source.host, size=len(data))

    def note_life(self, source: Source) -> None:
        """A keep-alive (RFC 5626 sections 3.5 and 4.4): its sender lives."""
        if not self._lives(source):
            self.refused["keep-alive-of-stranger"] += 1

    async def run(self, deliver: Deliver, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Answer what waits for the disk, repeat what nobody answers; until cancelled."""
        self._deliver = deliver
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._answer_when_stored)
            nursery.start_soon(self._resync_driver.run)
            task_status.started()

    def _lives(self, source: Source) -> bool:
        """Tell the fleet that the device at this address lives; whether there is one."""
        mac = self._directory.mac_at(source.host, source.port)
        if mac:
            self.counts["life_signs"] += 1
            self._deliver(LifeSign(mac, "keep-alive"))
        return mac is not None

    def _answer_stun(self, data: bytes, way: Way) -> None:
        self.counts["stun"] += 1
        self._lives(way.source)
        if said := stun_answer(data, way.source):
            way.send(said)

    def _read(self, data: bytes, way: Way, now: float) -> None:
        message = parse(data)
        if not isinstance(message, Request):
            orders = self._resyncs.received(message, now)
            if not orders:
                self.refused["unmatched"] += 1
            self._carry_out(orders)
            return
        self.counts["requests"] += 1
        if message.method in CHANGING:
            self._serve_once(message, way, now)
        elif reply := self._uas.handle(message, way.source, now):
            self._answer(message, way, reply, now)

    def _serve_once(self, request: Request, way: Way, now: float) -> None:
        self.transactions.expire(now)
        outcome = self.transactions.begin(request, way.source, now)
        if isinstance(outcome, Replay):
            way.answer(request, outcome.response)
        if not isinstance(outcome, New):
            return
        reply = None
        try:
            reply = self._reply(request, way.source, now)
        finally:
            if reply is None or not reply.events:  # whoever repeats it is served anew, whatever went wrong
                self.transactions.forget(outcome.key)
        if reply and reply.events:
            deliveries = tuple(map(self._deliver, reply.events))
            self._replies.send_nowait(_Waiting(deliveries, way, request, reply, outcome.key))
        elif reply:
            self._answer(request, way, reply, now)

    def _reply(self, request: Request, source: Source, now: float) -> Reply | None:
        """Turned away before anything changes if there is no room for an answer that must wait."""
        if len(self) >= MAX_WAITING:
            return self._uas.unavailable(request, source, "overload", RETRY_AFTER)
        try:
            return self._uas.handle(request, source, now)
        except StoreUnavailable as error:  # its password cannot be opened: our fault, and told as such
            if self._log_lines.take(now):
                why = str(error)
                log.error("a request could not be judged", event_name="sip-store", why=why)  # noqa: TRY400 - it says why
            return self._uas.unavailable(request, source, "store", RETRY_AFTER)

    async def _answer_when_stored(self) -> None:
        """One after another is fast enough: the disk commits in groups, so those behind the first rarely wait."""
        async for waiting in self._waiting:
            request, way = waiting.request, waiting.way
            try:
                for delivery in waiting.deliveries:
                    await delivery.stored()
            except StoreUnavailable:
                self.transactions.forget(waiting.transaction)
                reply = self._uas.unavailable(request, way.source, "store", RETRY_AFTER)
                self._answer(request, way, reply, self._clock.now())
            else:
                self._promise(waiting)

    def _promise(self, waiting: _Waiting) -> None:
        """Say yes, and keep the answer for whoever asks again because it got lost."""
        data = waiting.reply.response.render()
        self.transactions.answered(waiting.transaction, waiting.way.source, data, self._clock.now())
        for event in waiting.reply.events:
            if isinstance(event, Registered):
                self.counts["registrations"] += 1
                until = max((binding.contact.expires_at or 0.0 for binding in event.bindings), default=0.0)
                self._hold(waiting.way.source, until)
        waiting.way.answer(waiting.request, data)

    def _answer(self, request: Request, way: Way, reply: Reply, now: float) -> None:
        if reply.refused:
            self._refuse(reply.refused, way.source, now)
        way.answer(request, reply.response.render())

    def _carry_out(self, orders: Iterable[Order]) -> None:
        for order in orders:
            if isinstance(order, ResyncEnded):
                self._deliver(order)
            elif isinstance(order, SendMessage) and not self._say(order.to, order.data):
                self._resyncs.failed(order, self._clock.now())
                self._resync_driver.poke()

    def _refuse(self, reason: str, source: Source, now: float) -> None:
        """Count it, and say so in the log as often as the settings allow."""
        self.refused[reason] += 1
        self._flood.refused(source.host)
        if self._log_lines.take(now):
            log.info("refused", event_name="sip-refused", reason=reason, source=source.host)
