"""What the fleet does about operators: inventories, removals, arming, requests, access, settings; and the disk.

Handlers only. An inventory is taken as a whole or refused as a whole. Not here: who may do what (the operators'
listener decides that), reading files.
"""

from __future__ import annotations

from dataclasses import replace

from daemon.fleet import connection_events, lagging
from daemon.fleet.acts import (
    DeviceArmed,
    DeviceDeleted,
    OperatorAdded,
    OperatorRemoved,
    RequestQueued,
    SettingsChanged,
    TenantDeleted,
)
from daemon.fleet.alarms.catalogue import STORE_FAILURE
from daemon.fleet.alarms.trouble import OURSELVES, Trouble
from daemon.fleet.commands import Answer, Command, Decided
from daemon.fleet.consequences import expect_report
from daemon.fleet.events import StoreFailed, StoreRecovered
from daemon.fleet.model import Transition
from daemon.fleet.parts import Parts
from daemon.fleet.sip_events import watch
from daemon.fleet.store_commands import (
    AppendTransition,
    DropDevice,
    DropOperator,
    DropTenant,
    SaveDevice,
    SaveOperator,
)


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
    orders += parts.files_given.forget(event.mac)
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
    parts.operations.settings = event.settings.operations
    parts.operations.keep_alive = event.settings.keep_alive
    parts.calls.settings = event.settings.quality
    parts.documents.settings = parts.files_given.settings = event.settings.provisioning
    parts.files.settings = event.settings.files
    parts.alarms.apply(event.settings.alarms)
    for device in parts.roster.devices():
        watch(parts, device, now)
        expect_report(parts, device)
        lagging.arm(parts, device)
    parts.licence.due = now
    return [*connection_events.rewatch(parts, now), Decided("settings", "taken over")]


def store_failed(parts: Parts, event: StoreFailed, now: float) -> list[Command]:
    """The disk refuses writes: an alarm about ourselves."""
    return parts.alarms.report(Trouble.of(STORE_FAILURE, event.why[:100]), None, OURSELVES, now)


def store_recovered(parts: Parts, event: StoreRecovered, now: float) -> list[Command]:
    """The disk takes writes again."""
    return parts.alarms.clear(Trouble.of(STORE_FAILURE).identity(OURSELVES), now, None)
