"""Empties the outbox towards every SNMP manager: one task and one UDP socket each.

A manager gets its notifications strictly in order, coldStart first after each start of this daemon. An inform is
repeated, at doubling pauses, until the manager acknowledges it, however long that takes; only then comes the next:
over UDP two on their way at once could arrive in either order. A trap is done with when it has left this machine.
Either waits and tries again when it cannot even be sent: a name that does not resolve, no route, a closed port, a user
the manager does not know. A manager that there is nothing to tell gets a heartbeat, which is not repeated.
Nothing about a manager ends this program.

Not here: what is kept meanwhile, and how much of it, which is the outbox's; what a notification says (`traps`), the
words around it (`dialect`), sockets (`association`).
"""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass
from typing import Generic, Protocol

import structlog
import trio

from daemon.config.snmp_settings import Manager, Snmp
from daemon.errors import BadMessage
from daemon.fleet.outbox_queue import Entry, OutboxQueue
from daemon.scheduler.clock import Clock
from daemon.scheduler.crew import Crew
from daemon.snmp.pdu import PduType
from daemon.snmp.sending.association import Association, reason_of
from daemon.snmp.sending.dialect import Unspeakable, dialect_of
from daemon.snmp.sending.encode import encode_trap
from daemon.snmp.sending.traps import Trap, cold_start, heartbeat, notification_to_trap
from daemon.snmp.v3.engine import Engine
from daemon.snmp.v3.manager_engine import Acknowledged, Answer, Refused

log = structlog.get_logger("snmp")

# A manager that stays silent is spoken of in the log this seldom.
REMINDER = 600.0

# What an inform may need of a v3 manager: nothing, its clock, or its name and then its clock. More in one attempt are
# a manager that changes its mind faster than we can follow.
_LESSONS = 3


class NumberedQueue(OutboxQueue[Entry], Protocol[Entry]):
    """A queue that can be asked how far a manager has been counted."""

    def last_number(self, receiver: str) -> int:
        """The last number that the manager of that name was given; 0 for none."""


@dataclass(frozen=True, slots=True)
class SenderStatistics:
    """What became of notifications since start.

    `sent` counts datagrams, `retries` those attempts among all that were not the first, `acknowledged` informs
    that were answered, `rejected` those of them whose answer bore an error-status. `failures` counts attempts
    that failed (timeout, unresolved, refused, unsendable, and what a v3 manager reports), `ignored` datagrams that
    were no answer to the inform in hand, both by reason. `reports` are all that v3 managers sent, also those that
    only taught us their engine. `heartbeats` and `cold_starts` count what got through. `oldest` is, for each manager
    that owes us an answer, how many seconds ago the thing it has not been told of happened.
    """

    sent: int
    acknowledged: int
    rejected: int
    retries: int
    heartbeats: int
    cold_starts: int
    failures: dict[str, int]
    ignored: dict[str, int]
    reports: dict[str, int]
    oldest: dict[str, float]


