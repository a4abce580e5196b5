"""The nouns: what a fleet consists of. Frozen values without behaviour beyond reading and printing themselves.

Times are UTC seconds since the epoch on the program's single time axis (`daemon.scheduler.clock`); durations
are seconds. The live, changing record of a device is `daemon.fleet.device.Device`; the rules that move it stand
in the modules beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from ipaddress import IPv4Network, IPv6Network
from types import MappingProxyType
from typing import NewType

from daemon.errors import BadMessage

Network = IPv4Network | IPv6Network
Mac = NewType("Mac", str)
Placeholders = Mapping[str, str]

NO_PLACEHOLDERS: Placeholders = MappingProxyType({})

_MAC_SHAPE = re.compile(r"[0-9a-f]{12}\Z")
_MAC_PUNCTUATION = str.maketrans("", "", ":-. ")


def parse_mac(text: str) -> Mac:
    """Twelve hex digits in any case and punctuation -> twelve lower-case digits; `BadMessage` ("mac") otherwise."""
    bare = text.translate(_MAC_PUNCTUATION).lower()
    if not _MAC_SHAPE.match(bare):
        raise BadMessage("mac", f"not a MAC address: {text[:40]!r}")
    return Mac(bare)


class Reachability(StrEnum):
    """What the qualify pings say (MOR's six registration statuses)."""

    OK = "OK"
    LAGGED = "LAGGED"
    UNREACHABLE = "UNREACHABLE"
    UNKNOWN = "UNKNOWN"
    UNMONITORED = "UNMONITORED"
    NO_STATUS = "NO_STATUS"


class Presence(StrEnum):
    """What the phone's own keep-alives say; DISCONNECTED and NEVER_SEEN are our conclusions, not the phone's."""

    STARTED = "STARTED"
    REGISTERED = "REGISTERED"
    UNREGISTERED = "UNREGISTERED"
    OFFLINE = "OFFLINE"
    DISCONNECTED = "DISCONNECTED"
    NEVER_SEEN = "NEVER_SEEN"


class Status(StrEnum):
    """The one status an operator looks at first (Live Platform's four)."""

    OK = "OK"
    WARNING = "WARNING"
    ERROR = "ERROR"
    UNMONITORED = "UNMONITORED"


class Severity(IntEnum):
    """AudioCodes' severity scale (AcAlarmSeverity): larger is worse. ITU's runs the other way."""

    CLEARED = 0
    INDETERMINATE = 1
    WARNING = 2
    MINOR = 3
    MAJOR = 4
    CRITICAL = 5


class EventType(IntEnum):
    """AudioCodes' alarm event types (AcAlarmEventType; 6 to 10 continue X.733's order, the guide confirms 9)."""

    OTHER = 0
    COMMUNICATIONS = 1
    QUALITY_OF_SERVICE = 2
    PROCESSING_ERROR = 3
    EQUIPMENT = 4
    ENVIRONMENTAL = 5
    INTEGRITY_VIOLATION = 6
    OPERATIONAL_VIOLATION = 7
    PHYSICAL_VIOLATION = 8
    SECURITY_VIOLATION = 9
    TIME_DOMAIN_VIOLATION = 10


class NumberStatus(StrEnum):
    """Where a telephone number stands; spelled as VOSS shows it."""

    AVAILABLE = "Available"
    USED = "Used"
    COOLING = "Cooling"
    RESERVED = "Reserved"


@dataclass(frozen=True, slots=True)
class Site:
    """A place within a tenant; its subnet lies inside the tenant's."""

    name: str
    subnet: Network | None = None
    placeholders: Placeholders = field(default_factory=lambda: NO_PLACEHOLDERS)


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer. Its subnets say which phones are believed and, without a URL, whose a new phone is."""

    name: str
    description: str = ""
    subnet: Network | None = None
    default: bool = False
    sites: tuple[Site, ...] = ()
    placeholders: Placeholders = field(default_factory=lambda: NO_PLACEHOLDERS)

    def networks(self) -> tuple[Network, ...]:
        """Every network whose phones this tenant owns, its own first."""
        return tuple(n for n in (self.subnet, *(site.subnet for site in self.sites)) if n is not None)

    def site_named(self, name: str) -> Site | None:
        """The site of that name, if this tenant has it."""
        return next((site for site in self.sites if site.name == name), None)


@dataclass(frozen=True, slots=True)
class Server:
    """A SIP server that devices are assigned to. `address` is its SIP URI."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a device can be reached by SIP: the Contact URI, and the socket address the packets go to."""

    uri: str
    host: str
    port: int
    expires_at: float | None = None  # None: a static contact from the inventory, which never expires

    @property
    def static(self) -> bool:
        """Whether an operator wrote this contact down, instead of the phone registering it."""
        return self.expires_at is None


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """What operators decided about a device; changes only by an operator's act or an approval.

    `approved` is False for a phone that nobody has defined yet (it waits among the unapproved). `sip_password` is
    sealed text (`daemon.provisioning.sealing`), never the password. `armed_until` is the end of the window in which
    a first fetch gets the complete file; `secret_generation` changes the permanent secret when raised.
    """

    mac: Mac
    model: str = ""
    tenant: str = ""
    site: str = ""
    user: str = ""
    display_name: str = ""
    number: str = ""
    server: str = ""
    qualify: bool = True
    lagged_after: float | None = None
    contact: str = ""
    sip_password: str = ""
    placeholders: Placeholders = field(default_factory=lambda: NO_PLACEHOLDERS)
    approved: bool = True
    armed_until: float = 0.0
    secret_generation: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What a phone says of itself in a keep-alive; all values are text, empty when not sent."""

    status: str = ""
    model: str = ""
    firmware: str = ""
    ip: str = ""
    subnet_mask: str = ""
    vlan: str = ""
    user_name: str = ""
    user_id: str = ""
    number: str = ""
    sip_proxy: str = ""
    location: str = ""
    region: str = ""
    user_agent: str = ""
    btoe_status: str = ""
    btoe_version: str = ""
    usb_headset: str = ""
    hrs_model: str = ""
    hrs_firmware: str = ""
    ems_user: str = ""


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What became of a device, as it is kept on disk: enough to go on after a restart as if there had been none."""

    mac: Mac
    presence: Presence
    presence_reason: str
    presence_since: float
    last_seen: float | None
    source: str
    report: Report | None
    reachability: Reachability
    reachability_reason: str
    reachability_since: float
    contact: Contact | None
    registered_server: str
    ever_registered: bool


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of a device's timeline: which axis moved, from what to what, when and why."""

    mac: Mac
    at: float
    axis: str  # "reachability" | "presence" | "number" | "provisioning"
    old: str
    new: str
    reason: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """An active alarm.

    `id` names the problem (source, name, cause) and is the same whenever it comes back; `sequence` is that of its
    latest notification; `probable_cause` counts by AcAlarmProbableCause.
    """

    id: str
    sequence: int
    name: str
    source: str
    device: Mac | None
    tenant: str
    severity: Severity
    description: str
    event_type: EventType
    probable_cause: int
    additional_info: tuple[str, ...]
    raised_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class Notification:
    """What a monitoring team is told: an alarm as it was at `at`, with its gapless sequence number.

    A clear is a notification whose alarm has severity CLEARED.
    """

    sequence: int
    at: float
    alarm: Alarm
    device_ip: str = ""


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
    applying a short entry does not blank the rest.
    """

    tenants: tuple[Tenant, ...] = ()
    servers: tuple[Server, ...] = ()
    devices: tuple[DeviceRecord, ...] = ()
    device_fields: Mapping[Mac, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    numbers: tuple[NumberEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the store remembers of a fleet, as it hands it over once at start."""

    tenants: tuple[Tenant, ...] = ()
    servers: tuple[Server, ...] = ()
    records: tuple[DeviceRecord, ...] = ()
    states: tuple[DeviceState, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    numbers: tuple[NumberEntry, ...] = ()
    requests: tuple[PhoneRequest, ...] = ()
    operators: tuple[Operator, ...] = ()
    marks: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
