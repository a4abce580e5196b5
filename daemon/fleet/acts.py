"""What operators did: the facts that come from the operators' listener, the inventory file and a reload.

Frozen, one sentence each, like the events of the wire beside them (`events`); `by` is who did it, and stands in the
audit trail. Whether somebody may do it was decided where it came in; whether the rules allow it, the fleet decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from daemon.config.settings import Settings
from daemon.fleet.model import Mac
from daemon.fleet.operations.operation import NOTHING_SAID, Kind, Plan, Word
from daemon.fleet.records import Checked, Draft, Inventory, Operator, StoredFile, User


@dataclass(frozen=True, slots=True)
class InventoryApplied:
    """An operator's inventory, to be taken as a whole or refused as a whole; `checked` if it was looked at before."""

    inventory: Inventory
    by: str
    checked: Checked | None = None


@dataclass(frozen=True, slots=True)
class TenantDeleted:
    """An operator removed a tenant, which no device, user or connection may belong to any more."""

    name: str
    by: str


@dataclass(frozen=True, slots=True)
class UserWritten:
    """An operator made a user, or changed the one with the key `former`, who may move to another name or tenant."""

    user: User
    former: str
    by: str


@dataclass(frozen=True, slots=True)
class UserDeleted:
    """An operator removed a user; `with_devices` the phones go, too."""

    key: str
    with_devices: bool
    by: str


@dataclass(frozen=True, slots=True)
class DocumentsWritten:
    """An operator wrote or removed documents, to be taken together or not at all."""

    drafts: tuple[Draft, ...]
    by: str


@dataclass(frozen=True, slots=True)
class FileStored:
    """An operator uploaded a file, new or in another's place; its content is durable already."""

    file: StoredFile
    by: str


@dataclass(frozen=True, slots=True)
class FileEdited:
    """An operator described an uploaded file anew; None leaves a field as it is."""

    name: str
    by: str
    model: str | None = None
    version: str | None = None
    description: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class FileRemoved:
    """An operator removed an uploaded file."""

    name: str
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
class TokenIssued:
    """An operator made a one-time token for the phone, of which this hash is kept; good for `lifetime` seconds."""

    mac: Mac
    token_hash: str
    lifetime: float
    by: str


@dataclass(frozen=True, slots=True)
class SecretRenewed:
    """An operator gave the phone another permanent secret; with `rearm` the window opens for it to fetch that."""

    mac: Mac
    rearm: bool
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
class OperationOrdered:
    """An operator wants this done to these devices, in this order; `own` holds what is for one device alone."""

    kind: Kind
    plan: Plan
    macs: tuple[Mac, ...]
    by: str
    parameters: Mapping[str, str] = field(default_factory=lambda: NOTHING_SAID)
    own: Mapping[Mac, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class OperationSteered:
    """An operator pauses, resumes or cancels an operation."""

    id: int
    word: Word
    by: str


@dataclass(frozen=True, slots=True)
class OperationDropped:
    """An operator removes an operation that has ended."""

    id: int
    by: str


@dataclass(frozen=True, slots=True)
class DeviceSwapped:
    """An operator put the phone `new` in the place of the phone `old`, which is gone."""

    old: Mac
    new: Mac
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


@dataclass(frozen=True, slots=True)
class AlarmAcknowledged:
    """An operator has seen an alarm and takes care of it; `note` is what they wrote, `taken_back` undoes it."""

    id: str
    note: str
    by: str
    taken_back: bool = False


@dataclass(frozen=True, slots=True)
class AlarmDeleted:
    """An operator ended an alarm whose clear will not come."""

    id: str
    by: str


@dataclass(frozen=True, slots=True)
class ShelfOpened:
    """An operator does not want to hear of some alarms for a while; the fields are those of `Shelf`."""

    tenant: str
    site: str
    device: str
    source: str
    name: str
    starts_at: float
    ends_at: float
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class ShelfClosed:
    """An operator ended a shelf before its time."""

    id: int
    by: str


Act = (
    InventoryApplied
    | TenantDeleted
    | UserWritten
    | UserDeleted
    | DocumentsWritten
    | FileStored
    | FileEdited
    | FileRemoved
    | DeviceDeleted
    | ConnectionDeleted
    | DeviceArmed
    | TokenIssued
    | SecretRenewed
    | RequestQueued
    | ResyncAsked
    | OperationOrdered
    | OperationSteered
    | OperationDropped
    | DeviceSwapped
    | OperatorAdded
    | OperatorRemoved
    | AlarmAcknowledged
    | AlarmDeleted
    | ShelfOpened
    | ShelfClosed
    | SettingsChanged
)
