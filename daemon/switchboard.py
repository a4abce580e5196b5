"""The single crossing: events go to the fleet, its orders go to the edges, reasons go to the log and the counters.

Synchronous from end to end, so an event and everything it causes are one step. The pure half never logs; what it
decided is said here. Not here: any decision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import structlog

from daemon.fleet.commands import (
    Answer,
    Command,
    Decided,
    LocateTarget,
    OnceStored,
    SendNotify,
    SendProbes,
    TellIntake,
)
from daemon.fleet.events import Event
from daemon.fleet.fleet import Fleet
from daemon.fleet.notifications import Notification
from daemon.fleet.phone_command import SendCommand
from daemon.fleet.store_commands import (
    AppendTransition,
    DropAlarm,
    DropConnection,
    DropDevice,
    DropDocument,
    DropFileVersion,
    DropItem,
    DropOperation,
    DropOperator,
    DropRequest,
    DropShelf,
    DropStoredFile,
    DropTenant,
    DropUser,
    HoldCommits,
    Notify,
    RecordAlarm,
    ReleaseCommits,
    SaveAlarm,
    SaveCall,
    SaveConnection,
    SaveDevice,
    SaveDocument,
    SaveFileVersion,
    SaveItem,
    SaveLastSeen,
    SaveMark,
    SaveNumber,
    SaveOperation,
    SaveOperator,
    SaveRequest,
    SaveServer,
    SaveShelf,
    SaveState,
    SaveStoredFile,
    SaveTenant,
    SaveUser,
    StoreCommand,
)
from daemon.scheduler.clock import Clock
from daemon.scheduler.driver import Driver

log = structlog.get_logger("fleet")


class Receipt(Protocol):
    """The store's promise."""

    async def wait(self) -> None:
        """Return when everything submitted so far is durable."""


class Store(Protocol):
    """What the switchboard asks of the store."""

    def submit(self, command: StoreCommand) -> None:
        """Take an order to keep something."""

    def receipt(self) -> Receipt:
        """A promise about all that was submitted so far."""


class Traces(Protocol):
    """What the switchboard tells of a traced device."""

    active: bool

    def remark(self, key: str, now: float, remark: str) -> None:
        """Something happened to it that is no packet."""


class Outcome:
    """What came of one event: the fleet's answer, and the store's promise for everything it caused."""

    __slots__ = ("_receipt", "answer")

    def __init__(self, answer: Answer | None, receipt: Receipt) -> None:
        self.answer = answer
        self._receipt = receipt

    async def stored(self) -> None:
        """Return when all of it is durable; `StoreUnavailable` if the disk does not take it."""
        await self._receipt.wait()


