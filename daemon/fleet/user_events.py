"""What the fleet does about users: made, changed, moved with their phones, deleted with or without them.

A phone is its user's by tenant and name. What it took from the user (display name, number, SIP password) follows when
that changes there; what it says itself stays. Not here: users that come in an inventory (`inventory_events`), a user
who signs in on somebody else's phone (`sign_in`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from daemon.fleet.acts import DeviceDeleted, InventoryApplied, UserDeleted, UserWritten
from daemon.fleet.commands import Answer, Command
from daemon.fleet.inventory_check import Check
from daemon.fleet.inventory_events import inventory_applied
from daemon.fleet.model import DeviceRecord, Transition
from daemon.fleet.operator_events import device_deleted
from daemon.fleet.parts import Parts
from daemon.fleet.records import Inventory, User
from daemon.fleet.store_commands import AppendTransition, DropUser

_FOLLOWING = ("display_name", "number", "sip_password")


def user_written(parts: Parts, event: UserWritten, now: float) -> list[Command]:
    """Make a user, or change one; the phones come along."""
    user, users = event.user, parts.roster.users
    former = users.get(event.former) if event.former else None
    if event.former and former is None:
        return [Answer(refused=(f"there is no user {event.former}",))]
    if user.key != event.former and user.key in users:
        return [Answer(refused=(f"there is a user {user.key} already",))]
    inventory = _with_phones(parts, former, user)
    refused = Check(parts, inventory).finish().sentences
    if refused:
        return [Answer(refused=refused)]
    told = Transition(f"user/{user.key}", now, "provisioning", event.former, "written", f"by {event.by}")
    orders: list[Command] = [AppendTransition(told)]
    if former is not None and former.key != user.key:
        del users[former.key]
        orders.append(DropUser(former.key))
    return [*orders, *inventory_applied(parts, InventoryApplied(inventory, event.by), now)]


def user_deleted(parts: Parts, event: UserDeleted, now: float) -> list[Command]:
    """Forget a user, and their phones if that is asked for; a phone is never left with a user who is gone."""
    user = parts.roster.users.get(event.key)
    if user is None:
        return [Answer(refused=(f"there is no user {event.key}",))]
    phones = list(phones_of(parts, user))
    if phones and not event.with_devices:
        left = f"user {event.key} has {_counted(len(phones))}: move or delete them first, or delete them with the user"
        return [Answer(refused=(left,))]
    orders: list[Command] = []
    for record in phones:
        orders += device_deleted(parts, DeviceDeleted(record.mac, event.by), now)
    del parts.roster.users[event.key]
    gone = Transition(f"user/{event.key}", now, "provisioning", "defined", "deleted", f"by {event.by}")
    return [*orders, DropUser(event.key), AppendTransition(gone)]


def phones_of(parts: Parts, user: User) -> Iterator[DeviceRecord]:
    """The records of a user's phones."""
    for device in parts.roster.devices():
        if device.record.user == user.name and device.record.tenant == user.tenant:
            yield device.record


def _with_phones(parts: Parts, former: User | None, user: User) -> Inventory:
    """The user and what changes with them, to be checked and taken like any inventory."""
    phones = [_following(record, former, user) for record in phones_of(parts, former)] if former else []
    written = frozenset({"tenant", "site", "user", *_FOLLOWING})
    fields = {record.mac: written for record in phones}
    return Inventory(users=(user,), devices=tuple(phones), device_fields=fields)


def _following(record: DeviceRecord, former: User, user: User) -> DeviceRecord:
    took = {name: getattr(user, name) for name in _FOLLOWING if _took(record, former, name)}
    site = record.site if user.tenant == former.tenant else ""  # sites are a tenant's own
    return replace(record, tenant=user.tenant, site=site, user=user.name, **took)


def _took(record: DeviceRecord, former: User, name: str) -> bool:
    value: str = getattr(former, name)
    return value != "" and value == getattr(record, name)


def _counted(phones: int) -> str:
    return "1 device" if phones == 1 else f"{phones} devices"
