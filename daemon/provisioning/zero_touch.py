"""Whose phone is this: the tenant and site it belongs to, and by which rule.

The order (AudioCodes' guide, chapter 4): a device somebody defined keeps its tenant; a new one goes by the tenant or
region in its URL, else by the smallest subnet that holds its address, else to the default tenant. A name in the URL
that nobody has is no reason to guess: such a phone has no tenant. Not here: what it is then served
(`first_contact`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from daemon.fleet.model import DeviceRecord, Network, Site, Tenant
from daemon.provisioning.served import FileKind

# Addresses looked into so far: 3.7 µs each, three times per fetch. A fleet behind one address each is not all of them.
_REMEMBERED = 4096
# Stands for "no tenant": it has no network, so it believes nothing but a secret.
NO_TENANT = Tenant(name="")


class Rule(StrEnum):
    """Which rule placed a phone."""

    DEFINED = "defined device"
    URL_TENANT = "tenant in the URL"
    URL_REGION = "region in the URL"
    URL_UNKNOWN = "unknown name in the URL"
    URL_AMBIGUOUS = "ambiguous region in the URL"
    SUBNET = "subnet"
    DEFAULT = "default tenant"
    NOWHERE = "no default tenant"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a phone belongs; `tenant` is `NO_TENANT` if nowhere."""

    tenant: Tenant
    site: Site | None
    rule: Rule


@lru_cache(maxsize=_REMEMBERED)
def address_of(source: str) -> IPv4Address | IPv6Address | None:
    """A peer's address; a v4 address that came in over a v6 socket (::ffff:10.1.2.3) counts as v4. None if none."""
    try:
        address = ip_address(source)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def place_device(record: DeviceRecord, tenant: Tenant, source: str) -> Place:
    """Where a device of `tenant` belongs, whatever URL it uses: its site as defined, else the one it is in."""
    return Place(tenant, tenant.site_named(record.site) or _site_at(tenant, source), Rule.DEFINED)


def place_newcomer(
    kind: FileKind, name: str, source: str, tenants: Collection[Tenant], default: Tenant | None
) -> Place:
    """Where a phone belongs that nobody defined: `name` is what its URL says, compared without regard to case."""
    if kind is FileKind.TENANT:
        return _by_tenant(name, source, tenants)
    if kind is FileKind.REGION:
        return _by_region(name, source, tenants)
    found = _smallest(_homes(tenants), source)
    if found is not None:
        return Place(*found, Rule.SUBNET)
    return Place(default, None, Rule.DEFAULT) if default else Place(NO_TENANT, None, Rule.NOWHERE)


def _by_tenant(name: str, source: str, tenants: Iterable[Tenant]) -> Place:
    for tenant in tenants:
        if _same(tenant.name, name):
            return Place(tenant, _site_at(tenant, source), Rule.URL_TENANT)
    return Place(NO_TENANT, None, Rule.URL_UNKNOWN)


def _by_region(name: str, source: str, tenants: Collection[Tenant]) -> Place:
    """A region is a tenant's or a site's name; of several sites so called, the one whose subnet holds the phone."""
    place = _by_tenant(name, source, tenants)
    if place.rule is Rule.URL_TENANT:
        return Place(place.tenant, place.site, Rule.URL_REGION)
    named = [(tenant, site) for tenant in tenants for site in tenant.sites if _same(site.name, name)]
    if len(named) == 1:
        return Place(*named[0], Rule.URL_REGION)
    found = _smallest(((site.subnet, tenant, site) for tenant, site in named), source)
    if found is not None:
        return Place(*found, Rule.URL_REGION)
    return Place(NO_TENANT, None, Rule.URL_AMBIGUOUS if named else Rule.URL_UNKNOWN)


def _site_at(tenant: Tenant, source: str) -> Site | None:
    found = _smallest(((site.subnet, tenant, site) for site in tenant.sites), source)
    return found[1] if found else None


def _homes(tenants: Iterable[Tenant]) -> Iterator[tuple[Network | None, Tenant, Site | None]]:
    for tenant in tenants:
        for site in tenant.sites:
            yield site.subnet, tenant, site
        yield tenant.subnet, tenant, None


_Found = tuple[Tenant, Site | None]


def _smallest(homes: Iterable[tuple[Network | None, Tenant, Site | None]], source: str) -> _Found | None:
    """The home with the longest prefix that holds `source`; of equals the first, so a site before its tenant."""
    address = address_of(source)
    if address is None:
        return None
    held = [home for home in homes if home[0] is not None and address in home[0]]
    best = max(held, key=lambda home: home[0].prefixlen if home[0] else 0, default=None)
    return (best[1], best[2]) if best else None


def _same(one: str, other: str) -> bool:
    return bool(other) and one.casefold() == other.casefold()
