"""What is to be kept: the orders the fleet gives the store. Frozen, one sentence each.

All of one event are committed in one transaction, so they become durable together. Not here: the orders for other edges
(`commands`).
"""

from __future__ import annotations

from dataclasses import dataclass

from daemon.fleet.calls import CallQuality
from daemon.fleet.model import ConnectionState, DeviceRecord, DeviceState, Mac, Server, Tenant, Transition
from daemon.fleet.notifications import Alarm, Notification, PastAlarm, Shelf
from daemon.fleet.operations.operation import Item, Operation
from daemon.fleet.records import Document, FileVersion, NumberEntry, Operator, PhoneRequest, StoredFile, User


@dataclass(frozen=True, slots=True)
class SaveOperation:
    """Keep where an operation stands."""

    operation: Operation


@dataclass(frozen=True, slots=True)
class DropOperation:
    """Forget an operation; its devices are dropped one by one."""

    id: int


@dataclass(frozen=True, slots=True)
class SaveItem:
    """Keep how far an operation is with one device."""

    item: Item


@dataclass(frozen=True, slots=True)
class DropItem:
    """Forget what an operation did with one device."""

    key: str


@dataclass(frozen=True, slots=True)
class SaveTenant:
    """Keep a tenant with its sites."""

    tenant: Tenant


@dataclass(frozen=True, slots=True)
class DropTenant:
    """Forget a tenant."""

    name: str


@dataclass(frozen=True, slots=True)
class SaveUser:
    """Keep a user."""

    user: User


@dataclass(frozen=True, slots=True)
class DropUser:
    """Forget the user with this key."""

    key: str


@dataclass(frozen=True, slots=True)
class SaveDocument:
    """Keep a version of a document; the former ones stay."""

    document: Document


@dataclass(frozen=True, slots=True)
class DropDocument:
    """Forget the version of a document that has this id."""

    id: str


@dataclass(frozen=True, slots=True)
class SaveStoredFile:
    """Keep what is known of an uploaded file; its content is on the disk already."""

    file: StoredFile


@dataclass(frozen=True, slots=True)
class DropStoredFile:
    """Forget the uploaded file of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class SaveFileVersion:
    """Keep a version of a device's file; the former ones stay."""

    version: FileVersion


@dataclass(frozen=True, slots=True)
class DropFileVersion:
    """Forget the version of a file that has this id."""

    id: str


@dataclass(frozen=True, slots=True)
class SaveServer:
    """Keep a SIP server."""

    server: Server


@dataclass(frozen=True, slots=True)
class SaveDevice:
    """Keep what operators decided about a device."""

    record: DeviceRecord


@dataclass(frozen=True, slots=True)
class SaveState:
    """Keep what became of a device."""

    state: DeviceState


@dataclass(frozen=True, slots=True)
class SaveLastSeen:
    """Note when a device was last heard; written behind, since a lost minute only costs a minute."""

    mac: Mac
    last_seen: float


@dataclass(frozen=True, slots=True)
class DropDevice:
    """Forget a device, its state and its waiting requests; its timeline stays."""

    mac: Mac


@dataclass(frozen=True, slots=True)
class AppendTransition:
    """Add a step to a device's timeline, and say it in the log.

    `one_of_many`: thousands come of the same act, so the log tells of the whole, and of each for whoever debugs.
    """

    transition: Transition
    one_of_many: bool = False


@dataclass(frozen=True, slots=True)
class SaveAlarm:
    """Keep an active alarm."""

    alarm: Alarm


@dataclass(frozen=True, slots=True)
class DropAlarm:
    """An alarm is over."""

    id: str


@dataclass(frozen=True, slots=True)
class RecordAlarm:
    """Add an alarm that is over to the history."""

    past: PastAlarm


@dataclass(frozen=True, slots=True)
class SaveShelf:
    """Keep a shelf."""

    shelf: Shelf


@dataclass(frozen=True, slots=True)
class DropShelf:
    """A shelf has ended."""

    id: int


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell every receiver it concerns; one outbox row for each, in the transaction of the alarm itself."""

    notification: Notification


@dataclass(frozen=True, slots=True)
class SaveNumber:
    """Keep a number."""

    entry: NumberEntry


@dataclass(frozen=True, slots=True)
class SaveRequest:
    """Keep a request that waits for a phone, or that it was handed out."""

    request: PhoneRequest


@dataclass(frozen=True, slots=True)
class DropRequest:
    """A request is done with: acknowledged, expired or pushed out."""

    id: int


@dataclass(frozen=True, slots=True)
class SaveOperator:
    """Keep who may use the operators' listener."""

    operator: Operator


@dataclass(frozen=True, slots=True)
class DropOperator:
    """Somebody may no longer use the operators' listener."""

    name: str


@dataclass(frozen=True, slots=True)
class SaveConnection:
    """Keep a SIP connection and where it stands."""

    state: ConnectionState


@dataclass(frozen=True, slots=True)
class DropConnection:
    """Forget a SIP connection; its timeline stays."""

    name: str


@dataclass(frozen=True, slots=True)
class SaveCall:
    """Keep how a call sounded."""

    call: CallQuality


@dataclass(frozen=True, slots=True)
class SaveMark:
    """Keep one named number of the daemon itself (a counter, a time)."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class HoldCommits:
    """Let everything that is to be kept from now on become durable together, when `ReleaseCommits` has come."""


@dataclass(frozen=True, slots=True)
class ReleaseCommits:
    """What was held back is whole now."""


Write = (
    SaveTenant
    | DropTenant
    | SaveUser
    | DropUser
    | SaveDocument
    | DropDocument
    | SaveStoredFile
    | DropStoredFile
    | SaveFileVersion
    | DropFileVersion
    | SaveServer
    | SaveDevice
    | SaveState
    | SaveLastSeen
    | DropDevice
    | AppendTransition
    | SaveAlarm
    | DropAlarm
    | RecordAlarm
    | SaveShelf
    | DropShelf
    | SaveNumber
    | SaveRequest
    | DropRequest
    | SaveOperator
    | DropOperator
    | SaveConnection
    | DropConnection
    | SaveOperation
    | DropOperation
    | SaveItem
    | DropItem
    | SaveCall
    | SaveMark
)
"""Every order to keep or forget something in a table of its own."""

StoreCommand = Write | Notify | HoldCommits | ReleaseCommits
"""Every order for the store; `Notify` becomes one entry for each receiver that it concerns (`daemon.store.outbox`)."""
