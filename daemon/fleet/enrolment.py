"""What an operator's inventory must fulfil before any of it is taken, and what its entries make of what there is.

What the file alone can tell (syntax, duplicates, subnets) was checked where it was read; here stand the checks that
need the running fleet: do the named tenants, sites and servers exist, is a number free. A short entry changes only
the fields it names. 30,000 devices are checked in one piece, so nothing here makes a record to look at three fields of
it. Not here: reading files, taking the inventory (`inventory_events`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from daemon.fleet import connection_events
from daemon.fleet.connection import Connection
from daemon.fleet.model import DeviceRecord, Mac, Placeholders, Tenant
from daemon.fleet.records import LAID_OVER, Inventory, NumberEntry, NumberStatus, Objection, User
from daemon.fleet.roster import Roster
from daemon.provisioning.placeholders import looks_secret

_NOTHING: frozenset[str] = frozenset()
_APPROVED = frozenset({"approved"})


class Claim(NamedTuple):
    """What a device that is known will refer to once the inventory is taken; a new one is its own claim."""

    mac: Mac
    tenant: str
    site: str
    server: str
    number: str
    approved: bool


Claims = Mapping[Mac, Claim | DeviceRecord]


def objections(
    inventory: Inventory,
    roster: Roster,
    numbers: Mapping[str, NumberEntry],
    connections: Mapping[str, Connection] = MappingProxyType({}),
) -> Iterator[Objection]:
    """Why this inventory cannot be taken, one at a time; none if it can."""
    tenants = {**roster.tenants, **{tenant.name: tenant for tenant in inventory.tenants}}
    servers = {*roster.servers, *(server.name for server in inventory.servers)}
    claims = _claims(inventory, roster)
    yield from _default_faults(tenants)
    yield from _site_faults(inventory, roster, claims)
    yield from _user_faults(inventory, tenants)
    yield from _reference_faults(claims, tenants, servers)
    yield from _number_faults(claims, numbers)
    for sentence in connection_events.faults(inventory, connections, tenants):
        about, _, wrong = sentence.partition(": ")
        yield Objection(about, wrong)


def faults(
    inventory: Inventory,
    roster: Roster,
    numbers: Mapping[str, NumberEntry],
    connections: Mapping[str, Connection] = MappingProxyType({}),
) -> list[str]:
    """The same as sentences."""
    return list(map(str, objections(inventory, roster, numbers, connections)))


def merged(inventory: Inventory, roster: Roster) -> Iterator[DeviceRecord]:
    """The records as they will be: fields the inventory names, over what is known already."""
    for entry in inventory.devices:
        yield merge(entry, inventory.device_fields.get(entry.mac, _NOTHING), roster)


def merge(entry: DeviceRecord, written: frozenset[str], roster: Roster) -> DeviceRecord:
    """One device as it will be; a new one takes from its user what the entry does not say."""
    device = roster.device(entry.mac)
    if device is None:
        return _adopted(entry, written, roster.users.get(f"{entry.tenant}/{entry.user}")) if entry.user else entry
    known = device.record
    if not known.approved:  # listing a phone that waits approves it, unless the entry says otherwise
        written |= _APPROVED
    changes = {name: getattr(entry, name) for name in written if name != LAID_OVER}
    if LAID_OVER in written:
        changes["placeholders"] = MappingProxyType({**known.placeholders, **entry.placeholders})
    elif "placeholders" in written:
        changes["placeholders"] = with_secrets(entry.placeholders, known.placeholders)
    same = all(getattr(known, name) == value for name, value in changes.items())
    return known if same else replace(known, **changes)


def with_secrets(written: Placeholders, known: Placeholders) -> Placeholders:
    """What is written, and the secrets it says nothing of: an export without secrets is imported without losing any."""
    kept = {name: text for name, text in known.items() if looks_secret(name) and name not in written}
    return MappingProxyType({**written, **kept}) if kept else written


def merge_user(entry: User, written: frozenset[str] | None, roster: Roster) -> User:
    """A user as they will be; None written: every field."""
    known = roster.users.get(entry.key)
    if known is None or written is None:
        return entry
    return replace(known, **{name: getattr(entry, name) for name in written})


def _adopted(entry: DeviceRecord, written: frozenset[str], user: User | None) -> DeviceRecord:
    """A number is not taken this way: it can be only one phone's."""
    if user is None:
        return entry
    unsaid = {"display_name", "sip_password"} - written
    return replace(entry, **{name: getattr(user, name) for name in unsaid if not getattr(entry, name)})


