"""What the fleet does when a phone's own server took a command, or did not: it stands on the timeline and counts.

Not here: who is told so (`operations.asking`), what it means for an operation (`operations.signals`).
"""

from __future__ import annotations

from daemon.fleet.commands import Command, Decided
from daemon.fleet.events import CommandEnded
from daemon.fleet.model import Transition
from daemon.fleet.operations import signals as operation_signals
from daemon.fleet.parts import Parts
from daemon.fleet.store_commands import AppendTransition


def command_ended(parts: Parts, event: CommandEnded, now: float) -> list[Command]:
    """Say on the timeline what became of it, and let the operation that asked go on."""
    decided = Decided("phone_command", "delivered" if event.delivered else "not delivered", event.mac)
    if parts.roster.device(event.mac) is None:  # deleted meanwhile
        return [decided]
    new = "told by HTTP" if event.delivered else "not told by HTTP"
    told = Transition(event.mac, now, "provisioning", "", new, f"{event.action} {event.outcome}")
    return [AppendTransition(told), decided, *operation_signals.answered(parts, event, now)]
