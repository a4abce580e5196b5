"""The fleet's definitions -> an inventory file that `inventory` reads back without change.

Only what differs from a default is written. Passwords stay out unless the caller may open them. Not here: what became
of devices; that is the fleet's state, not its definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml

from daemon.config.durations import format_duration
from daemon.fleet.model import ConnectionRecord, DeviceRecord, Server, Site, Tenant
from daemon.fleet.records import NumberEntry, User
from daemon.provisioning.placeholders.lookup import looks_secret
from daemon.provisioning.sealing import open_values
from daemon.scheduler.timestamps import rfc3339

OpenSecret = Callable[[str], str]

_DEVICE_TEXTS = ("model", "tenant", "site", "user", "display_name", "number", "server")
_DEVICE_EXTRAS = ("template", "firmware", "serial", "nickname")


def export_inventory(
    tenants: Iterable[Tenant],
    servers: Iterable[Server],
    devices: Iterable[DeviceRecord],
    numbers: Iterable[NumberEntry],
    connections: Iterable[ConnectionRecord] = (),
    *,
    users: Iterable[User] = (),
    open_secret: OpenSecret | None = None,
) -> str:
    """YAML with what is given, in its order. `open_secret` turns a sealed password into itself; None leaves all out."""
    lists: dict[str, list[dict[str, Any]]] = {
        "tenants": [_tenant(tenant, open_secret) for tenant in tenants],
        "servers": [{"name": server.name, "address": server.address} for server in servers],
        "users": [_user(user, open_secret) for user in users],
        "devices": [_device(device, open_secret) for device in devices],
        "numbers": [_number(entry) for entry in numbers],
        "connections": [_connection(record) for record in connections],
    }
    written = {name: entries for name, entries in lists.items() if entries}
    return (
        yaml.dump(written, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=120) if written else ""
    )


def _written(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What differs from nothing."""
    return {key: value for key, value in entry.items() if value}


def _place(noun: Tenant | Site, open_secret: OpenSecret | None) -> dict[str, Any]:
    """What a tenant and a site have in common."""
    subnet = str(noun.subnet) if noun.subnet else ""
    values = dict(_values(noun.placeholders, open_secret))
    return {"name": noun.name, "subnet": subnet, "timezone": noun.timezone, "placeholders": values}


def _limits(noun: Tenant | DeviceRecord | ConnectionRecord) -> dict[str, str]:
    """What they say about pings themselves, instead of leaving it to others."""
    limits = {"interval": noun.interval, "lagged_after": noun.lagged_after}
    return {name: format_duration(seconds) for name, seconds in limits.items() if seconds is not None}


def _tenant(tenant: Tenant, open_secret: OpenSecret | None) -> dict[str, Any]:
    sites = [_written(_place(site, open_secret)) for site in tenant.sites]
    own = {"description": tenant.description, "default": tenant.default, "sites": sites}
    own |= {"authentication": tenant.authentication, "rungs": list(tenant.rungs), "unprotected": tenant.unprotected}
    own["addresses"] = list(map(str, tenant.addresses))
    return _written(_place(tenant, open_secret) | own) | _limits(tenant)


def _device(record: DeviceRecord, open_secret: OpenSecret | None) -> dict[str, Any]:
    entry = {"mac": record.mac} | _written({name: getattr(record, name) for name in _DEVICE_TEXTS})
    if not record.qualify:
        entry["qualify"] = False
    entry |= _limits(record)
    if record.contact:
        entry["contact"] = record.contact
    if open_secret and record.sip_password:
        entry["sip_password"] = open_secret(record.sip_password)
    if values := _values(record.placeholders, open_secret):
        entry["placeholders"] = dict(values)
    entry |= _written({name: getattr(record, name) for name in _DEVICE_EXTRAS})
    if not record.approved:
        entry["approved"] = False
    return entry


def _user(user: User, open_secret: OpenSecret | None) -> dict[str, Any]:
    entry = {"name": user.name, "tenant": user.tenant, "display_name": user.display_name, "number": user.number}
    if open_secret and user.sip_password:
        entry["sip_password"] = open_secret(user.sip_password)
    return _written(entry)


def _values(placeholders: Mapping[str, str], open_secret: OpenSecret | None) -> Mapping[str, str]:
    """Placeholders in the clear; without the right to open secrets, those that are none."""
    if open_secret:
        return open_values(placeholders, open_secret)
    return {name: text for name, text in placeholders.items() if not looks_secret(name)}


def _connection(record: ConnectionRecord) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": record.name, "target": record.target, "kind": record.kind.value}
    entry |= _written({"tenant": record.tenant, "site": record.site})
    if not record.qualify:
        entry["qualify"] = False
    return entry | _limits(record)


def _number(entry: NumberEntry) -> dict[str, Any]:
    return _written(
        {
            "number": entry.number,
            "vendor": entry.vendor,
            "status": str(entry.status),
            "usage": entry.usage,
            "tag": entry.tag,
            "release_date": rfc3339(entry.release_date) if entry.release_date is not None else "",
        }
    )