def _claims(inventory: Inventory, roster: Roster) -> Claims:
    lookup, fields = roster.device, inventory.device_fields
    claims: dict[Mac, Claim | DeviceRecord] = {}
    for entry in inventory.devices:
        device = lookup(entry.mac)
        claims[entry.mac] = entry if device is None else _claim(entry, device.record, fields.get(entry.mac, _NOTHING))
    return claims


def _claim(entry: DeviceRecord, known: DeviceRecord, written: frozenset[str]) -> Claim:
    return Claim(
        entry.mac,
        entry.tenant if "tenant" in written else known.tenant,
        entry.site if "site" in written else known.site,
        entry.server if "server" in written else known.server,
        entry.number if "number" in written else known.number,
        entry.approved if "approved" in written or not known.approved else known.approved,
    )


def _default_faults(tenants: Mapping[str, Tenant]) -> Iterator[Objection]:
    defaults = sorted(tenant.name for tenant in tenants.values() if tenant.default)
    if len(defaults) > 1:
        yield Objection("", f"tenants {', '.join(defaults)} would all be the default: there is one at most")


def _site_faults(inventory: Inventory, roster: Roster, claims: Claims) -> Iterator[Objection]:
    """A site does not go while devices are at it; those of the inventory itself are checked by what they refer to."""
    for tenant in inventory.tenants:
        known = roster.tenants.get(tenant.name)
        gone = {site.name for site in known.sites} - {site.name for site in tenant.sites} if known else ()
        if gone:
            left = Counter(
                device.record.site
                for device in roster.devices()
                if device.record.tenant == tenant.name and device.record.site in gone and device.mac not in claims
            )
            for site, devices in left.items():
                yield Objection(f"tenant {tenant.name}", f"site {site} still has {devices} devices: move them first")


def _user_faults(inventory: Inventory, tenants: Mapping[str, Tenant]) -> Iterator[Objection]:
    for user in inventory.users:
        if user.tenant and user.tenant not in tenants:
            yield Objection(f"user {user.key}", _no_such("tenant", user.tenant))


def _reference_faults(claims: Claims, tenants: Mapping[str, Tenant], servers: set[str]) -> Iterator[Objection]:
    good: set[tuple[str, str, str]] = set()  # most devices refer to the same few
    for claim in claims.values():
        refers = (claim.tenant, claim.site, claim.server)
        if refers in good:
            continue
        wrong = tuple(_wrong_references(claim, tenants, servers))
        if not wrong:
            good.add(refers)
        for each in wrong:
            yield Objection(f"device {claim.mac}", each)


def _wrong_references(claim: Claim | DeviceRecord, tenants: Mapping[str, Tenant], servers: set[str]) -> Iterator[str]:
    tenant = tenants.get(claim.tenant)
    if claim.tenant and tenant is None:
        yield _no_such("tenant", claim.tenant)
    if claim.site and (tenant is None or tenant.site_named(claim.site) is None):
        yield f"tenant {claim.tenant or '(none)'} has no site {claim.site}"
    if claim.server and claim.server not in servers:
        yield _no_such("server", claim.server)


def _no_such(kind: str, name: str) -> str:
    return f"there is no {kind} {name}; define it in the same inventory"


def _number_faults(claims: Claims, numbers: Mapping[str, NumberEntry]) -> Iterator[Objection]:
    """A number is given once: not while another device uses it, while it cools, or while it is reserved."""
    claimed: dict[str, Claim | DeviceRecord] = {}
    for claim in claims.values():
        number = claim.number
        if not number:
            continue
        first = claimed.setdefault(number, claim)
        if first is not claim and claim.approved and first.approved:
            yield Objection(f"device {claim.mac}", f"number {number} would be that of device {first.mac} as well")
        entry = numbers.get(number)
        if entry is not None and entry.device != claim.mac and (wrong := _taken(entry, claims)):
            yield Objection(f"device {claim.mac}", f"number {number} {wrong}")


def _taken(entry: NumberEntry, claims: Claims) -> str:
    holder = entry.device
    moves_on = holder is not None and holder in claims and claims[holder].number != entry.number
    if entry.status is NumberStatus.USED and not moves_on:
        return f"is used by device {holder}"
    if entry.status is NumberStatus.COOLING:
        return f"is cooling after device {holder} ({entry.tag})"
    return "is reserved" if entry.status is NumberStatus.RESERVED else ""
