"""What operators did: the facts that come from the operators' listener, the inventory file and a reload.

Frozen, one sentence each, like the events of the wire beside them (`events`); `by` is who did it, and stands in the
audit trail. Whether somebody may do it was decided where it came in; whether the rules allow it, the fleet decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from daemon.config.settings import Settings
from daemon.fleet.model import Mac
from daemon.fleet.records import Draft, Inventory, Operator


@dataclass(frozen=True, slots=True)
class InventoryApplied:
    """An operator's inventory, to be taken as a whole or refused as a whole."""

    inventory: Inventory
    by: str


@dataclass(frozen=True, slots=True)
class TenantDeleted:
    """An operator removed a tenant, which no device, user or connection may belong to any more."""

    name: str
    by: str


@dataclass(frozen=True, slots=True)
class DocumentsWritten:
    """An operator wrote or removed documents, to be taken together or not at all."""

    drafts: tuple[Draft, ...]
    by: str


@dataclass(frozen=True, slots=True)
class DeviceDeleted:
    """An operator removed a device."""

    mac: Mac
    by: str


@dataclass(frozen=True, slots=True)
class ConnectionDeleted:
    """An operator removed a SIP connection."""

    name: str
    by: str


@dataclass(frozen=True, slots=True)
class DeviceArmed:
    """An operator opened the window in which the phone's next fetch gets the complete file."""

    mac: Mac
    by: str


@dataclass(frozen=True, slots=True)
class RequestQueued:
    """An operator wants the phone told something in its next keep-alive answer."""

    mac: Mac
    action: str
    body: dict[str, str]
    expires_in: float
    by: str


@dataclass(frozen=True, slots=True)
class ResyncAsked:
    """An operator wants the phone to fetch its configuration now; with `reboot` it restarts first."""

    mac: Mac
    reboot: bool
    by: str


@dataclass(frozen=True, slots=True)
class OperatorAdded:
    """Somebody was given access, or a new token and role."""

    operator: Operator
    by: str


@dataclass(frozen=True, slots=True)
class OperatorRemoved:
    """Somebody's access ends."""

    name: str
    by: str


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """A reload brought new settings; only those that may change while running differ."""

    settings: Settings


Act = (
    InventoryApplied
    | TenantDeleted
    | DocumentsWritten
    | DeviceDeleted
    | ConnectionDeleted
    | DeviceArmed
    | RequestQueued
    | ResyncAsked
    | OperatorAdded
    | OperatorRemoved
    | SettingsChanged
)
