"""Empties the outbox towards every SNMP manager: one task and one UDP socket each.

A manager gets its notifications strictly in order. An inform is repeated, at doubling pauses, until the manager
acknowledges it, however long that takes; only then comes the next. A trap is done with when it has left this
machine. Either waits and tries again when it cannot even be sent: a name that does not resolve, no route, a closed
port. Nothing about a manager ends this program.

Not here: what is kept meanwhile, and how much of it, which is the outbox's; what a notification says (`traps`).
"""

from __future__ import annotations

import secrets
import socket
from collections import Counter
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

import structlog
import trio

from daemon.config.snmp_settings import Manager, Snmp
from daemon.errors import BadMessage
from daemon.fleet.notifications import Notification
from daemon.scheduler.clock import Clock
from daemon.snmp.encode import Pdu, decode_response, encode_notification
from daemon.snmp.traps import notification_to_trap

log = structlog.get_logger("snmp")

# A socket older than this is opened anew before it sends, so a manager that moved to another address is found.
RESOLVE_AGAIN = 60.0

# A manager that stays silent is spoken of in the log this seldom.
REMINDER = 600.0

_LARGEST_DATAGRAM = 65535


class OutboxEntry(Protocol):
    """One notification on its way to one manager."""

    @property
    def notification(self) -> Notification:
        """What is to be told."""


Entry = TypeVar("Entry", bound=OutboxEntry)


class OutboxQueue(Protocol[Entry]):
    """Where notifications wait, in order, on disk."""

    async def next(self, manager: str) -> Entry:
        """The oldest unsettled entry of the manager of that name, waiting for one if there is none.

        The same entry again if asked again before it was settled.
        """

    def settle(self, entry: Entry) -> None:
        """The entry is done with; nothing happens if it was already."""


@dataclass(frozen=True, slots=True)
class SenderStatistics:
    """What became of notifications since start.

    `sent` counts datagrams, `retries` those attempts among all that were not the first, `acknowledged` informs
    that were answered, `rejected` those of them whose answer bore an error-status. `failures` counts attempts
    that failed (timeout, unresolved, refused, unsendable), `ignored` datagrams that were no answer to the inform
    in hand, both by reason. `oldest` is, for each manager that owes us an answer, how many seconds ago the thing
    it has not been told of happened.
    """

    sent: int
    acknowledged: int
    rejected: int
    retries: int
    failures: dict[str, int]
    ignored: dict[str, int]
    oldest: dict[str, float]


