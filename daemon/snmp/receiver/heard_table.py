"""Which notifications of others we understand: the generic ones of every agent, and AudioCodes' board traps.

Two tables. A lasting trap raises an alarm and, with severity cleared or by its counterpart, ends it; a passing one
tells of something that happened and that nobody will take back, which is for the timeline. Names are the descriptors
of SNMPv2-MIB, IF-MIB and AcBoard; a board trap that is not listed explains itself by its varbinds as well and is
named by its number. Not here: reading varbinds (`heard`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from daemon.fleet.notifications import EventType, Severity
from daemon.snmp.ber import Oid
from daemon.snmp.oids import AUDIOCODES
from daemon.snmp.pdu import SNMP_TRAPS

BOARD_TRAPS: Oid = (*AUDIOCODES, 9, 10, 1, 21, 2, 0)  # below it the traps of its SBCs and gateways
BOARD_VARBINDS: Oid = (*AUDIOCODES, 9, 10, 1, 21, 1)  # acBoardTrapGlobals
ALARM_VARBINDS: Oid = (*AUDIOCODES, 11, 1, 3)  # acAlarmVarbinds of AC-ALARM-MIB
KEEP_ALIVE: Oid = (*BOARD_TRAPS, 16)  # acKeepAlive
IF_INDEX: Oid = (1, 3, 6, 1, 2, 1, 2, 2, 1, 1)  # the column of ifTable that linkDown and linkUp carry

_LAN_ERROR = 25  # AcAlarmProbableCause


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a group of varbinds has what: the arc of each; `infos` are three from there on."""

    root: Oid
    name: int
    text: int
    source: int
    severity: int
    event_type: int
    cause: int
    infos: int


# Both groups say the same eleven things, in another order.
GROUPS = (
    Columns(BOARD_VARBINDS, name=1, text=2, source=3, severity=4, event_type=6, cause=7, infos=8),
    Columns(ALARM_VARBINDS, name=3, text=4, source=5, severity=6, event_type=7, cause=8, infos=9),
)


@dataclass(frozen=True, slots=True)
class Generic:
    """What one of the notifications means that every agent has; severity None: it is passing."""

    name: str  # of the alarm, which linkUp shares with linkDown
    text: str
    severity: Severity | None = None
    event_type: EventType = EventType.OTHER
    cause: int = 0


GENERIC: Mapping[Oid, Generic] = MappingProxyType(
    {
        (*SNMP_TRAPS, 1): Generic("coldStart", "The device started, maybe with another configuration."),
        (*SNMP_TRAPS, 2): Generic("warmStart", "The device started with the configuration it had."),
        (*SNMP_TRAPS, 3): Generic(
            "linkDown", "A network interface went down.", Severity.MAJOR, EventType.COMMUNICATIONS, _LAN_ERROR
        ),
        (*SNMP_TRAPS, 4): Generic(
            "linkDown", "A network interface came up.", Severity.CLEARED, EventType.COMMUNICATIONS, _LAN_ERROR
        ),
        (*SNMP_TRAPS, 5): Generic("authenticationFailure", "Somebody asked the device with a wrong community or key."),
    }
)

# N of a board trap -> its name.
BOARD_NAMES: Mapping[int, str] = MappingProxyType(
    {
        1: "acBoardFatalError",
        2: "acBoardConfigurationError",
        4: "acBoardEvBoardStarted",
        5: "acBoardEvResettingBoard",
        6: "acFeatureKeyError",
        10: "acBoardEthernetLinkAlarm",
        11: "acBoardOverloadAlarm",
        12: "acActiveAlarmTableOverflow",
        13: "acAtmPortAlarm",
        14: "acAudioProvisioningAlarm",
        15: "acOperationalStateChange",
        16: "acKeepAlive",
        17: "acNATTraversalAlarm",
        18: "acEnhancedBITStatus",
        19: "acSS7LinkStateChangeAlarm",
        20: "acSS7LinkInhibitStateChangeAlarm",
        21: "acSS7LinkBlockStateChangeAlarm",
        22: "acSS7LinkCongestionStateChangeAlarm",
        23: "acSS7LinkSetStateChangeAlarm",
        24: "acSS7RouteSetStateChangeAlarm",
        25: "acSS7SNSetStateChangeAlarm",
        26: "acSS7RedundancyAlarm",
        27: "acPerformanceMonitoringThresholdCrossing",
        28: "acHTTPDownloadResult",
        29: "acFanTrayAlarm",
        30: "acPowerSupplyAlarm",
        31: "acPEMAlarm",
        32: "acSAMissingAlarm",
        33: "acHASystemFaultAlarm",
        34: "acHASystemConfigMismatchAlarm",
        35: "acHASystemSwitchOverAlarm",
        36: "acUserInputAlarm",
        37: "acDChannelStatus",
        43: "acHwFailureAlarm",
        44: "acH248LostConnectionWithCA",
        45: "acDialPlanFileReplaced",
        46: "acAnalogPortSPIOutOfService",
        47: "acAnalogPortHighTemperature",
        48: "acHitlessUpdateStatus",
        49: "acTrunksAlarmNearEndLOS",
        50: "acTrunksAlarmNearEndLOF",
        51: "acTrunksAlarmRcvAIS",
        52: "acTrunksAlarmFarEndLOF",
        53: "acIPv6ErrorAlarm",
        54: "acAMSProcedureResult",
        55: "acWeakRedundancy",
        58: "acTMReferenceChange",
        59: "acGWSASEmergencyModeAlarm",
        70: "acSWUpgradeAlarm",
        71: "acNTPServerStatusAlarm",
        72: "acThreeWayConferenceOutOfResources",
        75: "acLDAPLostConnection",
        77: "acSSHConnectionStatus",
        78: "acOCSPServerStatusAlarm",
        80: "acPowerOverEthernetStatus",
        92: "acCertificateExpiryAlarm",
        93: "acWEBUserAccessDisabled",
        94: "acProxyConnectionLost",
        99: "acIDSPolicyAlarm",
        100: "acIDSThresholdCrossNotification",
    }
)

# Those that tell of something that happened; no second trap with severity cleared follows.
PASSING = frozenset({4, 5, 18, 28, 37, 45, 48, 54, 58, 77, 93, 100})


def board_name(number: int) -> str:
    """What the alarm of that board trap is called."""
    return BOARD_NAMES.get(number, f"acBoardTrap{number}")
