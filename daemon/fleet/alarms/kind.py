"""What a kind of alarm is, and the probable causes that kinds have.

Not here: which kinds there are: our own stand in `catalogue`, the phones' in `phone_kinds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from daemon.fleet.notifications import EventType, Severity

# AcAlarmProbableCause, as far as it is used here.
OTHER = 0
COMMUNICATIONS_PROTOCOL_ERROR = 5
CONFIGURATION_ERROR = 7
LOSS_OF_SIGNAL = 29
PERFORMANCE_DEGRADED = 34
QUEUE_SIZE_EXCEEDED = 39
RESOURCE_AT_OR_NEARING_CAPACITY = 43
RESPONSE_TIME_EXCESSIVE = 44
STORAGE_CAPACITY_PROBLEM = 49
THRESHOLD_CROSSED = 51
KEY_EXPIRED = 68
UNAUTHORIZED_ACCESS_ATTEMPT = 73
# As AC-FAULT-TC spells them, for people.
CAUSE_NAMES: Mapping[int, str] = MappingProxyType(
    {
        OTHER: "other",
        COMMUNICATIONS_PROTOCOL_ERROR: "communicationsProtocolError",
        CONFIGURATION_ERROR: "configurationOrCustomizationError",
        LOSS_OF_SIGNAL: "lossOfSignal",
        PERFORMANCE_DEGRADED: "performanceDegraded",
        QUEUE_SIZE_EXCEEDED: "queueSizeExceeded",
        RESOURCE_AT_OR_NEARING_CAPACITY: "resourceAtOrNearingCapacity",
        RESPONSE_TIME_EXCESSIVE: "responseTimeExcessive",
        STORAGE_CAPACITY_PROBLEM: "storageCapacityProblem",
        THRESHOLD_CROSSED: "thresholdCrossed",
        KEY_EXPIRED: "keyExpired",
        UNAUTHORIZED_ACCESS_ATTEMPT: "unauthorizedAccessAttempt",
    }
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of alarm: its usual severity, X.733 type and cause, a sentence about it, and what to do.

    `title` is what people call it, `info` what its additional information holds, `ends` when it is over, and `graded`
    which other severities it has, and when ("" if it has but one).
    """

    name: str
    severity: Severity
    event_type: EventType
    probable_cause: int
    text: str
    action: str
    title: str = ""
    info: str = ""
    ends: str = ""
    graded: str = ""
