"""What the fleet does about SNMP notifications of devices: SBCs, gateways, and whatever else sends traps.

Any of them is a sign of life; a keep-alive is also presence, as a phone's report is. What the device raises and clears
itself becomes an alarm of the device. Handlers only: who is believed was decided before it became an event
(`daemon.snmp.receiver.belief`). Not here: object identifiers and varbinds (`daemon.snmp.receiver.heard`).
"""

from __future__ import annotations

from daemon.fleet.alarms.trouble import Trouble
from daemon.fleet.commands import Command, Decided
from daemon.fleet.consequences import alive, refresh_status
from daemon.fleet.device import Device
from daemon.fleet.events import Alert, TrapHeard
from daemon.fleet.model import Transition
from daemon.fleet.notifications import EventType, Severity
from daemon.fleet.parts import Parts
from daemon.fleet.presence import Sign
from daemon.fleet.store_commands import AppendTransition, SaveState


def trap_heard(parts: Parts, event: TrapHeard, now: float) -> list[Command]:
    """A device sent a notification; a keep-alive that changes nothing costs a comparison and no write."""
    device = parts.roster.device(event.mac)
    if device is None:
        return [Decided("trap", "of a device nobody defined", event.mac)]
    if device.blocked:
        return [Decided("trap", "of a device that the licence does not cover", event.mac)]
    orders = _heard(parts, device, event, now)
    if event.alert:
        orders += _alarm(parts, device, event.alert, event.part, now)
    if event.remark:
        orders.append(AppendTransition(Transition(device.mac, now, "trap", "", event.remark, f"from {event.source}")))
    return orders


def _heard(parts: Parts, device: Device, event: TrapHeard, now: float) -> list[Command]:
    """What every notification has in common. Only a keep-alive says where the device is: others may be passed on."""
    if not event.keep_alive:
        return alive(parts, device, None, now)
    moved = event.source != device.source
    parts.roster.heard_from(device, event.source)
    orders = alive(parts, device, Sign.TRAP, now)
    if moved and not any(isinstance(order, SaveState) for order in orders):
        orders.append(SaveState(device.state()))
    return [*orders, Decided("trap", "keep-alive")]


def _alarm(parts: Parts, device: Device, alert: Alert, part: str, now: float) -> list[Command]:
    if not device.record.approved:
        return [Decided("alarm", "of a device that waits for approval", device.mac)]
    source = _source(device, part)
    orders = parts.alarms.report(_trouble(parts, device, alert, source), device, source, now)
    refresh_status(parts, device)
    return orders


def _trouble(parts: Parts, device: Device, alert: Alert, source: str) -> Trouble:
    """What is raised, or ended. A clear ends what was raised there by that name, whichever cause it repeats."""
    event_type, cause = EventType(alert.event_type), alert.probable_cause
    if alert.severity is Severity.CLEARED:
        for active in parts.alarms.of(device.mac):
            if (active.name, active.source) == (alert.name, source):
                event_type, cause = active.event_type, active.probable_cause
    text = alert.description or alert.name
    return Trouble(alert.name, alert.severity, event_type, cause, text, alert.additional_info)


def _source(device: Device, part: str) -> str:
    """What the alarms of its traps name as their source: the device, and the part of it that the device names."""
    return f"Device/{device.mac}/{part}" if part else f"Device/{device.mac}"
