"""The nouns beside devices: numbers, requests, operators; and the bundles an inventory and a snapshot are.

Frozen values, no behaviour; times are UTC seconds on the program's axis. Not here: the rules about them (`numbers`,
`requests`, `enrolment`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from daemon.fleet.calls import CallQuality
from daemon.fleet.model import ConnectionRecord, ConnectionState, DeviceRecord, DeviceState, Mac, Server, Tenant
from daemon.fleet.notifications import Alarm


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
    applying a short entry does not blank the rest; `connection_fields` says so of connections, per name.
    """

    tenants: tuple[Tenant, ...] = ()
    servers: tuple[Server, ...] = ()
    devices: tuple[DeviceRecord, ...] = ()
    device_fields: Mapping[Mac, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    numbers: tuple[NumberEntry, ...] = ()
    connections: tuple[ConnectionRecord, ...] = ()
    connection_fields: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))


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
    calls: tuple[CallQuality, ...] = ()  # the newest, without their texts
    connections: tuple[ConnectionState, ...] = ()
    marks: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
