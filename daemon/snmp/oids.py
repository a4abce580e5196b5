"""Which object identifier everything has, and which number every enumeration gives it.

Two trees: Ringkeeper's own, below a configurable enterprise number (`etc/RINGKEEPER-MIB.txt` says the same, and a
test holds the two together), and AudioCodes', below 5003. Numbers of severities, event types and causes differ
between the two dialects, so each has its own table here and nothing is converted by arithmetic elsewhere. Not here:
which varbinds a notification carries, which is `traps`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from daemon.fleet.notifications import EventType, Severity
from daemon.snmp.ber import Oid

# The standard's own objects, as instances: the first two varbinds of every notification (RFC 3416, section 4.2.6),
# and the address of the entity it is about when somebody else sends it (RFC 3584, section 3.1).
SYS_UP_TIME: Oid = (1, 3, 6, 1, 2, 1, 1, 3, 0)
SNMP_TRAP_OID: Oid = (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)
SNMP_TRAP_ADDRESS: Oid = (1, 3, 6, 1, 6, 3, 18, 1, 3, 0)

# What an SNMP entity says first after its start (RFC 3418).
COLD_START: Oid = (1, 3, 6, 1, 6, 3, 1, 1, 5, 1)

# What SNMPv3's Reports carry (SNMP-USER-BASED-SM-MIB, RFC 3414, section 5): below it six counters, each with .0.
USM_STATS: Oid = (1, 3, 6, 1, 6, 3, 15, 1, 1)

ENTERPRISES: Oid = (1, 3, 6, 1, 4, 1)


# --- Ringkeeper's own tree: enterprise.1, below it 0 notifications, 1 objects, 2 conformance


@dataclass(frozen=True, slots=True)
class MibObject:
    """A scalar of RINGKEEPER-MIB that notifications carry; `limit` is the most octets of a text."""

    name: str
    arc: int
    limit: int = 0


# The limits together keep the largest notification within one unfragmented Ethernet frame (1,472 octets of UDP).
SEQUENCE = MibObject("rkSequence", 1)
EVENT_TIME = MibObject("rkEventTime", 2)
ALARM_ID = MibObject("rkAlarmId", 3, limit=128)
ALARM_NAME = MibObject("rkAlarmName", 4, limit=64)
ALARM_TEXT = MibObject("rkAlarmText", 5, limit=255)
ALARM_SOURCE = MibObject("rkAlarmSource", 6, limit=128)
SEVERITY = MibObject("rkSeverity", 7)
EVENT_TYPE = MibObject("rkEventType", 8)
PROBABLE_CAUSE = MibObject("rkProbableCause", 9)
TENANT = MibObject("rkTenant", 10, limit=64)
DEVICE_MAC = MibObject("rkDeviceMac", 11)
DEVICE_ADDRESS = MibObject("rkDeviceAddress", 12, limit=45)  # the longest IPv6 text, with an embedded IPv4 address
ADDITIONAL_INFO = MibObject("rkAdditionalInfo", 13, limit=255)

# In the order in which every notification carries them.
OBJECTS = (
    SEQUENCE,
    EVENT_TIME,
    ALARM_ID,
    ALARM_NAME,
    ALARM_TEXT,
    ALARM_SOURCE,
    SEVERITY,
    EVENT_TYPE,
    PROBABLE_CAUSE,
    TENANT,
    DEVICE_MAC,
    DEVICE_ADDRESS,
    ADDITIONAL_INFO,
)

# An alarm's name is its notification's descriptor. `deviceAlarm` speaks for every alarm that has no own one.
DEVICE_ALARM = "deviceAlarm"
OWN_NOTIFICATIONS: Mapping[str, int] = MappingProxyType(
    {
        "deviceUnreachable": 1,
        "deviceDisconnected": 2,
        "storeFailure": 3,
        DEVICE_ALARM: 4,
        "connectionDown": 5,
        "connectorDown": 6,
        "qualityDegraded": 7,
        "siteDown": 8,
        "deviceLagged": 9,
        "deviceOnWrongServer": 10,
        "numbersExhausted": 11,
        "acEndpointLicenseAlarm": 12,
        "deviceCountExceeded": 13,
        "certificateExpiring": 14,
        "serverOverloaded": 15,
        "outboxFilling": 16,
        "outputDown": 17,
        "alarmStorm": 18,
        "alarmTableOverflow": 19,
    }
)


# `heartbeat` is the one notification that tells of no alarm: nothing is to be told. It carries these objects only.
HEARTBEAT_ARC = 20
HEARTBEAT_OBJECTS = (SEQUENCE, EVENT_TIME)

# Profile "paired" tells the raise (and each change) of notification N as N*2+1000 and its clear as N*2+1001, named
# `<name>Raised` and `<name>Cleared`. For ever, as every OID: so N stays below 500.
PAIRED_FROM = 1000


def paired_arcs(arc: int) -> tuple[int, int]:
    """The arcs of the raise and of the clear of our notification with that arc."""
    return PAIRED_FROM + 2 * arc, PAIRED_FROM + 2 * arc + 1


def ringkeeper_mib(enterprise: int) -> Oid:
    """Where RINGKEEPER-MIB is rooted under that enterprise number."""
    return (*ENTERPRISES, enterprise, 1)


def ringkeeper_notification(enterprise: int, alarm_name: str) -> Oid:
    """The notification of our own that tells of alarms of that name."""
    return (*ringkeeper_mib(enterprise), 0, OWN_NOTIFICATIONS.get(alarm_name, OWN_NOTIFICATIONS[DEVICE_ALARM]))


def ringkeeper_paired(enterprise: int, alarm_name: str, *, cleared: bool) -> Oid:
    """What profile "paired" tells of alarms of that name: one OID while it lasts, another when it is over."""
    *root, arc = ringkeeper_notification(enterprise, alarm_name)
    return (*root, paired_arcs(arc)[cleared])


def ringkeeper_heartbeat(enterprise: int) -> Oid:
    """The notification that says that we live."""
    return (*ringkeeper_mib(enterprise), 0, HEARTBEAT_ARC)


def ringkeeper_instance(enterprise: int, wanted: MibObject) -> Oid:
    """The one instance of a scalar of ours."""
    return (*ringkeeper_mib(enterprise), 1, wanted.arc, 0)


# ItuPerceivedSeverity (RFC 3877): from critical downwards, the other way round than AudioCodes'.
ITU_SEVERITY: Mapping[Severity, int] = MappingProxyType(
    {
        Severity.CLEARED: 1,
        Severity.INDETERMINATE: 2,
        Severity.CRITICAL: 3,
        Severity.MAJOR: 4,
        Severity.MINOR: 5,
        Severity.WARNING: 6,
    }
)

# IANAItuEventType (IANA-ITU-ALARM-TC-MIB).
IANA_EVENT_TYPE: Mapping[EventType, int] = MappingProxyType(
    {
        EventType.OTHER: 1,
        EventType.COMMUNICATIONS: 2,
        EventType.QUALITY_OF_SERVICE: 3,
        EventType.PROCESSING_ERROR: 4,
        EventType.EQUIPMENT: 5,
        EventType.ENVIRONMENTAL: 6,
        EventType.INTEGRITY_VIOLATION: 7,
        EventType.OPERATIONAL_VIOLATION: 8,
        EventType.PHYSICAL_VIOLATION: 9,
        EventType.SECURITY_VIOLATION: 10,
        EventType.TIME_DOMAIN_VIOLATION: 11,
    }
)

# IANAItuProbableCause (same module) by AcAlarmProbableCause. Both list X.733's and X.736's causes in the alphabet's
# order, so runs of them lie a constant apart; two that IANA took from M.3100 instead stand alone.
IANA_OTHER_CAUSE = 1024
IANA_PROBABLE_CAUSE: Mapping[int, int] = MappingProxyType(
    {
        0: IANA_OTHER_CAUSE,
        **{cause: cause + 499 for cause in range(1, 19)},  # adapterError .. fireDetected
        19: 121,  # floodDetected: flood
        **{cause: cause + 498 for cause in range(20, 58)},  # framingError .. versionMismatch
        **{cause: cause + 542 for cause in range(58, 67)},  # authenticationFailure .. informationOutOfSequence
        67: 126,  # intrusionDetection
        **{cause: cause + 541 for cause in range(68, 75)},  # keyExpired .. unexpectedInformation
    }
)


# --- AudioCodes' tree

AUDIOCODES: Oid = (*ENTERPRISES, 5003)

# Traps of its phones, by alarm name: 5003.9.20.3.2.0.N, as its alarms guide prints them.
AUDIOCODES_TRAPS: Mapping[str, int] = MappingProxyType(
    {
        "IPPhoneRegisterFailure": 39,
        "IPPhoneSurvivableModeStart": 40,
        "IPPhoneLyncLoginFailure": 41,
        "acEndpointLicenseAlarm": 48,
        "IPPhoneSpeakerFirmDownloadFailure": 54,
        "IPPhoneSpeakerFirmUpgradeFailure": 55,
        "IPPhoneConferSpeakerConnectFailure": 56,
        "IPPhoneGeneralLocalEvent": 57,
        "IPPhoneWebSuccessiveLoginFailure": 59,
    }
)


def audiocodes_trap(alarm_name: str) -> Oid | None:
    """AudioCodes' own trap for alarms of that name, if the vendor defined one."""
    arc = AUDIOCODES_TRAPS.get(alarm_name)
    return None if arc is None else (*AUDIOCODES, 9, 20, 3, 2, 0, arc)


def audiocodes_instance(arc: int) -> Oid:
    """A varbind of its board traps (acBoardTrapGlobals, 5003.9.10.1.21.1.N), as the instance .0.

    The AcBoard module defines them as plain objects outside any table; what a notification carries of such an
    object is its only instance, whose suffix is 0 (RFC 2578, sections 7.7 and 8.1).
    """
    return (*AUDIOCODES, 9, 10, 1, 21, 1, arc, 0)


# AcAlarmSeverity and AcAlarmEventType (AC-FAULT-TC). Our own scales were taken from them, so numbers agree; still a
# table, so that a scale that grows must be thought about here.
AUDIOCODES_SEVERITY: Mapping[Severity, int] = MappingProxyType({severity: severity.value for severity in Severity})
AUDIOCODES_EVENT_TYPE: Mapping[EventType, int] = MappingProxyType({kind: kind.value for kind in EventType})
