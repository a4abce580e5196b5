"""What happened: the facts that edges hand to the fleet. Frozen, one sentence each; nothing here decides.

Edges take care of the wire; by the time something is an event it is well-formed, bounded in size, and its device
is named by MAC. `switchboard.deliver` is the only way in.
"""

from __future__ import annotations

from dataclasses import dataclass

from daemon.config.settings import Settings
from daemon.fleet.model import Contact, Mac, Report
from daemon.fleet.notifications import Severity
from daemon.fleet.records import Inventory, Operator


@dataclass(frozen=True, slots=True)
class ProbeAnswered:
    """A target answered an OPTIONS ping; `rtt` in seconds, None when the sample is worthless (a late answer)."""

    key: str
    code: int
    rtt: float | None


@dataclass(frozen=True, slots=True)
class ProbeMissed:
    """A ping found no answer; `cause` is "timeout", "icmp" or "send failed"."""

    key: str
    cause: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A phone registered `contact` (its `expires_at` set) with our listener, at the domain or address `domain`."""

    mac: Mac
    contact: Contact
    domain: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Unregistered:
    """A phone took its registration back (Expires: 0)."""

    mac: Mac


@dataclass(frozen=True, slots=True)
class LifeSign:
    """Something else came from the phone: a bare packet, a late answer, a PUBLISH. `kind` names it."""

    mac: Mac
    kind: str


@dataclass(frozen=True, slots=True)
class KeepAliveHeard:
    """A phone reported itself from the network address `source`."""

    mac: Mac
    report: Report
    source: str
    with_secret: bool


@dataclass(frozen=True, slots=True)
class Alert:
    """One entry of a phone's alarm message, as the phone put it."""

    name: str
    description: str
    severity: Severity
    event_type: int
    probable_cause: int
    unique_id: str
    date: str
    additional_info: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertsHeard:
    """A phone sent alarms or clears."""

    mac: Mac
    alerts: tuple[Alert, ...]
    source: str
    with_secret: bool


@dataclass(frozen=True, slots=True)
class FileFetched:
    """A phone fetched a file; `kind` is "config" or "firmware", `complete` whether it held its secrets."""

    mac: Mac
    kind: str
    source: str
    model: str
    user_agent: str
    complete: bool
    with_secret: bool


@dataclass(frozen=True, slots=True)
class UnknownPhoneHeard:
    """A phone nobody defined came from a network we trust; it waits among the unapproved."""

    mac: Mac
    tenant: str
    model: str
    source: str


@dataclass(frozen=True, slots=True)
class InventoryApplied:
    """An operator's inventory, to be taken as a whole or refused as a whole."""

    inventory: Inventory
    by: str


@dataclass(frozen=True, slots=True)
class DeviceDeleted:
    """An operator removed a device."""

    mac: Mac
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
class StoreFailed:
    """The disk refuses writes; `why` is its own word."""

    why: str


@dataclass(frozen=True, slots=True)
class StoreRecovered:
    """The disk takes writes again."""


Event = (
    ProbeAnswered
    | ProbeMissed
    | Registered
    | Unregistered
    | LifeSign
    | KeepAliveHeard
    | AlertsHeard
    | FileFetched
    | UnknownPhoneHeard
    | InventoryApplied
    | DeviceDeleted
    | DeviceArmed
    | RequestQueued
    | OperatorAdded
    | OperatorRemoved
    | SettingsChanged
    | StoreFailed
    | StoreRecovered
)
