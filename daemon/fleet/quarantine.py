"""What the fleet does about phones that nobody defined: they wait for approval, if there is room.

Two ceilings bound what a scanner can invent: of all that wait, and of those at one network address. Approving them is
an inventory's act (`enrolment`). Not here: whose network a phone is in, and what it is served while it waits
(`daemon.provisioning`).
"""

from __future__ import annotations

from daemon.fleet.commands import Command, Decided
from daemon.fleet.consequences import follow, refresh_status
from daemon.fleet.device import Device
from daemon.fleet.events import UnknownPhoneHeard
from daemon.fleet.model import DeviceRecord, Transition
from daemon.fleet.parts import Parts
from daemon.fleet.sip_events import watch
from daemon.fleet.store_commands import AppendTransition, SaveDevice, SaveState

NO_LICENCE = "refused: the licence expired"
TOO_MANY = "refused: too many unapproved phones"
TOO_MANY_THERE = "refused: too many unapproved phones at one address"


def unknown_phone_heard(parts: Parts, event: UnknownPhoneHeard, now: float) -> list[Command]:
    """A phone that nobody defined waits among the unapproved, if there is room."""
    if parts.roster.device(event.mac):
        return []
    if parts.licence.suspended:
        return [Decided("enrolment", NO_LICENCE)]
    full = _full(parts, event.source)
    if full:
        return [Decided("enrolment", full)]
    record = DeviceRecord(event.mac, model=event.model, tenant=event.tenant, approved=False)
    device = Device(record, now)
    parts.roster.add(device)
    moved = watch(parts, device, now)
    device.last_seen, device.tries = now, 1
    parts.roster.heard_from(device, event.source)
    refresh_status(parts, device)
    arrival = Transition(event.mac, now, "provisioning", "", "unapproved", f"first heard from {event.source}")
    kept: list[Command] = [SaveDevice(record), AppendTransition(arrival)]
    return [*kept, *(follow(parts, device, moved, now) or [SaveState(device.state())])]


def _full(parts: Parts, source: str) -> str:
    """Why there is no room for one more from this address; "" if there is."""
    settings = parts.settings.provisioning
    if parts.roster.unapproved >= settings.max_unapproved:
        return TOO_MANY
    return TOO_MANY_THERE if parts.roster.waiting_at(source) >= settings.max_unapproved_per_source else ""
