"""What the fleet does about an operator's inventory: checked as a whole, taken entry by entry, durable as a whole.

A small one is taken at once. A large one becomes an intake: `Fleet.expire` takes a step of it at a time, and the store
holds its commits until the last. A phone that comes in between finds its old record or its new one: each entry is taken
in one piece, and one that loses its number to another of the same inventory keeps its record until it is its turn. Not
here: the check (`inventory_check`), what an entry makes of what is known (`enrolment`), what is left of an intake
(`intake`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from daemon.fleet import connection_events, document_events, enrolment
from daemon.fleet.acts import InventoryApplied
from daemon.fleet.commands import Answer, Command, Decided, TellIntake
from daemon.fleet.consequences import follow, refresh_status
from daemon.fleet.device import Device
from daemon.fleet.intake import STEP, Entry, Intake
from daemon.fleet.inventory_check import Check
from daemon.fleet.model import ConnectionRecord, DeviceRecord, Server, Tenant, Transition
from daemon.fleet.parts import Parts
from daemon.fleet.records import Draft, Inventory, NumberEntry, User
from daemon.fleet.sip_events import static_contact, watch
from daemon.fleet.store_commands import (
    AppendTransition,
    HoldCommits,
    ReleaseCommits,
    SaveDevice,
    SaveServer,
    SaveState,
    SaveTenant,
    SaveUser,
)

_NOTHING: frozenset[str] = frozenset()


def inventory_applied(parts: Parts, event: InventoryApplied, now: float) -> list[Command]:
    """Take an inventory or begin to, or say why not."""
    checked = event.checked
    if checked is None or checked.inventory is not event.inventory or checked.edition != parts.roster.edition:
        checked = Check(parts, event.inventory).finish()
    if checked.objections:
        return [Answer(refused=checked.sentences), Decided("enrolment", "inventory refused")]
    parts.roster.edition += 1
    intake = Intake(checked, event.by, now)
    if intake.total > STEP:
        parts.intake = intake
        return [HoldCommits(), _told(intake), Decided("enrolment", "intake begun")]
    return [*_taken(parts, intake, now), Decided("enrolment", "inventory taken")]


def take_step(parts: Parts, now: float) -> list[Command]:
    """Take the next entries of the intake, if there is one."""
    intake = parts.intake
    if intake is None:
        return []
    intake.due = now
    orders = [*map(_one_of_many, _taken(parts, intake, now)), _told(intake)]
    if intake.over:
        parts.intake = None
        parts.roster.edition += 1
        orders += [ReleaseCommits(), Decided("enrolment", "inventory taken")]
    return orders


def define_device(parts: Parts, record: DeviceRecord, by: str, now: float) -> list[Command]:
    """A device is new, changed, or as it was; its number is free."""
    device = parts.roster.device(record.mac)
    armed = now + parts.settings.provisioning.first_contact_window
    if device is None:
        since = (record.defined_at or now) if record.approved else 0.0
        device = Device(replace(record, armed_until=armed if record.approved else 0.0, defined_at=since), now)
        parts.roster.add(device)
        told = Transition(record.mac, now, "provisioning", "", "defined", f"by {by}")
    elif record == device.record:
        return parts.numbers.assign(record.number, record.mac, now) if record.number else []
    else:
        newly = record.approved and not device.record.approved
        parts.roster.redefine(device, replace(record, armed_until=armed, defined_at=now) if newly else record)
        told = Transition(record.mac, now, "provisioning", "", "approved" if newly else "edited", f"by {by}")
    return [SaveDevice(device.record), AppendTransition(told), *_set_up(parts, device, now)]


def _taken(parts: Parts, intake: Intake, now: float) -> list[Command]:
    orders: list[Command] = []
    for entry in intake.take():
        orders += _TAKE[type(entry)](parts, intake, entry, now)
    return orders


def _one_of_many(order: Command) -> Command:
    return AppendTransition(order.transition, one_of_many=True) if isinstance(order, AppendTransition) else order


def _told(intake: Intake) -> TellIntake:
    return TellIntake(intake.by, intake.done, intake.total)


def _tenant(parts: Parts, _intake: Intake, tenant: Tenant, now: float) -> list[Command]:
    known = parts.roster.tenants.get(tenant.name)
    if known is not None:
        tenant = _with_secrets(tenant, known)
    if known == tenant:
        return []
    parts.roster.tenants[tenant.name] = tenant
    return [SaveTenant(tenant)]


def _with_secrets(tenant: Tenant, known: Tenant) -> Tenant:
    """Its secrets and its sites', as far as the new one says nothing of them."""
    sites = tuple(
        replace(site, placeholders=enrolment.with_secrets(site.placeholders, before.placeholders)) if before else site
        for site in tenant.sites
        for before in (known.site_named(site.name),)
    )
    return replace(tenant, sites=sites, placeholders=enrolment.with_secrets(tenant.placeholders, known.placeholders))