class Sender(Generic[Entry]):
    """Tells every manager of the settings in force what the outbox holds for it; made inside `trio.run`."""

    def __init__(self, settings: Snmp, outbox: OutboxQueue[Entry], clock: Clock) -> None:
        self._settings = settings
        self._outbox = outbox
        self._clock = clock
        self._started_at = clock.now()
        self._nursery: trio.Nursery | None = None
        self._tasks: dict[Manager, trio.CancelScope] = {}
        self._in_hand: dict[Manager, Notification] = {}
        self._quiet_until: dict[Manager, float] = {}  # managers that do not answer: when to say so again
        self._sent = self._acknowledged = self._rejected = self._retries = 0
        self._failures: Counter[str] = Counter()
        self._ignored: Counter[str] = Counter()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until cancelled."""
        try:
            async with trio.open_nursery() as self._nursery:
                self.apply(self._settings)
                task_status.started()
                await trio.sleep_forever()
        finally:
            self._nursery = None
            self._tasks.clear()

    def apply(self, settings: Snmp) -> None:
        """Take new settings: managers that are gone or changed are let go of, new ones begun with.

        The others go on undisturbed, with new timeouts from the next attempt and a new enterprise number from the
        next notification.
        """
        self._settings = settings
        if self._nursery is None:
            return
        for manager in self._tasks.keys() - set(settings.managers):
            self._tasks.pop(manager).cancel()
            self._quiet_until.pop(manager, None)
        for manager in settings.managers:
            if manager not in self._tasks:
                self._tasks[manager] = trio.CancelScope()
                self._nursery.start_soon(self._serve, manager, self._tasks[manager])

    def statistics(self) -> SenderStatistics:
        """What became of notifications since start."""
        now = self._clock.now()
        return SenderStatistics(
            sent=self._sent,
            acknowledged=self._acknowledged,
            rejected=self._rejected,
            retries=self._retries,
            failures=dict(self._failures),
            ignored=dict(self._ignored),
            oldest={manager.name: max(0.0, now - held.at) for manager, held in self._in_hand.items()},
        )

    async def _serve(self, manager: Manager, scope: trio.CancelScope) -> None:
        """One manager's task: what the outbox holds for it, one after the other."""
        with scope, _Association(manager) as association:
            while True:
                entry = await self._outbox.next(manager.name)
                self._in_hand[manager] = entry.notification
                try:
                    await self._tell(association, entry.notification)
                finally:
                    self._in_hand.pop(manager, None)
                self._outbox.settle(entry)

    async def _tell(self, association: _Association, notification: Notification) -> None:
        """Return when the notification is acknowledged (inform) or on its way (trap)."""
        manager = association.manager
        request_id = secrets.randbelow(2**31)  # unpredictable, so that nobody off the path can acknowledge
        uptime = self._clock.now() - self._started_at
        trap = notification_to_trap(notification, manager.profile, self._settings.enterprise, uptime)
        pdu = Pdu.INFORM if manager.kind == "inform" else Pdu.TRAP
        datagram = encode_notification(trap, pdu, request_id, manager.community.get_secret_value().encode())
        pause = self._settings.inform_timeout
        while (failure := await self._attempt(association, datagram, request_id, pause)) is not None:
            self._failures[failure] += 1
            self._retries += 1
            self._say_silent(manager, failure)
            pause = min(2 * pause, max(self._settings.inform_retry_max, self._settings.inform_timeout))
        if pdu is Pdu.INFORM:
            self._acknowledged += 1
            self._say_answering(manager)

    async def _attempt(self, association: _Association, datagram: bytes, request_id: int, pause: float) -> str | None:
        """Send once and, for an inform, wait for its answer; after a failure `pause` seconds have passed.

        Returns None when that did it, else the reason of the failure.
        """
        failure = "timeout"
        with trio.move_on_after(pause):
            try:
                await association.send(datagram)
                self._sent += 1
                if association.manager.kind == "inform":
                    await self._acknowledgement(association, request_id)
            except (OSError, UnicodeError) as error:
                failure = _reason(error)
                association.close()
                await trio.sleep_forever()
            return None
        association.failures += 1
        return failure

    async def _acknowledgement(self, association: _Association, request_id: int) -> None:
        """Return when the manager answered that inform; an answer to an earlier try of it is as good."""
        while True:
            datagram = await association.receive()
            try:
                response = decode_response(datagram)
            except BadMessage as bad:
                self._ignored[bad.reason] += 1
                continue
            if response.request_id == request_id:
                self._rejected += response.error_status != 0
                return
            self._ignored["other_request"] += 1

    def _say_silent(self, manager: Manager, reason: str) -> None:
        now = self._clock.now()
        if now >= self._quiet_until.get(manager, now):
            self._quiet_until[manager] = now + REMINDER
            log.warning("manager not reached", event_name="manager-silent", manager=manager.name, reason=reason)

    def _say_answering(self, manager: Manager) -> None:
        if self._quiet_until.pop(manager, None) is not None:
            log.info("manager answers again", event_name="manager-answers", manager=manager.name)


class _Association:
    """A UDP socket connected to one manager, opened when needed.

    Connected, so that the kernel keeps strangers' datagrams from us and tells us of closed ports. A name with
    several addresses is tried at the next of them after each failure.
    """

    def __init__(self, manager: Manager) -> None:
        self.manager = manager
        self.failures = 0
        self._socket: trio.socket.SocketType | None = None
        self._opened_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    async def send(self, datagram: bytes) -> None:
        """One datagram to the manager; `OSError`, or `UnicodeError` for a name that cannot be one."""
        if self._socket is None or trio.current_time() - self._opened_at > RESOLVE_AGAIN:
            self.close()
            self._socket = await self._open()
            self._opened_at = trio.current_time()
        await self._socket.send(datagram)

    async def receive(self) -> bytes:
        """The next datagram from the manager; `OSError`, for one when its port is closed."""
        if self._socket is None:
            raise OSError("nothing was sent, so nothing is answered")
        return await self._socket.recv(_LARGEST_DATAGRAM)

    def close(self) -> None:
        """Let go of the socket; the next `send` opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _open(self) -> trio.socket.SocketType:
        host, port = self.manager.host, self.manager.port
        found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[self.failures % len(found)]
        opened = trio.socket.socket(family, kind, protocol)
        try:
            await opened.connect(address)
        except BaseException:  # cancelled or refused alike: no socket is left behind
            opened.close()
            raise
        return opened


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, socket.gaierror | UnicodeError):
        return "unresolved"
    return "refused" if isinstance(error, ConnectionRefusedError) else "unsendable"
