"""What the fleet does about operators: inventories, removals, arming, requests, access, settings; and the disk.

Handlers only. An inventory is taken as a whole or refused as a whole. Not here: who may do what (the operators'
listener decides that), reading files.
"""

from __future__ import annotations

from dataclasses import replace

from daemon.fleet import connection_events, enrolment
from daemon.fleet.acts import (
    DeviceArmed,
    DeviceDeleted,
    InventoryApplied,
    OperatorAdded,
    OperatorRemoved,
    RequestQueued,
    SettingsChanged,
    TenantDeleted,
)
from daemon.fleet.alarms import Trouble
from daemon.fleet.catalogue import STORE_FAILURE
from daemon.fleet.commands import (
    Answer,
    AppendTransition,
    Command,
    Decided,
    DropDevice,
    DropOperator,
    DropTenant,
    SaveDevice,
    SaveOperator,
    SaveServer,
    SaveState,
    SaveTenant,
)
from daemon.fleet.consequences import expect_report, follow, refresh_status
from daemon.fleet.device import Device
from daemon.fleet.events import StoreFailed, StoreRecovered
from daemon.fleet.model import DeviceRecord, Transition
from daemon.fleet.parts import Parts
from daemon.fleet.records import Inventory
from daemon.fleet.sip_events import static_contact, watch

OURSELVES = "Ringkeeper"  # the source of alarms about the daemon itself


def inventory_applied(parts: Parts, event: InventoryApplied, now: float) -> list[Command]:
    """Take an inventory, or say why not."""
    known = parts.connections.by_name
    faults = enrolment.faults(event.inventory, parts.roster, parts.numbers.entries, known)
    if faults:
        return [Answer(refused=tuple(faults)), Decided("enrolment", "inventory refused")]
    records = list(enrolment.merged(event.inventory, parts.roster))
    orders = _define_places(parts, event.inventory)
    orders += _free_numbers(parts, records, now)
    for record in records:
        orders += _define_device(parts, record, event.by, now)
    orders += connection_events.define(parts, event.inventory, event.by, now)
    return [*orders, Decided("enrolment", "inventory taken")]


def tenant_deleted(parts: Parts, event: TenantDeleted, now: float) -> list[Command]:
    """Forget a tenant that nothing belongs to any more."""
    roster = parts.roster
    if event.name not in roster.tenants:
        return [Answer(refused=("there is no such tenant",))]
    left = {
        "devices": sum(device.record.tenant == event.name for device in roster.devices()),
        "users": sum(user.tenant == event.name for user in roster.users.values()),
        "connections": sum(each.record.tenant == event.name for each in parts.connections.by_name.values()),
    }
    if any(left.values()):
        what = ", ".join(f"{count} {name}" for name, count in left.items() if count)
        return [Answer(refused=(f"tenant {event.name} still has {what}: move or delete them first",))]
    del roster.tenants[event.name]
    gone = Transition(f"tenant/{event.name}", now, "provisioning", "defined", "deleted", f"by {event.by}")
    return [DropTenant(event.name), AppendTransition(gone)]


def device_deleted(parts: Parts, event: DeviceDeleted, now: float) -> list[Command]:
    """Forget a device; its number cools, its alarms end."""
    device = parts.roster.device(event.mac)
    if device is None:
        return [Answer(refused=("there is no such device",))]
    orders: list[Command] = [DropDevice(event.mac), *parts.alarms.forget(device, now)]
    orders += parts.numbers.cool(device.number, device.mac, now)
    parts.pinging.forget(event.mac)
    parts.absences.cancel(event.mac)
    parts.heard.discard(event.mac)
    parts.requests.forget(event.mac)
    parts.roster.remove(device)
    gone = Transition(event.mac, now, "provisioning", "defined", "deleted", f"by {event.by}")
    return [*orders, AppendTransition(gone)]


def device_armed(parts: Parts, event: DeviceArmed, now: float) -> list[Command]:
    """Open the window in which the phone's next fetch gets the complete file."""
    device = parts.roster.device(event.mac)
    if device is None:
        return [Answer(refused=("there is no such device",))]
    until = now + parts.settings.provisioning.first_contact_window
    parts.roster.redefine(device, replace(device.record, armed_until=until))
    armed = Transition(event.mac, now, "provisioning", "", "armed", f"by {event.by}")
    return [SaveDevice(device.record), AppendTransition(armed)]


def request_queued(parts: Parts, event: RequestQueued, now: float) -> list[Command]:
    """Tell the phone something when it next calls."""
    if parts.roster.device(event.mac) is None:
        return [Answer(refused=("there is no such device",))]
    return parts.requests.queue(event, now)


