"""The nouns beside devices: numbers, requests, users, documents, operators; and what bundles them.

Frozen values, no behaviour; times are UTC seconds on the program's axis. Not here: the rules about them (`numbers`,
`requests`, `enrolment`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from daemon.fleet.calls import CallQuality
from daemon.fleet.model import ConnectionRecord, ConnectionState, DeviceRecord, DeviceState, Mac, Server, Tenant
from daemon.fleet.notifications import Alarm, Shelf
from daemon.fleet.operations.operation import Item, Operation


class NumberStatus(StrEnum):
    """Where a telephone number stands; spelled as VOSS shows it."""

    AVAILABLE = "Available"
    USED = "Used"
    COOLING = "Cooling"
    RESERVED = "Reserved"


@dataclass(frozen=True, slots=True)
class NumberEntry:
    """A telephone number of the inventory; `release_date` only while cooling."""

    number: str
    status: NumberStatus = NumberStatus.AVAILABLE
    usage: str = ""
    vendor: str = ""
    device: Mac | None = None
    tag: str = ""
    release_date: float | None = None


@dataclass(frozen=True, slots=True)
class PhoneRequest:
    """A command that waits for a phone's next keep-alive. `body` is merged into what the phone is sent."""

    id: int
    mac: Mac
    action: str
    body: Mapping[str, str]
    queued_at: float
    expires_at: float
    handed_out_at: float | None = None


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who has phones. `sip_password` is sealed; a phone that is added takes what it does not say itself."""

    name: str
    tenant: str = ""
    display_name: str = ""
    number: str = ""
    sip_password: str = ""

    @property
    def key(self) -> str:
        """Unique in the fleet; a tenant's name has no slash."""
        return f"{self.tenant}/{self.name}"


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a text that operators write, or that phones leave with us.

    `path` says what it is: "template/<name>", "default/<tenant>/<model>" (the name of the template chosen for them),
    "placeholders" and "placeholders/<model>" (a JSON object), "dhcpoption160" and "dhcpoption160_proxy", "file/<name>"
    (served instead of the generated file of that name), "user/<mac>" (the lines a phone's user set on it). `version`
    counts from 1 per path. `body` is sealed, as it may hold passwords; "" if the document was removed with this
    version.
    """

    path: str
    version: int
    body: str
    at: float
    by: str

    @property
    def id(self) -> str:
        """Unique among all versions of all documents."""
        return f"{self.path}@{self.version}"


@dataclass(frozen=True, slots=True)
class FileVersion:
    """One version of a device's complete file, as it was handed out; `number` counts from 1 per device.

    `digest` is the SHA-256 (hex) of its bytes, `body` the bytes themselves, packed and sealed; "" where only the
    newest digests are looked at. `made_by` names the template.
    """

    mac: Mac
    number: int
    digest: str
    at: float
    made_by: str
    body: str = ""

    @property
    def id(self) -> str:
        """Unique among all versions of all files."""
        return f"{self.mac}@{self.number}"


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to become a document's next version; `body` is sealed, "" removes it.

    `based_on` is the version that the writer had before their eyes; None if it does not matter.
    """

    path: str
    body: str
    based_on: int | None = None


class StoredKind(StrEnum):
    """What an uploaded file is for."""

    FIRMWARE = "firmware"  # of phones
    SPEAKER = "speaker"  # firmware of a conference speaker at a phone (.dfu)
    OTHER = "other"  # ring tones, wallpapers and the like


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that an operator uploaded, by the name phones fetch it by.

    `hash` is the SHA-256 of its content (hex), under which that lies in the content store; `size` is in bytes. `model`
    is whose it is and `version` what is in it, "" if nobody said. Files of one `group` are shown together.
    """

    name: str
    kind: StoredKind
    hash: str
    size: int
    model: str
    version: str
    description: str
    group: str
    uploaded_at: float
    by: str


class Role(StrEnum):
    """What an operator may do: monitors look, operators act, administrators also add operators."""

    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"
    MONITOR = "monitor"


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who may use the operators' listener; the token itself is never kept, only its SHA-256 (hex)."""

    name: str
    role: Role
    token_hash: str
    added_at: float


@dataclass(frozen=True, slots=True)
class Inventory:
    """Tenants, servers, devices and numbers as an operator writes them; what it omits is kept.

    In `devices`, `sip_password` is already sealed. `device_fields` says per MAC which fields were written, so that
    applying a short entry does not blank the rest; `connection_fields` says so of connections, per name. `LAID_OVER`
    among the fields says that placeholders are laid over those there are. `drafts` are taken with the whole.
    """

    tenants: tuple[Tenant, ...] = ()
    servers: tuple[Server, ...] = ()
    devices: tuple[DeviceRecord, ...] = ()
    device_fields: Mapping[Mac, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    numbers: tuple[NumberEntry, ...] = ()
    connections: tuple[ConnectionRecord, ...] = ()
    connection_fields: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    users: tuple[User, ...] = ()
    user_fields: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))  # by key
    drafts: tuple[Draft, ...] = ()


LAID_OVER = "placeholders laid over"


class Objection(NamedTuple):
    """Why an inventory cannot be taken: what is wrong with which thing of it, as in "device 00908f4867af".

    `about` is "" if it is the inventory as a whole.
    """

    about: str
    wrong: str

    def __str__(self) -> str:
        return f"{self.about}: {self.wrong}" if self.about else self.wrong


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of the check of an inventory: why it cannot be taken, nothing if it can.

    It holds as long as `edition` is that of the fleet, which counts what operators did. `devices` and `numbers` are
    those that the inventory speaks of.
    """

    inventory: Inventory
    objections: tuple[Objection, ...]
    devices: Collection[Mac]
    numbers: Collection[str]
    edition: int

    @property
    def sentences(self) -> tuple[str, ...]:
        """The objections as text."""
        return tuple(map(str, self.objections))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the store remembers of a fleet, as it hands it over once at start."""

    tenants: tuple[Tenant, ...] = ()
    servers: tuple[Server, ...] = ()
    records: tuple[DeviceRecord, ...] = ()
    states: tuple[DeviceState, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    shelves: tuple[Shelf, ...] = ()
    alarms_recorded: int = 0  # the newest id of the history
    numbers: tuple[NumberEntry, ...] = ()
    requests: tuple[PhoneRequest, ...] = ()
    operations: tuple[Operation, ...] = ()
    operation_items: tuple[Item, ...] = ()
    operators: tuple[Operator, ...] = ()
    calls: tuple[CallQuality, ...] = ()  # the newest, without their texts
    connections: tuple[ConnectionState, ...] = ()
    users: tuple[User, ...] = ()
    documents: tuple[Document, ...] = ()  # the newest version of each
    file_versions: tuple[FileVersion, ...] = ()  # likewise, without their bodies
    files: tuple[StoredFile, ...] = ()
    marks: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
