"""Routes about tenants and their sites: list, show, write, delete.

A tenant is written as a whole, in the form of the inventory. What contradicts itself is refused; networks that overlap
another tenant's are allowed, since the smallest one decides, and warned of. Not here: the first contact of a tenant's
phones (`first_contact`), placeholder values alone (`placeholders`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import trio
from fastapi import APIRouter, Request
from pydantic import BaseModel

from daemon.config.entries import WrittenTenant
from daemon.fleet.acts import InventoryApplied, TenantDeleted
from daemon.fleet.model import Network, Placeholders, Site, Tenant
from daemon.fleet.records import Inventory
from daemon.http.operators.access import Actor, Reader
from daemon.http.operators.bodies import body_of, read_body
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import kept
from daemon.http.operators.problems import Problem, ProblemFault, not_found
from daemon.provisioning.placeholders.lookup import looks_secret

router = APIRouter(prefix="/tenants", tags=["tenants"])

MASK = "********"


class SiteView(BaseModel):
    """A place within a tenant, and how many devices are at it."""

    name: str
    subnet: str
    timezone: str
    placeholders: dict[str, str]
    devices: int


class TenantView(BaseModel):
    """A tenant with its sites; secret values are masked. `warnings` is what an operator should know of it.

    "" and an empty list say that the settings' value is in force.
    """

    name: str
    description: str
    subnet: str
    default: bool
    authentication: str
    interval: float | None
    lagged_after: float | None
    rungs: list[str]
    addresses: list[str]
    unprotected: str
    timezone: str
    placeholders: dict[str, str]
    sites: list[SiteView]
    devices: int
    users: int
    warnings: list[str]


class TenantList(BaseModel):
    """All tenants, by name."""

    items: list[TenantView]


@router.get("")
async def list_tenants(desk: AtDesk, caller: Reader) -> TenantList:
    """Every tenant; there are hundreds at most."""
    return TenantList(items=_views(desk, sorted(desk.directory.tenants)))


@router.get("/{name}")
async def show_tenant(name: str, desk: AtDesk, caller: Reader) -> TenantView:
    """One tenant."""
    if name not in desk.directory.tenants:
        raise not_found(f"tenant {name[:100]}")
    return _views(desk, [name])[0]


@router.put("/{name}", openapi_extra=body_of(WrittenTenant))
async def write_tenant(name: str, request: Request, desk: AtDesk, caller: Actor) -> TenantView:
    """Write a tenant as a whole, with its sites; a secret value that is not named stays."""
    written = await read_body(request, WrittenTenant, name=name)
    tenant = await trio.to_thread.run_sync(written.noun, desk.seal)
    faults = tuple(_faults(tenant))
    if faults:
        raise Problem(422, "the tenant contradicts itself", faults)
    await kept(desk.deliver(InventoryApplied(Inventory(tenants=(tenant,)), caller.name)))
    return _views(desk, [name])[0]


@router.delete("/{name}", status_code=204)
async def delete_tenant(name: str, desk: AtDesk, caller: Actor) -> None:
    """Forget a tenant that nothing belongs to any more."""
    if name not in desk.directory.tenants:
        raise not_found(f"tenant {name[:100]}")
    await kept(desk.deliver(TenantDeleted(name, caller.name)))


def _faults(tenant: Tenant) -> Iterator[ProblemFault]:
    """What its own parts say against one another."""
    seen: set[str] = set()
    for index, site in enumerate(tenant.sites):
        if site.name in seen:
            yield ProblemFault(key=f"sites[{index}].name", wrong=f"{site.name!r} stands twice", hint="keep one of them")
        seen.add(site.name)
        if site.subnet and tenant.subnet and not _within(site.subnet, tenant.subnet):
            hint = f"the tenant has {tenant.subnet}: widen that or correct this"
            yield ProblemFault(
                key=f"sites[{index}].subnet", wrong=f"{site.subnet} lies outside its tenant's subnet", hint=hint
            )


def _warnings(tenant: Tenant, desk: Desk) -> Iterator[str]:
    """What will not do what it seems to."""
    if "certificate" in tenant.rungs and not desk.settings().http.phones.takes_certificates:
        yield "the rung certificate is never reached: no https:// address of http.phones.listen has a tls.client_ca"
    yield from _overlaps(tenant, desk.directory.tenants)


def _overlaps(tenant: Tenant, tenants: Mapping[str, Tenant]) -> Iterator[str]:
    """Networks that are others', too: the smallest one that a phone is in decides whose it is."""
    for other in tenants.values():
        for ours in tenant.networks() if other.name != tenant.name else ():
            for theirs in other.networks():
                if ours.version == theirs.version and ours.overlaps(theirs):
                    yield f"{ours} overlaps {theirs} of tenant {other.name}: phones in both go to the smaller network"
    named = [(site.name, site.subnet) for site in tenant.sites if site.subnet is not None]
    for at, (name, subnet) in enumerate(named):
        for other_name, other_subnet in named[at + 1 :]:
            if subnet.version == other_subnet.version and subnet.overlaps(other_subnet):
                yield f"sites {name} and {other_name} overlap: phones in both go to the smaller network"


def _within(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]  # same version


def _views(desk: Desk, names: list[str]) -> list[TenantView]:
    directory = desk.directory
    devices = Counter((device.record.tenant, device.record.site) for device in directory.devices())
    users = Counter(user.tenant for user in directory.users.values())
    totals: Counter[str] = Counter()
    for (tenant, _site), count in devices.items():
        totals[tenant] += count
    return [_view(directory.tenants[name], devices, totals[name], users[name], desk) for name in names]


def _view(tenant: Tenant, devices: Counter[tuple[str, str]], total: int, users: int, desk: Desk) -> TenantView:
    return TenantView(
        **_place(tenant),
        description=tenant.description,
        default=tenant.default,
        authentication=tenant.authentication,
        interval=tenant.interval,
        lagged_after=tenant.lagged_after,
        rungs=list(tenant.rungs),
        addresses=list(map(str, tenant.addresses)),
        unprotected=tenant.unprotected,
        sites=[SiteView(**_place(site), devices=devices[tenant.name, site.name]) for site in tenant.sites],
        devices=total,
        users=users,
        warnings=list(_warnings(tenant, desk)),
    )


def _place(noun: Tenant | Site) -> dict[str, Any]:
    return {
        "name": noun.name,
        "subnet": str(noun.subnet or ""),
        "timezone": noun.timezone,
        "placeholders": _shown(noun.placeholders),
    }


def _shown(values: Placeholders) -> dict[str, str]:
    return {name: MASK if text and looks_secret(name) else text for name, text in values.items()}