def operator_added(parts: Parts, event: OperatorAdded, now: float) -> list[Command]:
    """Give somebody access, or a new token."""
    parts.roster.operators[event.operator.name] = event.operator
    return [SaveOperator(event.operator), Decided("access", "operator added")]


def operator_removed(parts: Parts, event: OperatorRemoved, now: float) -> list[Command]:
    """End somebody's access; tokens and sessions are looked up by name, so they end with it."""
    if parts.roster.operators.pop(event.name, None) is None:
        return [Answer(refused=("there is no such operator",))]
    return [DropOperator(event.name), Decided("access", "operator removed")]


def settings_changed(parts: Parts, event: SettingsChanged, now: float) -> list[Command]:
    """Go on with new settings; every device's deadlines are set anew by them."""
    parts.settings = event.settings
    parts.pinging.apply(event.settings.qualify)
    parts.numbers.settings = event.settings.numbers
    parts.requests.settings = event.settings.requests
    parts.calls.settings = event.settings.quality
    parts.documents.settings = event.settings.provisioning
    for device in parts.roster.devices():
        watch(parts, device, now)
        expect_report(parts, device)
    return [*connection_events.rewatch(parts, now), Decided("settings", "taken over")]


def store_failed(parts: Parts, event: StoreFailed, now: float) -> list[Command]:
    """The disk refuses writes: an alarm about ourselves."""
    return parts.alarms.report(Trouble.of(STORE_FAILURE, event.why[:100]), None, OURSELVES, now)


def store_recovered(parts: Parts, event: StoreRecovered, now: float) -> list[Command]:
    """The disk takes writes again."""
    return parts.alarms.clear(Trouble.of(STORE_FAILURE).identity(OURSELVES), now, None)


def _define_places(parts: Parts, inventory: Inventory) -> list[Command]:
    """Tenants, servers and numbers, as far as they are new or different."""
    orders: list[Command] = []
    for tenant in inventory.tenants:
        if parts.roster.tenants.get(tenant.name) != tenant:
            parts.roster.tenants[tenant.name] = tenant
            orders.append(SaveTenant(tenant))
    for server in inventory.servers:
        if parts.roster.servers.get(server.name) != server:
            parts.roster.servers[server.name] = server
            orders.append(SaveServer(server))
    for entry in inventory.numbers:
        orders += parts.numbers.define(entry)
    return orders


def _free_numbers(parts: Parts, records: list[DeviceRecord], now: float) -> list[Command]:
    """Let go of every number that its device gives up, so that another of the same file may have it."""
    orders: list[Command] = []
    for record in records:
        holder = parts.roster.device(parts.roster.mac_of_user(record.number) or record.mac)
        if record.number and holder is not None and holder.mac != record.mac:
            parts.roster.redefine(holder, replace(holder.record, number=""))
            orders += [*parts.numbers.free(record.number), SaveDevice(holder.record)]
    for record in records:
        device = parts.roster.device(record.mac)
        if device and device.number and device.number != record.number:
            orders += parts.numbers.cool(device.number, device.mac, now)
    return orders


def _define_device(parts: Parts, record: DeviceRecord, by: str, now: float) -> list[Command]:
    """A device is new, changed, or as it was."""
    device = parts.roster.device(record.mac)
    armed = now + parts.settings.provisioning.first_contact_window
    if device is None:
        device = Device(replace(record, armed_until=armed if record.approved else 0.0), now)
        parts.roster.add(device)
        told = Transition(record.mac, now, "provisioning", "", "defined", f"by {by}")
    elif record == device.record:
        return parts.numbers.assign(record.number, record.mac, now) if record.number else []
    else:
        newly = record.approved and not device.record.approved
        parts.roster.redefine(device, replace(record, armed_until=armed) if newly else record)
        told = Transition(record.mac, now, "provisioning", "", "approved" if newly else "edited", f"by {by}")
    return [SaveDevice(device.record), AppendTransition(told), *_set_up(parts, device, now)]


def _set_up(parts: Parts, device: Device, now: float) -> list[Command]:
    """Number, contact, pings and status of a device whose record is new."""
    orders: list[Command] = []
    if device.number and device.record.approved:
        orders += parts.numbers.assign(device.number, device.mac, now)
    if device.contact is None or device.contact.static:
        parts.roster.move(device, static_contact(device.record.contact))
    moved = watch(parts, device, now)
    refresh_status(parts, device)
    return [*orders, *(follow(parts, device, moved, now) or [SaveState(device.state())])]
