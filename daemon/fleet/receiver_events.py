"""What the fleet does about receivers of its alarms that do not take them: an alarm about the receiver itself.

Handlers only. Not here: when a queue counts as filling (`daemon.store.outbox_watch`), what is let go from a full one
(`daemon.store.queue`).
"""

from __future__ import annotations

from daemon.fleet.alarms.catalogue import OUTBOX_FILLING
from daemon.fleet.alarms.trouble import RECEIVER, Trouble
from daemon.fleet.commands import Command
from daemon.fleet.events import OutboxDrained, OutboxFilling
from daemon.fleet.parts import Parts


def outbox_filling(parts: Parts, event: OutboxFilling, now: float) -> list[Command]:
    """Its queue has filled so far that something will have to be let go: an alarm that goes to all who can hear it."""
    detail = f"{event.waiting} of at most {event.limit} wait, the oldest for {event.oldest / 3600:.1f} hours"
    return parts.alarms.report(Trouble.of(OUTBOX_FILLING, detail), None, RECEIVER + event.receiver, now)


def outbox_drained(parts: Parts, event: OutboxDrained, now: float) -> list[Command]:
    """It takes what it is sent, or is none any more."""
    return parts.alarms.clear(Trouble.of(OUTBOX_FILLING).identity(RECEIVER + event.receiver), now, None)