def _server(parts: Parts, _intake: Intake, server: Server, now: float) -> list[Command]:
    if parts.roster.servers.get(server.name) == server:
        return []
    parts.roster.servers[server.name] = server
    return [SaveServer(server)]


def _number(parts: Parts, _intake: Intake, entry: NumberEntry, now: float) -> list[Command]:
    return parts.numbers.define(entry)


def _user(parts: Parts, intake: Intake, entry: User, now: float) -> list[Command]:
    user = enrolment.merge_user(entry, intake.inventory.user_fields.get(entry.key), parts.roster)
    if parts.roster.users.get(user.key) == user:
        return []
    parts.roster.users[user.key] = user
    return [SaveUser(user)]


def _device(parts: Parts, intake: Intake, entry: DeviceRecord, now: float) -> list[Command]:
    record = enrolment.merge(entry, intake.inventory.device_fields.get(entry.mac, _NOTHING), parts.roster)
    return [*_let_go(parts, intake, record, now), *define_device(parts, record, intake.by, now)]


def _draft(parts: Parts, intake: Intake, draft: Draft, now: float) -> list[Command]:
    return document_events.write(parts, draft, intake.by, now)


def _connection(parts: Parts, intake: Intake, entry: ConnectionRecord, now: float) -> list[Command]:
    alone = Inventory(connections=(entry,), connection_fields=intake.inventory.connection_fields)
    return connection_events.define(parts, alone, intake.by, now)


_TAKE: dict[type[Entry], Callable[[Parts, Intake, Any, float], list[Command]]] = {
    Tenant: _tenant,
    Server: _server,
    NumberEntry: _number,
    User: _user,
    DeviceRecord: _device,
    Draft: _draft,
    ConnectionRecord: _connection,
}


def _let_go(parts: Parts, intake: Intake, record: DeviceRecord, now: float) -> list[Command]:
    """What has to be free for this record: its number, from whoever bears it; and the number it gives up."""
    orders: list[Command] = []
    holder = parts.roster.device(parts.roster.mac_of_user(record.number) or record.mac) if record.number else None
    if holder is not None and holder.mac != record.mac:
        if holder.mac not in intake.devices:
            parts.roster.redefine(holder, replace(holder.record, number=""))
            orders.append(SaveDevice(holder.record))
        orders += parts.numbers.free(record.number)
    device = parts.roster.device(record.mac)
    if device and device.number and device.number != record.number:
        orders += _give_up(parts, intake, device, now)
    return orders


def _give_up(parts: Parts, intake: Intake, device: Device, now: float) -> list[Command]:
    """A number that goes to another device of the same inventory does not rest in between."""
    entry = parts.numbers.entries.get(device.number)
    if entry is not None and entry.device == device.mac and device.number in intake.numbers:
        return parts.numbers.free(device.number)
    return parts.numbers.cool(device.number, device.mac, now)


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
