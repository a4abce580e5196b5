"""Routes that take an inventory in and give it out, as YAML."""

from __future__ import annotations

from functools import partial
from typing import Any

import trio
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from daemon.errors import Refused
from daemon.fleet.acts import InventoryApplied
from daemon.fleet.records import Inventory
from daemon.http.operators.access import Actor, Reader
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import kept
from daemon.http.operators.import_run import checked_in_slices
from daemon.http.operators.imports import require_right_to_secrets
from daemon.http.operators.problems import Problem

router = APIRouter(prefix="/inventory", tags=["inventory"])

_YAML = "application/yaml"  # RFC 9512
# What the text says, not the text; an empty one says null.
_SCHEMA: dict[str, Any] = {"type": ["object", "null"], "description": "an inventory, in UTF-8"}
_YAML_BODY: dict[str, Any] = {"requestBody": {"content": {_YAML: {"schema": _SCHEMA}}}}
_YAML_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": {_YAML: {"schema": _SCHEMA}}}}


class Applied(BaseModel):
    """What an inventory held, and how many of its devices were not known before."""

    applied: bool
    tenants: int
    servers: int
    devices: int
    new_devices: int
    numbers: int
    connections: int
    users: int


@router.post("", openapi_extra=_YAML_BODY)
async def apply_inventory(request: Request, desk: AtDesk, caller: Actor, dry_run: bool = False) -> Applied:
    """Take an inventory as a whole, or refuse it as a whole with every fault; what it omits is kept."""
    inventory = await _read(request, desk)
    found = _weigh(inventory, desk, applied=not dry_run)
    checked = await checked_in_slices(desk, inventory)
    if not dry_run:
        await kept(desk.deliver(InventoryApplied(inventory, caller.name, checked)))
    elif checked.objections:
        raise Refused(*checked.sentences)
    return found


@router.get("", response_class=Response, responses=_YAML_ANSWER)
async def export_inventory(desk: AtDesk, caller: Reader, secrets: bool = False) -> Response:
    """The whole inventory in the form that POST takes; passwords for administrators who ask."""
    require_right_to_secrets(caller, secrets=secrets)
    directory = desk.directory
    parts = (
        tuple(directory.tenants.values()),
        tuple(directory.servers.values()),
        tuple(device.record for device in directory.devices() if device.record.approved),
        tuple(directory.numbers.values()),
        tuple(connection.record for connection in directory.connections.values()),
    )
    users, opener = tuple(directory.users.values()), desk.open_text if secrets else None
    export = partial(desk.export, *parts, users=users, open_secret=opener)
    return Response(await trio.to_thread.run_sync(export), media_type=_YAML)


async def _read(request: Request, desk: Desk) -> Inventory:
    try:
        text = (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise Problem(422, f"the inventory is not UTF-8: {error.reason} at byte {error.start}") from None
    # In a thread, because YAML for 30,000 phones takes seconds, and pings do not wait.
    return await trio.to_thread.run_sync(desk.parse, text)


def _weigh(inventory: Inventory, desk: Desk, *, applied: bool) -> Applied:
    return Applied(
        applied=applied,
        tenants=len(inventory.tenants),
        servers=len(inventory.servers),
        devices=len(inventory.devices),
        new_devices=sum(desk.directory.device(record.mac) is None for record in inventory.devices),
        numbers=len(inventory.numbers),
        connections=len(inventory.connections),
        users=len(inventory.users),
    )