class Switchboard:
    """Carries events in and orders out."""

    def __init__(self, fleet: Fleet, store: Store, clock: Clock) -> None:
        self.decisions: Counter[tuple[str, str]] = Counter()  # (rule, reason), for the metrics
        self.driver = Driver(fleet, clock, self.perform)
        self._fleet = fleet
        self._store = store
        self._clock = clock
        self._traces: Traces | None = None
        self._note: Callable[[Notification], None] = _nobody_asks
        self._perform: dict[type[Command], Callable[[Any], Answer | None]] = {
            SendProbes: _no_sip_yet,
            LocateTarget: _no_sip_yet,
            SendNotify: _no_sip_yet,
            SendCommand: _no_sip_yet,
            OnceStored: _no_sip_yet,
            AppendTransition: self._append,
            Notify: self._notify,
            TellIntake: _tell_intake,
            Decided: self._decided,
            Answer: lambda answer: answer,
            **dict.fromkeys(_FOR_THE_STORE, store.submit),
        }

    def connect_sip(self, submit: Callable[[SendProbes], None]) -> None:
        """Send pings by `submit`. The SIP edge asks the fleet things, so it is built after the switchboard."""
        self._perform[SendProbes] = submit

    def connect_resyncs(self, submit: Callable[[SendNotify], None]) -> None:
        """Send check-syncs by `submit`."""
        self._perform[SendNotify] = submit

    def connect_phone_commands(self, submit: Callable[[SendCommand], None]) -> None:
        """Send commands to phones' own servers by `submit`."""
        self._perform[SendCommand] = submit

    def connect_afterwards(self, submit: Callable[[OnceStored, Receipt], None]) -> None:
        """Have what must not leave before it is durable wait for its receipt at `submit`."""
        self._perform[OnceStored] = lambda order: submit(order, self._store.receipt())

    def connect_locator(self, submit: Callable[[LocateTarget], None]) -> None:
        """Have names looked up by `submit`."""
        self._perform[LocateTarget] = submit

    def connect_agent(self, note: Callable[[Notification], None]) -> None:
        """Have `note` hear of every notification, so that the SNMP agent can say what the newest one carried."""
        self._note = note

    def connect_traces(self, traces: Traces) -> None:
        """Have the steps and decisions about a traced device stand between its messages."""
        self._traces = traces

    def deliver(self, event: Event) -> Outcome:
        """A fact from an edge."""
        orders = self._fleet.handle(event, self._clock.now())
        answer = self.perform(orders) if orders else None
        if orders:  # an event that caused nothing moved no deadline either
            self.driver.poke()
        return Outcome(answer, self._store.receipt())

    def perform(self, orders: Iterable[Command]) -> Answer | None:
        """Hand each order to whoever carries it out; the answer among them is returned."""
        answer = None
        for order in orders:
            answer = self._perform[type(order)](order) or answer
        return answer

    def _append(self, order: AppendTransition) -> None:
        self._store.submit(order)
        moved = order.transition
        self._remark(moved.key, f"{moved.axis}: {moved.old} > {moved.new}: {moved.reason}")
        say = log.debug if order.one_of_many else log.info
        say(
            "moved",
            event_name="moved",
            key=moved.key,
            axis=moved.axis,
            old=moved.old,
            new=moved.new,
            reason=moved.reason,
        )

    def _notify(self, order: Notify) -> None:
        self._store.submit(order)
        self._note(order.notification)
        alarm = order.notification.alarm
        log.warning(
            "alarm",
            event_name="alarm",
            alarm=alarm.name,
            severity=alarm.severity.name,
            source=alarm.source,
            sequence=order.notification.sequence,
            description=alarm.description,
        )

    def _decided(self, order: Decided) -> None:
        self.decisions[order.rule, order.reason] += 1
        if order.key:
            self._remark(order.key, f"decided: {order.rule}: {order.reason}")
            log.debug("decided", rule=order.rule, reason=order.reason, key=order.key)

    def _remark(self, key: str, remark: str) -> None:
        if self._traces and self._traces.active:
            self._traces.remark(key, self._clock.now(), remark)


_FOR_THE_STORE: tuple[type[Command], ...] = (
    SaveTenant,
    SaveServer,
    SaveFileVersion,
    DropFileVersion,
    SaveDevice,
    SaveState,
    SaveLastSeen,
    DropDevice,
    SaveAlarm,
    DropAlarm,
    RecordAlarm,
    SaveShelf,
    DropShelf,
    SaveNumber,
    SaveRequest,
    DropRequest,
    DropTenant,
    DropUser,
    DropDocument,
    SaveUser,
    SaveDocument,
    SaveStoredFile,
    DropStoredFile,
    SaveOperation,
    DropOperation,
    SaveItem,
    DropItem,
    SaveOperator,
    DropOperator,
    SaveConnection,
    DropConnection,
    SaveCall,
    SaveMark,
    HoldCommits,
    ReleaseCommits,
)


def _nobody_asks(notification: Notification) -> None:
    """There is no agent yet."""


def _tell_intake(order: TellIntake) -> None:
    log.info("inventory", event_name="intake", by=order.by, done=order.done, total=order.total)


def _no_sip_yet(order: SendProbes | SendNotify | SendCommand | OnceStored | LocateTarget) -> None:
    """A ping that falls due before the socket is there is simply missed; the fleet plans the next one anyway.

    So it does with names that are to be looked up.

    Nobody can ask for a resync before: the operators' listener opens after the SIP socket.
    """
