"""The fleet in numbers: one route, one glance."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from fastapi import APIRouter
from pydantic import BaseModel

from daemon.fleet.device import Device
from daemon.fleet.model import Presence, Reachability, Status, Tenant
from daemon.fleet.notifications import Severity
from daemon.fleet.records import NumberStatus
from daemon.http.operators.access import Reader
from daemon.http.operators.desk import AtDesk, Totals

Kind = TypeVar("Kind", bound=StrEnum)

router = APIRouter(prefix="/summary", tags=["summary"])


class Counts(BaseModel):
    """How many of each; every value is there, also those that count nothing."""

    devices: int
    unapproved: int
    reachability: dict[str, int]
    presence: dict[str, int]
    status: dict[str, int]
    numbers: dict[str, int]
    connections: dict[str, int]
    alarms: dict[str, int]


class TenantCounts(BaseModel):
    """One tenant's devices by status."""

    tenant: str
    devices: int
    status: dict[str, int]


class Summary(Counts):
    """The whole fleet, and each tenant."""

    tenants: list[TenantCounts]


@router.get("")
async def show_summary(desk: AtDesk, caller: Reader) -> Summary:
    """Counts per reachability, presence and status, of numbers and alarms, and per tenant."""
    counts = count(desk.directory.statistics())
    return Summary(**counts.model_dump(), tenants=_by_tenant(desk.directory.tenants, desk.directory.devices()))


def count(totals: Totals) -> Counts:
    """The fleet's own counts under the names that operators know."""
    return Counts(
        devices=totals.devices,
        unapproved=totals.unapproved,
        reachability=_named(Reachability, totals.reachability),
        presence=_named(Presence, totals.presence),
        status=_named(Status, totals.status),
        numbers=_named(NumberStatus, totals.numbers),
        connections=_named(Reachability, totals.connections),
        alarms={s.name: totals.alarms.get(s, 0) for s in reversed(Severity) if s is not Severity.CLEARED},
    )


def _named(kinds: Iterable[Kind], counts: Mapping[Kind, int]) -> dict[str, int]:
    return {kind.value: counts.get(kind, 0) for kind in kinds}


def _by_tenant(tenants: Mapping[str, Tenant], devices: Iterable[Device]) -> list[TenantCounts]:
    """Tenants in order of name; devices of nobody stand under the empty name."""
    found: defaultdict[str, Counter[Status]] = defaultdict(Counter, {name: Counter() for name in tenants})
    for device in devices:
        found[device.record.tenant][device.status] += 1
    return [
        TenantCounts(tenant=name, devices=found[name].total(), status=_named(Status, found[name]))
        for name in sorted(found)
    ]
