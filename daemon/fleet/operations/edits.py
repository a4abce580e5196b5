"""What an operation changes on our side of one device, before its phone is told.

Each kind ends in the act that an operator would do to that device alone, so the same rules hold and the same lines
stand on its timeline. Not here: telling the phone (`asking`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from daemon.fleet.acts import DeviceDeleted, DocumentsWritten, InventoryApplied
from daemon.fleet.commands import Answer, Command
from daemon.fleet.consequences import refresh_status
from daemon.fleet.device import Device
from daemon.fleet.document_events import documents_written
from daemon.fleet.inventory_events import inventory_applied
from daemon.fleet.model import Presence, Transition
from daemon.fleet.operations.operation import Item, Kind, Operation
from daemon.fleet.operator_events import device_deleted
from daemon.fleet.parts import Parts
from daemon.fleet.records import Draft, Inventory
from daemon.fleet.store_commands import AppendTransition, SaveState

# Parameter of a change of VLAN -> the placeholder it is served as.
_VLAN = {"mode": "VLANMode", "id": "VLANID", "priority": "VLANPriority"}

Edit = Callable[[Parts, Device, Operation, Item, float], list[Command]]


def edit(parts: Parts, device: Device, operation: Operation, item: Item, now: float) -> tuple[list[Command], str]:
    """Change what is to be changed; the orders, and why the rules forbid it ("" if they do not)."""
    change = _EDITS.get(operation.kind)
    if change is None:
        return [], ""
    orders = change(parts, device, operation, item, now)
    refused = next((order.refused for order in orders if isinstance(order, Answer)), ())
    return [order for order in orders if not isinstance(order, Answer)], "; ".join(refused)


def _written(parts: Parts, device: Device, by: str, now: float, **fields: Any) -> list[Command]:
    """An entry of an inventory that names these fields only."""
    record = replace(device.record, **fields)
    inventory = Inventory(devices=(record,), device_fields=MappingProxyType({device.mac: frozenset(fields)}))
    return inventory_applied(parts, InventoryApplied(inventory, by), now)


def _placed(parts: Parts, device: Device, by: str, now: float, placeholders: Mapping[str, str]) -> list[Command]:
    merged = MappingProxyType({**device.record.placeholders, **placeholders})
    return _written(parts, device, by, now, placeholders=merged)


def _tenant(parts: Parts, device: Device, operation: Operation, item: Item, now: float) -> list[Command]:
    where = operation.parameters
    return _written(parts, device, operation.by, now, tenant=where["tenant"], site=where.get("site", ""))


def _template(parts: Parts, device: Device, operation: Operation, item: Item, now: float) -> list[Command]:
    return _written(parts, device, operation.by, now, template=operation.parameters["template"])


def _firmware(parts: Parts, device: Device, operation: Operation, item: Item, now: float) -> list[Command]:
    return _written(parts, device, operation.by, now, firmware=operation.parameters["file"])


def _nickname(parts: Parts, device: Device, operation: Operation, item: Item, now: float) -> list[Command]:
    return _written(parts, device, operation.by, now, nickname=operation.parameters["nickname"])


def _language(parts: Parts, device: Device, operation: Operation, item: Item, now: float) -> list[Command]:
    return _placed(parts, device, operation.by, now, {"Language": operation.parameters["language"]})


def _vlan(parts: Parts, device: Device, operation: Operation, item: Item, now: float) -> list[Command]:
    said = {_VLAN[name]: value for name, value in operation.parameters.items() if name in _VLAN}
    return _placed(parts, device, operation.by, now, said)


def _password(parts: Parts, device: Device, operation: Operation, item: Item, now: float) -> list[Command]:
    return _written(parts, device, operation.by, now, sip_password=item.own["password"])


def _deleted(parts: Parts, device: Device, operation: Operation, item: Item, now: float) -> list[Command]:
    return device_deleted(parts, DeviceDeleted(device.mac, operation.by), now)


def _status_deleted(parts: Parts, device: Device, operation: Operation, item: Item, now: float) -> list[Command]:
    """Forget what the phone said of itself, until it says it again."""
    former = device.presence
    device.presence, device.presence_reason, device.presence_since = Presence.NEVER_SEEN, "status deleted", now
    device.report = device.last_seen = None
    parts.absences.cancel(device.mac)
    parts.heard.discard(device.mac)
    refresh_status(parts, device)
    told = Transition(device.mac, now, "presence", former, device.presence, f"status deleted by {operation.by}")
    return [SaveState(device.state()), AppendTransition(told)]


def _generated(parts: Parts, device: Device, operation: Operation, item: Item, now: float) -> list[Command]:
    """Serve the generated file again, instead of one that was uploaded in its place; files are made when fetched."""
    return _document(parts, operation, f"file/{device.mac}.cfg", "", now)


def _copied(parts: Parts, device: Device, operation: Operation, item: Item, now: float) -> list[Command]:
    source = parts.documents.newest.get(f"user/{operation.parameters['from']}")
    if source is None or not source.body:
        return [Answer(refused=("the phone to copy from has no user configuration",))]
    return _document(parts, operation, f"user/{device.mac}", source.body, now)


def _lines_deleted(parts: Parts, device: Device, operation: Operation, item: Item, now: float) -> list[Command]:
    return _document(parts, operation, f"user/{device.mac}", "", now)


def _document(parts: Parts, operation: Operation, path: str, body: str, now: float) -> list[Command]:
    return documents_written(parts, DocumentsWritten((Draft(path, body),), operation.by), now)


_EDITS: Mapping[Kind, Edit] = {
    Kind.UPDATE_FIRMWARE: _firmware,
    Kind.CHANGE_TENANT: _tenant,
    Kind.CHANGE_TEMPLATE: _template,
    Kind.CHANGE_LANGUAGE: _language,
    Kind.CHANGE_VLAN: _vlan,
    Kind.NICKNAME: _nickname,
    Kind.GENERATE_CONFIGURATION: _generated,
    Kind.RESET_PASSWORDS: _password,
    Kind.DELETE_DEVICES: _deleted,
    Kind.DELETE_STATUS: _status_deleted,
    Kind.COPY_USER_CONFIGURATION: _copied,
    Kind.DELETE_USER_CONFIGURATION: _lines_deleted,
}
