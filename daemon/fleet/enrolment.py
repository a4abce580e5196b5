"""Taking an operator's inventory into the fleet: checked as a whole, then applied as a whole.

What the file alone can tell (syntax, duplicates, subnets) was checked where it was read; here stand the checks that
need the running fleet: do the named tenants, sites and servers exist, is a number free. A short entry changes only
the fields it names. Not here: reading YAML, what follows from a changed device (`fleet`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from daemon.fleet import connection_events
from daemon.fleet.connection import Connection
from daemon.fleet.model import DeviceRecord, Mac, Tenant
from daemon.fleet.records import Inventory, NumberEntry, NumberStatus
from daemon.fleet.roster import Roster


def faults(
    inventory: Inventory,
    roster: Roster,
    numbers: Mapping[str, NumberEntry],
    connections: Mapping[str, Connection] = MappingProxyType({}),
) -> list[str]:
    """Why this inventory cannot be taken, one sentence each; empty if it can."""
    tenants = {**roster.tenants, **{tenant.name: tenant for tenant in inventory.tenants}}
    servers = {*roster.servers, *(server.name for server in inventory.servers)}
    wanted = {record.mac: record for record in merged(inventory, roster)}
    return [
        *_default_faults(tenants),
        *(fault for record in wanted.values() for fault in _reference_faults(record, tenants, servers)),
        *_number_faults(wanted, roster, numbers),
        *connection_events.faults(inventory, connections, tenants),
    ]


def merged(inventory: Inventory, roster: Roster) -> Iterator[DeviceRecord]:
    """The records as they will be: fields the inventory names, over what is known already."""
    for entry in inventory.devices:
        known = roster.device(entry.mac)
        written = inventory.device_fields.get(entry.mac, frozenset())
        if known is None:
            yield entry
        else:
            # Listing a phone that waits for approval approves it, unless the entry says otherwise.
            written = written if known.record.approved else written | {"approved"}
            yield replace(known.record, **{name: getattr(entry, name) for name in written})


def _default_faults(tenants: Mapping[str, Tenant]) -> Iterator[str]:
    defaults = sorted(tenant.name for tenant in tenants.values() if tenant.default)
    if len(defaults) > 1:
        yield f"tenants {', '.join(defaults)} would all be the default: there is one at most"


def _reference_faults(record: DeviceRecord, tenants: Mapping[str, Tenant], servers: set[str]) -> Iterator[str]:
    tenant = tenants.get(record.tenant)
    if record.tenant and tenant is None:
        yield f"device {record.mac}: there is no tenant {record.tenant}; define it in the same inventory"
    if record.site and (tenant is None or tenant.site_named(record.site) is None):
        yield f"device {record.mac}: tenant {record.tenant or '(none)'} has no site {record.site}"
    if record.server and record.server not in servers:
        yield f"device {record.mac}: there is no server {record.server}; define it in the same inventory"


def _number_faults(
    wanted: Mapping[Mac, DeviceRecord], roster: Roster, numbers: Mapping[str, NumberEntry]
) -> Iterator[str]:
    """A number is given once: not while another device uses it, while it cools, or while it is reserved."""
    for record in wanted.values():
        entry = numbers.get(record.number)
        if not record.number or entry is None or entry.device == record.mac:
            continue
        holder = entry.device
        moves_on = holder is not None and holder in wanted and wanted[holder].number != record.number
        if entry.status is NumberStatus.USED and not moves_on:
            yield f"device {record.mac}: number {record.number} is used by device {holder}"
        elif entry.status is NumberStatus.COOLING:
            yield f"device {record.mac}: number {record.number} is cooling after device {holder} ({entry.tag})"
        elif entry.status is NumberStatus.RESERVED:
            yield f"device {record.mac}: number {record.number} is reserved"
