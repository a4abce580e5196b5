"""What the fleet does about resyncs: an operator asks for one, and the phone takes it or not.

Both stand on the device's timeline. A check-sync that was taken proves that the phone heard it; that it fetched its
configuration is said by the fetch itself. Not here: the NOTIFY and its answers (`daemon.sip.resyncs`).
"""

from __future__ import annotations

from daemon.fleet.acts import ResyncAsked
from daemon.fleet.commands import Answer, Command, Decided, SendNotify
from daemon.fleet.events import ResyncEnded
from daemon.fleet.model import Mac, Transition
from daemon.fleet.operations import signals as operation_signals
from daemon.fleet.parts import Parts
from daemon.fleet.store_commands import AppendTransition


def resync_asked(parts: Parts, event: ResyncAsked, now: float) -> list[Command]:
    """Send a check-sync to where the phone can be reached by SIP."""
    device = parts.roster.device(event.mac)
    if device is None:
        return [Answer(refused=("there is no such device",))]
    if device.contact is None:
        return [Answer(refused=("it cannot be reached by SIP: it has no registration with us and no static contact",))]
    asked = _step(event.mac, now, "restart asked" if event.reboot else "resync asked", f"by {event.by}")
    return [asked, SendNotify(device.mac, device.contact, device.number, event.reboot)]


def resync_ended(parts: Parts, event: ResyncEnded, now: float) -> list[Command]:
    """Say on the timeline what became of it."""
    decided = Decided("resync", "delivered" if event.delivered else "not delivered", event.mac)
    if parts.roster.device(event.mac) is None:  # deleted meanwhile
        return [decided]
    what = "check-sync with restart" if event.reboot else "check-sync"
    new = "resynced" if event.delivered else "not resynced"
    told: list[Command] = [_step(event.mac, now, new, f"{what} {event.outcome}"), decided]
    return [*told, *operation_signals.answered(parts, event, now)]


def _step(mac: Mac, now: float, new: str, reason: str) -> AppendTransition:
    return AppendTransition(Transition(mac, now, "provisioning", "", new, reason))
