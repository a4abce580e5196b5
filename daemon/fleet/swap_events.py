"""What the fleet does when one phone is put in the place of another: one act, and the old phone is nobody from then on.

The new phone takes over number, user, place, password, placeholders and what the user set on the old one; the number
goes from hand to hand without rest. The old one's record is gone with the very act, so whatever it asks for next is
refused as a stranger's. Both timelines say who came after whom. Not here: asking for it (`daemon.http.operators.swap`).
"""

from __future__ import annotations

from dataclasses import replace

from daemon.fleet.acts import DeviceSwapped
from daemon.fleet.commands import Answer, Command, Decided
from daemon.fleet.device import Device
from daemon.fleet.document_events import write
from daemon.fleet.inventory_events import define_device
from daemon.fleet.model import DeviceRecord, Mac, Transition
from daemon.fleet.parts import Parts
from daemon.fleet.records import Draft, NumberStatus
from daemon.fleet.store_commands import AppendTransition, DropDevice


def device_swapped(parts: Parts, event: DeviceSwapped, now: float) -> list[Command]:
    """Put the new phone in the old one's place, or say why not."""
    old = parts.roster.device(event.old)
    fault = _fault(parts, event, old)
    if old is None or fault:
        return [Answer(refused=(fault,)), Decided("swap", "refused")]
    record = _successor(parts, old.record, event.new, now)
    orders = _leave(parts, old, now)
    orders += define_device(parts, record, event.by, now)
    orders += _hand_over(parts, event, now)
    gone = Transition(
        event.old, now, "provisioning", "defined", "swapped", f"{event.new} took its place, by {event.by}"
    )
    here = Transition(event.new, now, "provisioning", "", "swapped", f"in place of {event.old}, by {event.by}")
    return [*orders, AppendTransition(gone), AppendTransition(here), Decided("swap", "done", event.new)]


def _fault(parts: Parts, event: DeviceSwapped, old: Device | None) -> str:
    """Why this cannot be done; "" if it can."""
    new = parts.roster.device(event.new)
    if old is None:
        return f"there is no device {event.old}"
    if event.old == event.new:
        return "a phone cannot take its own place"
    if not old.record.approved:
        return f"{event.old} waits for approval: it has nothing that another could take over"
    if new is not None and new.number:
        return f"{event.new} has number {new.number} of its own: delete it first if it is to give that up"
    return ""


def _successor(parts: Parts, old: DeviceRecord, mac: Mac, now: float) -> DeviceRecord:
    """What the new phone's record is: the old one's, but for what belongs to the hardware."""
    known = parts.roster.device(mac)
    model = (known.model if known else "") or old.model
    same = model == old.model
    return replace(
        old,
        mac=mac,
        model=model,
        template=old.template if same else "",
        firmware=old.firmware if same else "",
        serial=known.record.serial if known else "",
        contact="",
        approved=True,
        armed_until=now + parts.settings.provisioning.first_contact_window,
        secret_generation=known.record.secret_generation + 1 if known else 0,
        token_hash="",
        token_until=0.0,
    )


def _leave(parts: Parts, old: Device, now: float) -> list[Command]:
    """The old phone is no more: nothing waits for it, and its number is in nobody's hand for the moment."""
    orders: list[Command] = [DropDevice(old.mac), *parts.alarms.forget(old, now)]
    entry = parts.numbers.entries.get(old.number)
    if entry is not None and entry.device == old.mac and entry.status is not NumberStatus.RESERVED:
        orders += parts.numbers.free(old.number)
    parts.pinging.forget(old.mac)
    parts.absences.cancel(old.mac)
    parts.heard.discard(old.mac)
    parts.requests.forget(old.mac)
    parts.roster.remove(old)
    return orders


def _hand_over(parts: Parts, event: DeviceSwapped, now: float) -> list[Command]:
    """The lines that the user set on the old phone are the new one's."""
    lines = parts.documents.newest.get(f"user/{event.old}")
    if lines is None or not lines.body:
        return []
    moved = write(parts, Draft(f"user/{event.new}", lines.body), event.by, now)
    return [*moved, *write(parts, Draft(lines.path, ""), event.by, now)]
