"""What the entries of an inventory say of one another: doubles, subnets outside subnets, names nobody defined.

Works on the text as written, so that an entry with a fault of its own does not make others look wrong. A list that
this inventory does not write at all is not judged: the fleet knows what earlier ones defined.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from ipaddress import ip_network

from daemon.config.positions import Table
from daemon.config.sheet import Sheet, Where
from daemon.errors import BadMessage
from daemon.fleet.model import Network, parse_mac

_TRUE = frozenset({"true", "yes", "on", "y", "t", "1"})  # as pydantic reads them


def check_entries(sheet: Sheet) -> None:
    """Note every contradiction between the entries of a whole inventory."""
    _check_doubles(sheet, ("tenants",), "name")
    _check_doubles(sheet, ("servers",), "name")
    _check_users(sheet)
    _check_doubles(sheet, ("devices",), "mac")
    _check_doubles(sheet, ("devices",), "number")
    _check_doubles(sheet, ("numbers",), "number")
    _check_doubles(sheet, ("connections",), "name")
    for where, tenant in sheet.entries(("tenants",)):
        _check_doubles(sheet, (*where, "sites"), "name")
        _check_subnets(sheet, where, tenant)
    _check_default(sheet)
    _check_references(sheet)


def _check_doubles(sheet: Sheet, where: Where, key: str) -> None:
    first: dict[str, Where] = {}
    for entry_at, entry in sheet.entries(where):
        value = entry.get(key)
        if isinstance(value, str) and value:
            before = first.setdefault(_canonical(value) if key == "mac" else value, entry_at)
            if before != entry_at:
                line = sheet.place((*before, key))[1]
                sheet.fault((*entry_at, key), f"{value!r} stands in line {line} already", "keep one of them")


def _check_users(sheet: Sheet) -> None:
    first: dict[tuple[str, str], Where] = {}
    for entry_at, user in sheet.entries(("users",)):
        key = str(user.get("tenant") or ""), str(user.get("name"))
        before = first.setdefault(key, entry_at)
        if before != entry_at:
            line = sheet.place((*before, "name"))[1]
            sheet.fault((*entry_at, "name"), f"{key[1]!r} of this tenant stands in line {line} already", "keep one")


def _check_subnets(sheet: Sheet, where: Where, tenant: Table) -> None:
    around = _network(tenant.get("subnet"))
    for site_at, site in sheet.entries((*where, "sites")):
        subnet = _network(site.get("subnet"))
        if around and subnet and not _within(subnet, around):
            hint = f"the tenant has {around}: widen that or correct this"
            sheet.fault((*site_at, "subnet"), f"{subnet} lies outside its tenant's subnet", hint)


def _check_default(sheet: Sheet) -> None:
    defaults = [at for at, tenant in sheet.entries(("tenants",)) if str(tenant.get("default")).lower() in _TRUE]
    for at in defaults[1:]:
        line = sheet.place((*defaults[0], "default"))[1]
        sheet.fault((*at, "default"), f"the tenant in line {line} is the default already", "choose one")


def _check_references(sheet: Sheet) -> None:
    tenants = {str(tenant.get("name")): at for at, tenant in sheet.entries(("tenants",))}
    sites = {name: _names(sheet, (*at, "sites")) for name, at in tenants.items()}
    servers = _names(sheet, ("servers",))
    for at, entry in (*sheet.entries(("users",)), *sheet.entries(("devices",)), *sheet.entries(("connections",))):
        if tenants:
            _check_known(sheet, (*at, "tenant"), entry.get("tenant"), tenants.keys())
        if servers:
            _check_known(sheet, (*at, "server"), entry.get("server"), servers)
        tenant = str(entry.get("tenant"))
        if tenant in sites:
            _check_known(sheet, (*at, "site"), entry.get("site"), sites[tenant])


def _check_known(sheet: Sheet, where: Where, name: object, known: Collection[str]) -> None:
    if isinstance(name, str) and name and name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"define it under {where[-1]}s"
        sheet.fault(where, f"this file defines no {where[-1]} {name!r}", hint)


def _names(sheet: Sheet, where: Where) -> set[str]:
    return {str(entry.get("name")) for _, entry in sheet.entries(where)}


def _canonical(mac: str) -> str:
    try:
        return parse_mac(mac)
    except BadMessage:
        return mac  # a fault of its own


def _network(text: object) -> Network | None:
    try:
        return ip_network(str(text))
    except ValueError:
        return None  # not written, or a fault of its own


def _within(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]  # same version