class Sender(Generic[Entry]):
    """Tells every manager of the settings in force what the outbox holds for it; made inside `trio.run`.

    `engine` speaks for us in v3; its users are brought up to date here, with the settings.
    """

    def __init__(self, settings: Snmp, outbox: NumberedQueue[Entry], clock: Clock, engine: Engine) -> None:
        self._settings = settings
        self._outbox = outbox
        self._clock = clock
        self._engine = engine
        self._started_at = clock.now()
        self._crew = Crew(settings.managers, self._associate, self._serve)
        self._in_hand: dict[Manager, float] = {}  # when that happened
        self._quiet_until: dict[Manager, float] = {}  # managers that do not answer: when to say so again
        self._unaware = {manager.name for manager in settings.managers}  # of our start
        self._sent = self._acknowledged = self._rejected = self._retries = self._heartbeats = self._cold_starts = 0
        self._failures: Counter[str] = Counter()
        self._ignored: Counter[str] = Counter()
        self._reports: Counter[str] = Counter()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until cancelled."""
        self._engine.apply(self._settings.users)
        await self._crew.run(task_status)

    def apply(self, settings: Snmp) -> None:
        """Take new settings: managers that are gone or changed are let go of, new ones begun with.

        The others go on undisturbed, with new timeouts and keys from the next attempt and a new enterprise number
        from the next notification.
        """
        self._settings = settings
        self._engine.apply(settings.users)
        self._crew.apply(settings.managers)
        for manager in self._quiet_until.keys() - set(settings.managers):
            del self._quiet_until[manager]

    def statistics(self) -> SenderStatistics:
        """What became of notifications since start."""
        now = self._clock.now()
        return SenderStatistics(
            sent=self._sent,
            acknowledged=self._acknowledged,
            rejected=self._rejected,
            retries=self._retries,
            heartbeats=self._heartbeats,
            cold_starts=self._cold_starts,
            failures=dict(self._failures),
            ignored=dict(self._ignored),
            reports=dict(self._reports),
            oldest={manager.name: max(0.0, now - at) for manager, at in self._in_hand.items()},
        )

    def _associate(self, manager: Manager) -> Association:
        return Association(manager, dialect_of(manager, self._engine))

    async def _serve(self, association: Association) -> None:
        """One manager's task: our start, then what the outbox holds for it, one after the other."""
        manager = association.manager
        with association:
            if manager.name in self._unaware:
                await self._tell(association, cold_start(self._uptime()), self._started_at)
                self._unaware.discard(manager.name)
                self._cold_starts += 1
            while True:
                entry = await self._next(association)
                told = entry.notification
                enterprise, uptime = self._settings.enterprise, self._uptime()
                trap = notification_to_trap(told, manager.profile, enterprise, uptime, entry.number)
                await self._tell(association, trap, told.at)
                self._outbox.settle(entry)

    async def _next(self, association: Association) -> Entry:
        """The next entry, and heartbeats for as long as there is none."""
        while True:
            with trio.move_on_at(association.tried_at + self._settings.heartbeat):
                return await self._outbox.next(association.manager.name)
            await self._beat(association)

    async def _beat(self, association: Association) -> None:
        """Tried once: if it is lost, the next says the same."""
        number = self._outbox.last_number(association.manager.name)
        trap = heartbeat(number, self._clock.now(), self._settings.enterprise, self._uptime())
        failure = await self._attempt(association, _Said.of(trap, association.manager), self._settings.inform_timeout)
        if failure is None:
            self._heartbeats += 1
            self._say_answering(association.manager)
        else:
            self._failures[failure] += 1
            self._say_silent(association.manager, failure)

    async def _tell(self, association: Association, trap: Trap, happened_at: float) -> None:
        """Return when the notification is acknowledged (inform) or on its way (trap)."""
        manager = association.manager
        self._in_hand[manager] = happened_at
        try:
            await self._insist(association, _Said.of(trap, manager))
        finally:
            self._in_hand.pop(manager, None)
        if manager.kind == "inform":
            self._acknowledged += 1
            self._say_answering(manager)

    async def _insist(self, association: Association, said: _Said) -> None:
        pause = self._settings.inform_timeout
        while (failure := await self._attempt(association, said, pause)) is not None:
            self._failures[failure] += 1
            self._retries += 1
            self._say_silent(association.manager, failure)
            pause = min(2 * pause, max(self._settings.inform_retry_max, self._settings.inform_timeout))

    async def _attempt(self, association: Association, said: _Said, pause: float) -> str | None:
        """Send once and, for an inform, wait for its answer; after a failure `pause` seconds have passed.

        Returns None when that did it, else the reason of the failure.
        """
        failure: str | None = "timeout"
        association.tried_at = trio.current_time()
        with trio.move_on_after(pause):
            try:
                failure = await self._exchange(association, said)
            except Unspeakable as unspeakable:
                failure = unspeakable.reason
            except (OSError, UnicodeError) as error:
                failure = reason_of(error)
                association.close()
            if failure is None:
                return None
            await trio.sleep_forever()
        association.failures += 1
        return failure

    async def _exchange(self, association: Association, said: _Said) -> str | None:
        """Send until the manager has it, or says why not; what it teaches us about itself is used at once."""
        reason = ""
        for _ in range(_LESSONS):
            await association.send(association.dialect.say(said.pdu, said.number, self._clock.now()))
            self._sent += 1
            if association.manager.kind == "trap":
                return None
            answer = await self._answer(association, said)
            if isinstance(answer, Acknowledged):
                self._rejected += answer.error_status != 0
                return None
            reason = answer.reason
            self._reports[reason] += 1
            if isinstance(answer, Refused):
                break
        return reason

    async def _answer(self, association: Association, said: _Said) -> Answer:
        """What the manager answers to that inform; an answer to an earlier try of it is as good."""
        while True:
            datagram = await association.receive()
            try:
                return association.dialect.understand(datagram, said.number, self._clock.now())
            except BadMessage as bad:
                self._ignored[bad.reason] += 1

    def _uptime(self) -> float:
        return self._clock.now() - self._started_at

    def _say_silent(self, manager: Manager, reason: str) -> None:
        now = self._clock.now()
        if now >= self._quiet_until.get(manager, now):
            self._quiet_until[manager] = now + REMINDER
            log.warning("manager not reached", event_name="manager-silent", manager=manager.name, reason=reason)

    def _say_answering(self, manager: Manager) -> None:
        if self._quiet_until.pop(manager, None) is not None:
            log.info("manager answers again", event_name="manager-answers", manager=manager.name)


@dataclass(frozen=True, slots=True)
class _Said:
    """A notification as all tries of it say it, and its number."""

    pdu: bytes
    number: int  # unpredictable, so that nobody off the path can acknowledge

    @classmethod
    def of(cls, trap: Trap, manager: Manager) -> _Said:
        number = secrets.randbelow(2**31)
        return cls(encode_trap(trap, PduType.INFORM if manager.kind == "inform" else PduType.TRAP, number), number)
