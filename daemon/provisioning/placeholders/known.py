"""Every placeholder that is known by name: what it is for, what values it takes, what it is worth if nobody says.

The names are the vendor's where its templates, its exported tables or its system settings have one; those that follow
their pattern are ours. Names that count (`SpeedDialName1`) stand for a family, known by pattern. Operators may define
any other name; those here are checked when they are given a value. Not here: who said what (`placeholders`), values
that come from devices and settings (`computed`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from types import MappingProxyType

from daemon.provisioning.placeholders.kinds import (
    ADDRESS,
    FLAG,
    LINE,
    OFFSET,
    PORT,
    PORT_OR_NONE,
    SWITCH,
    TIME,
    Choice,
    Kind,
    Text,
    Whole,
    fault_of,
)
from daemon.provisioning.placeholders.lookup import Family, looks_secret


@dataclass(frozen=True, slots=True)
class Known:
    """One placeholder. `family` is the one it is usually written for.

    `default` is None if it has none: without a value, a line that needs it cannot be made. `from_` says where it comes
    from if nobody writes it down, "" for the default.
    """

    name: str
    description: str
    kind: Kind = LINE
    default: str | None = ""
    family: Family = Family.SYSTEM
    from_: str = ""

    @property
    def secret(self) -> bool:
        """Whether its value is shown to administrators alone."""
        return self.name == _ACCESS_PATH or looks_secret(self.name)


_ACCESS_PATH = "AccessPath"
_LANGUAGES = Choice(
    (
        "English",
        "French",
        "German",
        "Hebrew",
        "Italian",
        "Polish",
        "Portuguese",
        "Russian",
        "Spanish",
        "Ukraine",
        # Beyond the guide's list, these stand in the parameter database of firmware 3.0.4.
        "Korean",
        "Finnish",
        "Chinese",
        "ChineseTraditional",
    )
)
_DAYS = Choice(("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"))
_SITE, _DEVICE, _TEMPLATE, _TENANT = Family.SITE, Family.DEVICE, Family.TEMPLATE, Family.TENANT


def _computed(name: str, description: str, origin: str, family: Family = _DEVICE) -> Known:
    return Known(name, description, LINE, None, family, origin)


_ADDRESSES = (
    _computed("mac", "the phone's MAC address, twelve digits", "the device"),
    _computed("Model", "the phone's model", "the phone's User-Agent, else the device", _TEMPLATE),
    _computed("Tenant", "the tenant's name", "the device", _TENANT),
    _computed("destination", "the folder of generated files; empty here", "always empty", Family.SYSTEM),
    _computed("HTTP_OR_S", "http or https, as phones speak to us", "provisioning.scheme", Family.SYSTEM),
    _computed("ServerIP", "name or address of this server, without a port", "provisioning.server", Family.SYSTEM),
    _computed("ServerAddress", "the same with the port, if there is one", "provisioning.server", Family.SYSTEM),
    _computed("AccessPath", "the path that only this phone knows", "the master key"),
    Known("HTTP_PROXY_IP", "the SBC's HTTP proxy, as phones behind it address it", ADDRESS),
    Known("HTTP_PROXY_PORT", "its port", PORT_OR_NONE, "0"),
    _computed("FirmwareFile", "the firmware the phone is to run", "the device, else <model>.img", _TEMPLATE),
    _computed("IPPhoneUsername", "the account the phone reports with", "the device"),
    _computed("IPPhonePassword", "its password", "the master key"),
    Known("PhoneWebUser", "who signs in at the phone's own server", Text(64), "", from_="its maker's own"),
    Known("PhoneWebPassword", "that user's password; empty: none is shown to phones", Text(256)),
)
_PROVISIONING = (
    Known("KeepAlivePeriod", "minutes between two reports", Whole(0, 300), None, from_="keep_alive.period"),
    Known("ProvisioningMethod", "how the phone finds its file", Choice(("Disable", "Dynamic", "Static")), "Static"),
    Known("ProvisioningPeriod", "how often it looks", Choice(("hourly", "daily", "weekly", "powerup")), "daily"),
    Known("DailyTime", "when it looks, if daily", TIME, "0:00", from_="a place in the night, by its MAC"),
    Known("VerifyServerCertificate", "whether it checks our certificate", FLAG, "0"),
)
_LINE_ONE = (
    _computed("Line1Enabled", "whether the line is in use", "the device has a number"),
    Known("Line1Id", "the line's SIP user", LINE, "", _DEVICE, "the device's number"),
    Known("Line1AuthName", "the user its password belongs to", LINE, "", _DEVICE, "the device's number"),
    Known("Line1AuthPassword", "the line's SIP password", Text(256), "", _DEVICE, "the device"),
    Known("DisplayName", "what stands on the display", LINE, "", _DEVICE, "the device's name, user or number"),
)
_LOCALE = (
    Known("Language", "the language of the display", _LANGUAGES, "English"),
    Known("RegCountry", "whose call progress tones are played", Text(32), "USA"),
    Known("TimeZoneLocation", "the time zone, in the vendor's words"),
    Known("GmtOffset", "the clock's offset from UTC", OFFSET, "not_set"),
    Known("DhcpOffset", "whether DHCP says the offset from UTC", FLAG, "1"),
    Known("Primary_NTP", "the time server", ADDRESS),
    Known("Secondary_NTP", "another time server", ADDRESS),
)
_NETWORK = (
    Known("VLANMode", "how the VLAN is found", Choice(("Disable", "Manual", "CDP", "LLDP", "CDP_LLDP")), "CDP_LLDP"),
    Known("VLANID", "the VLAN, if Manual", Whole(0, 4096), "0", _SITE),
    Known("VLANPriority", "its priority, if Manual", Whole(0, 7), "0", _SITE),
)
_SIP = (
    Known("Proxy_address", "the SIP server", ADDRESS, None, from_="the device's server, else sip.domain"),
    Known("Proxy_port", "its port", PORT, None, from_="the device's server, else 5060"),
    Known("Proxy_gateway", "the SIP domain", Text(256), None, from_="sip.domain"),
    Known("SipTransport", "over what SIP goes", Choice(("UDP", "TCP", "TLS")), "UDP"),
    Known("SipDigitMap", "which numbers are complete", Text(1024)),
    Known("Outbound_proxy_enable", "whether there is an outbound proxy", FLAG, "0"),
    Known("Outbound_proxy", "the primary outbound proxy", ADDRESS),
    Known("Outbound_proxy_port", "its port", PORT_OR_NONE, "0"),
    Known("Redundant_outbound_proxy_enable", "whether there is a backup of it", FLAG, "0"),
    Known("Redundant_outbound_proxy", "the backup", ADDRESS),
    Known("Redundant_outbound_proxy_port", "its port", PORT_OR_NONE, "0"),
    Known("SRTP", "whether SRTP is required", FLAG, "0"),
    Known(
        "SrtpMode",
        "whether media is encrypted; RequireEncryption where SRTP is 1",
        Choice(("DoNotSupportEncryption", "SupportEncryption", "RequireEncryption")),
        "SupportEncryption",
    ),
    Known("MwiVmNumber", "the number of the voice mail", Text(64)),
)
_OVR = (
    Known("OVR_Enable", "One Voice Resiliency: whether phones sign in through the SBC", FLAG, "0"),
    Known("OVR_Address", "the SBC's address", ADDRESS, "0.0.0.0"),
    Known("OVR_Port", "the SBC's listening port", Whole(0, 10000), "0"),
)
_LOGGING = (
    Known("Syslog_Mode", "where the phone's log goes", Choice(("LOCAL", "NETWORK", "SERIAL", "ALL")), "LOCAL"),
    Known("Syslog_IP", "who takes it", ADDRESS, "0.0.0.0"),
    Known("Syslog_Port", "at which port", PORT, "514"),
    Known("Syslog_Control_Center", "how much the control centre says", Choice(("NONE", "DEBUG")), "NONE"),
    Known("Core_Dump", "whether a crash leaves a dump", FLAG, "0"),
    Known("WD", "whether the watchdog restarts a hung phone", FLAG, "1"),
)
_LDAP = (
    Known("LDAPActive", "whether the directory is used", FLAG, "0"),
    Known("LDAPServerAddress", "the directory server; empty: none", ADDRESS),
    Known("LDAPPort", "its port", PORT, "389"),
    Known("LDAPUserName", "who searches", Text(128)),
    Known("LDAPPassword", "the searcher's password", Text(128)),
    Known("LDAPBase", "where in the tree the search begins", Text(128)),
    Known("LDAPNameFilter", "the search for a name, % being what was typed", Text(256), "(|(sn=%)(givenname=%))"),
    Known("LDAPNameAttributes", "the attributes that hold names", Text(256), "sn givenname displayname"),
    Known(
        "LDAPNumberFilter",
        "the search for a number, % being the number",
        Text(256),
        "(|(telephoneNumber=%)(Mobile=%)(ipPhone=%))",
    ),
    Known("LDAPNumberAttributes", "the attributes that hold numbers", Text(256), "telephoneNumber Mobile ipPhone"),
    Known("LDAPDisplayName", "how a result is shown", Text(256), "%displayname"),
    Known("LDAPMaxHits", "results at most", Whole(1, 1000), "50"),
    Known("LDAPCountryCode", "the country code put before a number", Text(256)),
    Known("LDAPAreaCode", "the area code put before a number", Text(256)),
    Known("LDAPSortResult", "whether the phone sorts the results", FLAG, "1"),
    Known("LDAPSearchTimeout", "seconds a search may take", Whole(1, 65535), "5"),
    Known("LDAPCallLookup", "whether callers are looked up", FLAG, "1"),
)
_DAYLIGHT = (
    Known("DayLightActivate", "whether the clock is put forward in summer", SWITCH, "Disable"),
    Known("DayLightMode", "whether dates are fixed or weekdays", Choice(("Fixed", "DayOfWeek")), "Fixed"),
    Known("DayLightOffset", "minutes it is put forward", Whole(0, 180), "60"),
    *(
        Known(f"DayLight{when}{what}", f"{verb}: {words}", kind, default)
        for when, verb in (("Start", "it begins"), ("End", "it ends"))
        for what, words, kind, default in (
            ("Month", "the month", Whole(1, 12), "1"),
            ("Day", "the day of the month, if Fixed", Whole(1, 31), "1"),
            ("Week", "the week of the month, if DayOfWeek; 5 is the last", Whole(1, 5), "1"),
            ("WeekDay", "the day of the week, if DayOfWeek", _DAYS, "SUNDAY"),
            ("Hour", "the hour", Whole(0, 23), "2"),
            ("Minute", "the minute", Whole(0, 59), "0"),
        )
    ),
)
# In the vendor's exported table without anything public that says what they are for or take.
_UNEXPLAINED = tuple(
    Known(name, "in the vendor's tables; nothing public says more", default=None, family=_TEMPLATE)
    for name in ("NB_Speakers_Vol", "WB_Speakers_Vol", "Refresh", "Ring_Vol", "Stub", "Tones_Vol", "VOCANOM")
)
_FEATURES = (
    Known("Calendar_Mode", "Skype for Business: what the calendar shows", Choice(("TODAY", "24H")), "TODAY", _TEMPLATE),
    Known("Token_Uri", "Skype for Business: where a token is fetched", Text(128), None, _TEMPLATE),
    Known("hk_blind_transfer", "whether the transfer key transfers blindly", FLAG, "1", _TEMPLATE),
    Known("pin_lock", "whether the phone locks itself", FLAG, "1", _TEMPLATE),
)
_FAMILIES = (
    Known("SpeedDialName", "the label of speed dial N", Text(128), None, _DEVICE),
    Known("SpeedDialNumber", "the number of speed dial N", Text(128), None, _DEVICE),
    Known("FunctionalKeyType", "what key N does", LINE, None, _DEVICE),
    Known("FunctionalKeyLabel", "the label of key N", Text(128), None, _DEVICE),
    Known("FunctionalKeyNumber", "the number of key N", Text(128), None, _DEVICE),
)

KNOWN: Mapping[str, Known] = MappingProxyType(
    {
        each.name: each
        for group in (
            _ADDRESSES,
            _PROVISIONING,
            _LINE_ONE,
            _LOCALE,
            _NETWORK,
            _SIP,
            _OVR,
            _LOGGING,
            _LDAP,
            _DAYLIGHT,
            _FEATURES,
            _UNEXPLAINED,
        )
        for each in group
    }
)

DEFAULTS: Mapping[str, str] = MappingProxyType(
    {each.name: each.default for each in KNOWN.values() if each.default is not None}
)
"""What placeholders are worth when neither an operator nor a device says anything."""

_PRIVATE = "P_"
_COUNTED = re.compile(rf"({'|'.join(each.name for each in _FAMILIES)})([1-9]\d?)")
_BY_STEM = {each.name: each for each in _FAMILIES}


def known(name: str) -> Known | None:
    """What is known of a placeholder; the private form `P_name` is the same placeholder."""
    bare = name.removeprefix(_PRIVATE)
    counted = _COUNTED.fullmatch(bare)
    if counted:
        stem = _BY_STEM[counted.group(1)]
        return replace(stem, name=bare, description=stem.description.replace(" N", f" {counted.group(2)}"))
    return KNOWN.get(bare)


def likely(name: str) -> str:
    """The known name that somebody who wrote this one may have meant, "" if there is none near."""
    near = get_close_matches(name[:64], KNOWN, n=1, cutoff=0.75)
    return near[0] if near else ""


def value_faults(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Names whose value will not do, each with what is wrong; names nobody knows take any line."""
    for name, value in values.items():
        found = known(name)
        fault = fault_of(found.kind if found else LINE, value)
        if not fault and "%ITCS_" in value:
            fault = "holds a placeholder itself, and values are taken literally"
        if fault:
            yield name, fault
