"""The nouns of alarms: how bad, of which kind, who is told, and what is kept of those that are over. Frozen values.

Not here: which alarms there are (`alarms.catalogue`), when one is raised and who hears of it (`alarms.book`), their
numbers in other dialects (`daemon.snmp.oids`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from daemon.fleet.model import Mac


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


class Telling(StrEnum):
    """Whether receivers hear of an active alarm, or what it waits for. `alarms.telling` has the table."""

    TOLD = "told"
    HELD = "held"  # it is young, and may be over soon or part of something larger
    FOLDED = "folded"  # beneath the alarm of its site
    SHELVED = "shelved"  # an operator does not want to hear of it for a while
    QUEUED = "queued"  # there are too many at once


class Occasion(StrEnum):
    """Why a notification is sent."""

    RAISED = "raised"
    CHANGED = "changed"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Alarm:
    """An active alarm.

    `id` names the problem (source, name, type, cause) and is the same whenever it comes back; `sequence` is that of
    its latest notification, 0 before the first; `probable_cause` counts by AcAlarmProbableCause; `site` is
    "tenant/site", "" for none. `known` is whether receivers were told of it and so have to be told of its end;
    `peak` its worst severity so far, by which it is routed; `parent` the id of the site's alarm it is folded beneath.
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
    site: str = ""
    telling: Telling = Telling.TOLD
    known: bool = True
    peak: Severity = Severity.CLEARED
    parent: str = ""
    raises: int = 1  # how often it was raised within this life, more than once when it flaps
    acknowledged_by: str = ""
    acknowledged_at: float | None = None
    note: str = ""  # what whoever acknowledged it wrote
    changed: bool = False  # since receivers were told of it: they know an older version, and are owed this one
    ends_at: float | None = None  # its trouble is over, and when it is, too, unless it is raised again before


@dataclass(frozen=True, slots=True)
class PastAlarm:
    """An alarm that is over: as it last was, when it ended, and by which reason. `id` rises with time."""

    id: int
    alarm: Alarm
    cleared_at: float
    reason: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """What receivers are not told of from `starts_at` to `ends_at`, and why (RFC 8632, section 4.5).

    An alarm is shelved when it fits every field that is not "": `site` is "tenant/site", `device` a MAC, `name` the
    alarm's. One with a name is an operator's patience with an alarm, one without a maintenance window.
    """

    id: int
    tenant: str
    site: str
    device: str
    source: str
    name: str
    starts_at: float
    ends_at: float
    reason: str
    by: str
    created_at: float


@dataclass(frozen=True, slots=True)
class Notification:
    """What receivers are told: an alarm as it was at `at`, and why now.

    `sequence` counts all notifications without a gap; each receiver's own count is the outbox's. A clear is a
    notification whose alarm has severity CLEARED; its `peak` says how bad it had been.
    """

    sequence: int
    at: float
    alarm: Alarm
    device_ip: str = ""
    occasion: Occasion = Occasion.RAISED


@dataclass(frozen=True, slots=True)
class PastAlarmsWanted:
    """Which alarms of the history somebody asks for, newest first; `before` is the id of the last one seen.

    `tenants` None is all of them, `severity` the least that their `peak` must have been. Between `since` and `until`
    they must have been active at some time.
    """

    limit: int
    tenants: tuple[str, ...] | None = None
    device: Mac | None = None
    name: str | None = None
    source: str | None = None
    severity: Severity | None = None
    since: float | None = None
    until: float | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class ToldWanted:
    """What of a receiver's journal somebody asks for, newest first; `before` is the place of the last one seen."""

    receiver: str
    limit: int
    before: tuple[float, int] | None = None  # `at` and `id`


class End(StrEnum):
    """How a notification left a receiver's queue."""

    SETTLED = "settled"  # sent or acknowledged
    OVERFLOWED = "overflowed"  # there was no room for it
    AGED = "aged"  # it had waited too long
    OVER = "over"  # there was no room, and all of its alarm still waited, raise and clear: nobody misses either
    ORPHANED = "orphaned"  # its receiver was taken out of the configuration


@dataclass(frozen=True, slots=True)
class Told:
    """A notification in the journal: its number for the receiver, and how and when it left; None while it waits."""

    id: int
    number: int
    notification: Notification
    left_at: float | None
    end: End | None
