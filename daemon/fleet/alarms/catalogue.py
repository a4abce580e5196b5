"""Every kind of alarm we know: AudioCodes' phone alarms as its guide lists them (section 6.4), and our own.

One entry answers what monitoring teams ask: how bad, of which type and cause, and what to do about it. The names are
the names of the SNMP traps; which object identifier a name has stands in `daemon.snmp.oids`.
"""

from __future__ import annotations

from dataclasses import dataclass

from daemon.fleet.notifications import EventType, Severity

# AcAlarmProbableCause, as far as it is used here.
OTHER = 0
COMMUNICATIONS_PROTOCOL_ERROR = 5
STORAGE_CAPACITY_PROBLEM = 49
UNAUTHORIZED_ACCESS_ATTEMPT = 73
LOSS_OF_SIGNAL = 29
PERFORMANCE_DEGRADED = 34


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of alarm: its usual severity, X.733 type and cause, a sentence about it, and what to do."""

    name: str
    severity: Severity
    event_type: EventType
    probable_cause: int
    text: str
    action: str


DEVICE_UNREACHABLE = Kind(
    "deviceUnreachable",
    Severity.MAJOR,
    EventType.COMMUNICATIONS,
    LOSS_OF_SIGNAL,
    "The phone stopped answering SIP OPTIONS pings.",
    "Check the phone's power and network. If many phones of one site are affected, check the site's uplink first.",
)
DEVICE_DISCONNECTED = Kind(
    "deviceDisconnected",
    Severity.MAJOR,
    EventType.COMMUNICATIONS,
    LOSS_OF_SIGNAL,
    "The phone sent no keep-alive within the disconnect timeout.",
    "Check the phone's power and network, and that ems_server/provisioning/url in its configuration leads here.",
)
CONNECTION_DOWN = Kind(
    "connectionDown",
    Severity.CRITICAL,
    EventType.COMMUNICATIONS,
    LOSS_OF_SIGNAL,
    "A SIP connection (SBC, trunk or PBX) stopped answering OPTIONS at every address its name leads to.",
    "Check the network path and the far end, then its name in DNS; `/api/v1/connections/{name}` says what was tried.",
)
QUALITY_DEGRADED = Kind(
    "qualityDegraded",
    Severity.MAJOR,
    EventType.QUALITY_OF_SERVICE,
    PERFORMANCE_DEGRADED,
    "The calls of a site sound bad: mean MOS, loss or the share of bad calls within the window passed its limit.",
    "Additional information says which. Look at the site's uplink and its priorities, then at `/api/v1/calls`.",
)
STORE_FAILURE = Kind(
    "storeFailure",
    Severity.CRITICAL,
    EventType.PROCESSING_ERROR,
    STORAGE_CAPACITY_PROBLEM,
    "Ringkeeper cannot write to its database; phones and operators are told to try again later.",
    "Free space on the file system of state_dir, or end whatever locks the database file.",
)
CONNECTOR_DOWN = Kind(
    "connectorDown",
    Severity.MAJOR,
    EventType.COMMUNICATIONS,
    COMMUNICATIONS_PROTOCOL_ERROR,
    "Registrations cannot be learned from a server; those it told of before stay as they are.",
    "Additional information says why. Check that the server runs and lets Ringkeeper in: address, user and secret.",
)
REGISTER_FAILURE = Kind(
    "IPPhoneRegisterFailure",
    Severity.CRITICAL,
    EventType.COMMUNICATIONS,
    COMMUNICATIONS_PROTOCOL_ERROR,
    "SIP registration of the phone with its server failed.",
    "Compare user name and password on server and phone; make sure the server answers.",
)
LOGIN_FAILURE = Kind(
    "IPPhoneLyncLoginFailure",
    Severity.CRITICAL,
    EventType.COMMUNICATIONS,
    COMMUNICATIONS_PROTOCOL_ERROR,
    "The phone could not sign in to the Skype for Business server.",
    "Check the user's name, password and PIN on the server; additional information names a TLS or NTP fault.",
)

# What a phone calls its alarm in a report -> what it is.
PHONE_ALARMS: dict[str, Kind] = {
    "IPPHONE REGISTRATION FAILURE": REGISTER_FAILURE,
    "IPPHONE SURVIVABLE MODE START": Kind(
        "IPPhoneSurvivableModeStart",
        Severity.MAJOR,
        EventType.OTHER,
        OTHER,
        "The phone went into survivable mode with limited service.",
        "Find the server or network path of the site that is down.",
    ),
    "IPPHONE LYNC LOGIN FAILURE": LOGIN_FAILURE,
    "IPPHONE SPEAKER FIRMWARE DOWNLOAD FAILURE": Kind(
        "IPPhoneSpeakerFirmDownloadFailure",
        Severity.MINOR,
        EventType.COMMUNICATIONS,
        COMMUNICATIONS_PROTOCOL_ERROR,
        "The phone could not download its speaker's firmware.",
        "Check that the .dfu file is there and that the phone knows this server.",
    ),
    "IPPHONE SPEAKER FIRMWARE UPGRADE FAILURE": Kind(
        "IPPhoneSpeakerFirmUpgradeFailure",
        Severity.MINOR,
        EventType.COMMUNICATIONS,
        COMMUNICATIONS_PROTOCOL_ERROR,
        "The phone could not load new firmware into its speaker.",
        "Check the cable between phone and speaker, then try again.",
    ),
    "IPPHONE CONFERENCE SPEAKER CONNECTION FAILURE": Kind(
        "IPPhoneConferSpeakerConnectFailure",
        Severity.MAJOR,
        EventType.COMMUNICATIONS,
        COMMUNICATIONS_PROTOCOL_ERROR,
        "The USB connection between the phone and its conference speaker failed.",
        "Check the USB cable.",
    ),
    "IPPHONE GENERAL LOCAL EVENT": Kind(
        "IPPhoneGeneralLocalEvent",
        Severity.MAJOR,
        EventType.OTHER,
        OTHER,
        "The phone reports an event of its own; additional information holds a four-digit code.",
        "Look the code up in the phone's manual.",
    ),
    "IPPHONE WEB SUCCESSIVE LOGIN FAILED TRIALS": Kind(
        "IPPhoneWebSuccessiveLoginFailure",
        Severity.MAJOR,
        EventType.SECURITY_VIOLATION,
        UNAUTHORIZED_ACCESS_ATTEMPT,
        "Somebody failed to sign in to the phone's web page several times in a row.",
        "Wait for the clear, then sign in with the right credentials; find out who tried.",
    ),
}

OWN_ALARMS = (DEVICE_UNREACHABLE, DEVICE_DISCONNECTED, CONNECTION_DOWN, QUALITY_DEGRADED, STORE_FAILURE, CONNECTOR_DOWN)

# They say again what reachability and presence say already, so a device's status does not count them twice.
ECHOES = frozenset({DEVICE_UNREACHABLE.name, DEVICE_DISCONNECTED.name})

# A phone that reports "registered" has got over these, whether or not its clear reached us.
ENDED_BY_REGISTRATION = (REGISTER_FAILURE, LOGIN_FAILURE)
