"""Where placeholder values stand, one class of place each: system, model, tenant, site, device.

A scope reads its table as it is kept (secrets sealed) and says which event replaces it. System and models stand in
documents, tenants, sites and devices in their own records. Not here: whether values will do (`placeholders`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from daemon.fleet.acts import DocumentsWritten, InventoryApplied
from daemon.fleet.model import DeviceRecord, Placeholders, Site, Tenant
from daemon.fleet.records import Draft, Inventory
from daemon.http.operators.desk import Desk
from daemon.http.operators.devices import known_device
from daemon.http.operators.problems import Problem, not_found
from daemon.provisioning.library import values_path
from daemon.provisioning.placeholders.lookup import Family

_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,62}\Z")
_FIELDS = frozenset({"placeholders"})


class Scope(Protocol):
    """A place where values stand."""

    @property
    def family(self) -> Family:
        """Which family they are."""

    def values(self, desk: Desk) -> Placeholders:
        """The table now."""

    def replaced(self, desk: Desk, values: Mapping[str, str], by: str) -> DocumentsWritten | InventoryApplied:
        """What makes `values` the table."""


@dataclass(frozen=True, slots=True)
class Written:
    """System (model "") or a model."""

    model: str = ""

    @property
    def family(self) -> Family:
        """Which family they are."""
        return Family.TEMPLATE if self.model else Family.SYSTEM

    def values(self, desk: Desk) -> Placeholders:
        """In the clear, as the document is sealed whole."""
        return desk.maker().library.values(self.model)

    def replaced(self, desk: Desk, values: Mapping[str, str], by: str) -> DocumentsWritten | InventoryApplied:
        """The document's next version; an empty table removes it."""
        body = desk.seal(json.dumps(dict(sorted(values.items())), ensure_ascii=False)) if values else ""
        return DocumentsWritten((Draft(values_path(self.model), body),), by)


@dataclass(frozen=True, slots=True)
class OfTenant:
    """A tenant."""

    tenant: Tenant
    family: Family = Family.TENANT

    def values(self, desk: Desk) -> Placeholders:
        """As they stand in its record."""
        return self.tenant.placeholders

    def replaced(self, desk: Desk, values: Mapping[str, str], by: str) -> DocumentsWritten | InventoryApplied:
        """The tenant with another table."""
        return InventoryApplied(Inventory(tenants=(replace(self.tenant, placeholders=values),)), by)


@dataclass(frozen=True, slots=True)
class OfSite:
    """A tenant's site."""

    tenant: Tenant
    site: Site
    family: Family = Family.SITE

    def values(self, desk: Desk) -> Placeholders:
        """As they stand in its tenant's record."""
        return self.site.placeholders

    def replaced(self, desk: Desk, values: Mapping[str, str], by: str) -> DocumentsWritten | InventoryApplied:
        """The tenant with another table at this site."""
        other = replace(self.site, placeholders=values)
        sites = tuple(other if site.name == self.site.name else site for site in self.tenant.sites)
        return InventoryApplied(Inventory(tenants=(replace(self.tenant, sites=sites),)), by)


@dataclass(frozen=True, slots=True)
class OfDevice:
    """A device."""

    record: DeviceRecord
    family: Family = Family.DEVICE

    def values(self, desk: Desk) -> Placeholders:
        """As they stand in its record."""
        return self.record.placeholders

    def replaced(self, desk: Desk, values: Mapping[str, str], by: str) -> DocumentsWritten | InventoryApplied:
        """The device with another table."""
        return of_devices([replace(self.record, placeholders=values)], by)


def of_devices(records: Collection[DeviceRecord], by: str) -> InventoryApplied:
    """What gives each of these devices the table in its record."""
    fields = {record.mac: _FIELDS for record in records}
    return InventoryApplied(Inventory(devices=tuple(records), device_fields=fields), by)


def scope_named(desk: Desk, path: str) -> Scope:
    """The scope of a path such as `site/acme/hq`; `Problem` 404 or 422 if there is none."""
    match path.split("/"):
        case ["system"]:
            return Written()
        case ["template", model] if _MODEL.match(model):
            return Written(model)
        case ["tenant", name]:
            return OfTenant(_tenant(desk, name))
        case ["site", name, site]:
            return _site(_tenant(desk, name), site)
        case ["device", mac]:
            return OfDevice(known_device(desk, mac).record)
    raise Problem(422, "placeholders are those of system, template/…, tenant/…, site/…/… or device/…")


def _tenant(desk: Desk, name: str) -> Tenant:
    tenant = desk.directory.tenants.get(name)
    if tenant is None:
        raise not_found(f"tenant {name[:40]}")
    return tenant


def _site(tenant: Tenant, name: str) -> OfSite:
    site = tenant.site_named(name)
    if site is None:
        raise not_found(f"site {name[:40]} of tenant {tenant.name}")
    return OfSite(tenant, site)
