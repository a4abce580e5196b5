"""The phones' own alarms, as AudioCodes' guide for its IP Phone Manager lists them (section 6.4).

What a phone calls its alarm in a report leads to the kind it is; a name that is not here is still an alarm, with the
type and cause that the phone gave. Two more of that section are raised by the server and stand in `catalogue`: the
licence's, and the server's overload.
"""

from __future__ import annotations

from daemon.fleet.alarms.kind import COMMUNICATIONS_PROTOCOL_ERROR, OTHER, UNAUTHORIZED_ACCESS_ATTEMPT, Kind
from daemon.fleet.notifications import EventType, Severity

_PHONE_CLEARS = "The phone says so."
_REGISTERED = "The phone says so, or reports that it is registered."

REGISTER_FAILURE = Kind(
    "IPPhoneRegisterFailure",
    Severity.CRITICAL,
    EventType.COMMUNICATIONS,
    COMMUNICATIONS_PROTOCOL_ERROR,
    "SIP registration of the phone with its server failed.",
    "Make sure that the user is defined on the server, with the same name and password as on the phone, and that the"
    " server answers.",
    title="Registration Failure",
    ends=_REGISTERED,
)
LOGIN_FAILURE = Kind(
    "IPPhoneLyncLoginFailure",
    Severity.CRITICAL,
    EventType.COMMUNICATIONS,
    COMMUNICATIONS_PROTOCOL_ERROR,
    "The phone could not sign in to the Skype for Business server.",
    "Check the user's name, password and PIN on the server, or set them anew, or define the user again. Additional"
    " information names a fault of TLS or NTP.",
    title="Lync Login Failure",
    info="TlsConnectionFailure or NtpServerError.",
    ends=_REGISTERED,
)

WEB_LOGIN_FAILURE = Kind(
    "IPPhoneWebSuccessiveLoginFailure",
    Severity.MAJOR,
    EventType.SECURITY_VIOLATION,
    UNAUTHORIZED_ACCESS_ATTEMPT,
    "Somebody failed to sign in to the phone's web page five times in a row.",
    "Wait for the clear, then sign in with the right credentials; find out who tried. Who forgot them asks the"
    " administrator, who may set new ones.",
    title="IP Phone Web Successive Login Failure",
    ends="The phone says so, or `alarms.web_login_quiet` (60 s) passes without another such report.",
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
        "Find the server or the network path of the site that is down: with one of them missing service stays limited.",
        title="Survivable Mode Start",
        ends=_PHONE_CLEARS,
    ),
    "IPPHONE LYNC LOGIN FAILURE": LOGIN_FAILURE,
    "IPPHONE SPEAKER FIRMWARE DOWNLOAD FAILURE": Kind(
        "IPPhoneSpeakerFirmDownloadFailure",
        Severity.MINOR,
        EventType.COMMUNICATIONS,
        COMMUNICATIONS_PROTOCOL_ERROR,
        "The phone could not download its speaker's firmware.",
        "Check that the .dfu file is there (`ringkeeper firmware list`) and that the phone knows this server.",
        title="IP Phone Speaker Firmware Download Failure",
        ends=_PHONE_CLEARS,
    ),
    "IPPHONE SPEAKER FIRMWARE UPGRADE FAILURE": Kind(
        "IPPhoneSpeakerFirmUpgradeFailure",
        Severity.MINOR,
        EventType.COMMUNICATIONS,
        COMMUNICATIONS_PROTOCOL_ERROR,
        "The phone could not load new firmware into its speaker.",
        "Check the cable between phone and speaker, then try again; if it stays, ask the network's administrator.",
        title="IP Phone Speaker Firmware Upgrade Failure",
        ends=_PHONE_CLEARS,
    ),
    "IPPHONE CONFERENCE SPEAKER CONNECTION FAILURE": Kind(
        "IPPhoneConferSpeakerConnectFailure",
        Severity.MAJOR,
        EventType.COMMUNICATIONS,
        COMMUNICATIONS_PROTOCOL_ERROR,
        "The USB connection between the phone and its conference speaker failed.",
        "Check the USB cable; if it is well plugged in, ask the network's administrator.",
        title="IP Phone Conference Speaker Connection Failure",
        ends=_PHONE_CLEARS,
    ),
    "IPPHONE GENERAL LOCAL EVENT": Kind(
        "IPPhoneGeneralLocalEvent",
        Severity.MAJOR,
        EventType.OTHER,
        OTHER,
        "The phone reports an event of its own; additional information holds a four-digit code.",
        "Look the code up in the phone's manual.",
        title="IP Phone General Local Event",
        info="A code of four digits.",
        ends=_PHONE_CLEARS,
    ),
    "IPPHONE WEB SUCCESSIVE LOGIN FAILED TRIALS": WEB_LOGIN_FAILURE,
}

# A phone that reports "registered" has got over these, whether or not its clear reached us.
ENDED_BY_REGISTRATION = (REGISTER_FAILURE, LOGIN_FAILURE)
