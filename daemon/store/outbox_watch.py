"""Sees that no queue fills unnoticed: raises the alarm in time, lets go what is too old, and logs what was lost.

The store looks between two groups, never within one, so what its events lead to is written like all else. Not here:
the alarm itself (`daemon.fleet.receiver_events`), what a full queue lets go (`queue`).
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from daemon.config.block import MINUTE
from daemon.fleet.alarms.catalogue import OUTBOX_FILLING
from daemon.fleet.alarms.trouble import RECEIVER
from daemon.fleet.delivery import Deliver
from daemon.fleet.events import OutboxDrained, OutboxFilling
from daemon.fleet.notifications import Alarm
from daemon.store.outbox import Outbox

log = structlog.get_logger("outbox")

LOOK = MINUTE  # how often queues are looked at when nothing else is written
REMINDER = 10 * MINUTE  # how often a receiver's losses are spoken of
BACK = 0.5  # of the warning: below it the alarm ends, so one entry more or less does not raise it again


class OutboxWatch:
    """Which receivers' queues are known to fill, and of which losses the log knows."""

    def __init__(self, outbox: Outbox, active: Iterable[Alarm]) -> None:
        """`active` are the alarms at start; those about receivers are still to be ended."""
        self._outbox = outbox
        self._filling = {each.source.removeprefix(RECEIVER) for each in active if each.name == OUTBOX_FILLING.name}
        self._logged: dict[str, int] = {}  # how many were let go when it was last said
        self._quiet_until: dict[str, float] = {}

    def look(self, deliver: Deliver, now: float) -> None:
        """Let go what is too old, and tell of what has changed since the last look."""
        self._outbox.expire(now)
        for receiver in self._outbox.receivers:
            self._judge(receiver, deliver, now)
        for gone in self._filling.difference(self._outbox.receivers):
            self._drained(gone, deliver)
        self._say_losses(now)

    def _judge(self, receiver: str, deliver: Deliver, now: float) -> None:
        limits, waiting, since = self._outbox.limits, self._outbox.waiting(receiver), self._outbox.oldest(receiver)
        oldest = 0.0 if since is None else max(0.0, now - since)
        fullness = max(waiting / limits.limit, oldest / limits.age)
        if receiver in self._filling:
            if fullness < limits.warning * BACK:
                self._drained(receiver, deliver)
        elif fullness >= limits.warning:
            self._filling.add(receiver)
            deliver(OutboxFilling(receiver, waiting, limits.limit, oldest))

    def _drained(self, receiver: str, deliver: Deliver) -> None:
        self._filling.discard(receiver)
        deliver(OutboxDrained(receiver))

    def _say_losses(self, now: float) -> None:
        for receiver, count in self._outbox.losses().items():
            lost = count - self._logged.get(receiver, 0)
            if lost and now >= self._quiet_until.get(receiver, now):
                self._logged[receiver], self._quiet_until[receiver] = count, now + REMINDER
                log.warning("notifications let go", event_name="outbox-dropped", receiver=receiver, count=lost)
