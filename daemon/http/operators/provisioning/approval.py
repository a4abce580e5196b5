"""Routes that take unapproved phones into a tenant: one, those that are named, or all that a filter leaves.

Several are taken as a whole or not at all. Each is then told to restart when it next reports, so that it fetches its
file (AudioCodes' guide, chapter 8). Not here: what approving means (`daemon.fleet.enrolment`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator

from daemon.errors import BadMessage, Refused
from daemon.fleet.acts import InventoryApplied, RequestQueued
from daemon.fleet.device import Device
from daemon.fleet.model import parse_mac
from daemon.fleet.records import Inventory
from daemon.http.operators.access import Actor, Caller
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import device_detail, kept, known_device
from daemon.http.operators.lists import find, parse_query
from daemon.http.operators.problems import Problem, ProblemFault
from daemon.http.operators.views import DEVICES, DeviceDetail

MOST = 10_000  # phones in one request: ten times as many as wait by default
RESTART = "reset_graceful"  # after the call that may be going on
_OF_A_PAGE = frozenset({"limit", "sort", "cursor"})  # of a list's parameters; all that fit are approved

router = APIRouter(prefix="/devices", tags=["devices"])

Name = Annotated[str, Field(max_length=100)]
Text = Annotated[str, Field(max_length=200)]


class Approval(BaseModel):
    """Whose phone an unapproved phone is; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    tenant: Annotated[str, Field(min_length=1, max_length=100)]
    site: Name | None = None
    user: Name | None = None
    number: Name | None = None


class Approvals(BaseModel):
    """Which unapproved phones, by MAC or by the fields of a list (`{}`: all of them), and whose they are."""

    model_config = ConfigDict(extra="forbid")

    macs: Annotated[list[Text], Field(min_length=1, max_length=MOST)] | None = None
    filter: Annotated[dict[Text, Text | list[Text]], Field(max_length=20)] | None = None
    tenant: Annotated[str, Field(min_length=1, max_length=100)]
    site: Name | None = None
    user: Name | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.macs is None) == (self.filter is None):
            raise ValueError("say which phones: macs, or filter")
        return self


class Approved(BaseModel):
    """The phones that were approved; each restarts when it next reports."""

    macs: list[str]


@router.post("/approve")
async def approve_devices(approvals: Approvals, desk: AtDesk, caller: Actor) -> Approved:
    """Take several unapproved phones into a tenant, all of them or none."""
    devices = _named(desk, approvals.macs) if approvals.macs is not None else _filtered(desk, approvals.filter or {})
    if approvals.user and len(devices) != 1:
        fault = ProblemFault(key="user", wrong=f"would have {len(devices)} phones", hint="approve them one by one")
        raise Problem(422, "a user is given to one phone", (fault,))
    given = Approval(tenant=approvals.tenant, site=approvals.site, user=approvals.user)
    await _approve(desk, devices, given, caller)
    return Approved(macs=[device.mac for device in devices])


@router.post("/{mac}/approve")
async def approve_device(mac: str, approval: Approval, desk: AtDesk, caller: Actor) -> DeviceDetail:
    """Take an unapproved phone into a tenant."""
    device = known_device(desk, mac)
    await _approve(desk, [device], approval, caller)
    return await device_detail(desk, device)


async def _approve(desk: Desk, devices: Sequence[Device], approval: Approval, caller: Caller) -> None:
    """Approve them and have them restart; `Refused` if the rules forbid it for one of them."""
    if not devices:
        return
    written = approval.model_dump(exclude_none=True) | {"approved": True}
    inventory = Inventory(
        devices=tuple(replace(device.record, **written) for device in devices),
        device_fields={device.mac: frozenset(written) for device in devices},
    )
    waiting = [device.mac for device in devices if not device.record.approved]
    approved = desk.deliver(InventoryApplied(inventory, caller.name))
    if approved.answer is None or not approved.answer.refused:
        settings = desk.settings()
        # A phone that has just reported must still find it at its next report.
        wait = max(settings.requests.expire_after, 2 * settings.keep_alive.period)
        told = [desk.deliver(RequestQueued(mac, RESTART, {}, wait, caller.name)) for mac in waiting]
        for delivery in told:
            await kept(delivery)
    await kept(approved)


def _named(desk: Desk, macs: Iterable[str]) -> list[Device]:
    """The phones with these MACs, each once; `Refused` names every one that does not wait."""
    found: dict[str, Device] = {}
    faults: list[str] = []
    for text in macs:
        try:
            device = desk.directory.device(parse_mac(text))
        except BadMessage:
            device = None
        if device is None:
            faults.append(f"there is no device {text[:40]}")
        elif device.record.approved:
            faults.append(f"device {device.mac} is approved already")
        else:
            found[device.mac] = device
    if faults:
        raise Refused(*faults)
    return list(found.values())


def _filtered(desk: Desk, wanted: Mapping[str, str | list[str]]) -> list[Device]:
    """Every waiting phone that fits; `Problem` 422 for what is no field of a device."""
    faults = [ProblemFault(key=name, wrong="does not say which phones") for name in wanted if name in _OF_A_PAGE]
    if faults:
        raise Problem(422, "the filter does not have the expected form", tuple(faults))
    several = {name: [texts] if isinstance(texts, str) else texts for name, texts in wanted.items()}
    query = parse_query(DEVICES, [(name, text) for name, texts in several.items() for text in texts])
    waiting = [device for device in desk.directory.devices() if not device.record.approved]
    return find(DEVICES, waiting, replace(query, limit=len(waiting) + 1)).items
