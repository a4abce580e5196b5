"""The nouns of alarms: how bad, of which kind, and what a monitoring team is told. Frozen values, no behaviour.

Not here: which alarms there are (`catalogue`), when one is raised (`alarms`), their numbers in other dialects
(`daemon.snmp.oids`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

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
