"""The placeholders that are known by name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.provisioning.placeholders.computed import DEFAULTS as IN_FORCE
from daemon.provisioning.placeholders.kinds import fault_of
from daemon.provisioning.placeholders.known import DEFAULTS, KNOWN, known, likely, value_faults
from daemon.provisioning.placeholders.lookup import Family, Layer, Lookup, expand

# Seen in the vendor's templates and exported tables.
VENDORS = [
    "mac",
    "destination",
    "HTTP_OR_S",
    "ServerIP",
    "HTTP_PROXY_IP",
    "HTTP_PROXY_PORT",
    "FirmwareFile",
    "Line1Id",
    "Line1AuthName",
    "Line1AuthPassword",
    "DisplayName",
    "Language",
    "VLANMode",
    "VLANID",
    "VLANPriority",
    "TimeZoneLocation",
    "Primary_NTP",
    "MwiVmNumber",
    "SRTP",
    "SipDigitMap",
    "IPPhoneUsername",
    "IPPhonePassword",
    "Proxy_address",
    "Proxy_port",
    "Proxy_gateway",
    "Outbound_proxy",
    "Outbound_proxy_port",
    "Redundant_outbound_proxy",
    "Redundant_outbound_proxy_enable",
    "LDAPActive",
    "LDAPServerAddress",
    "LDAPPort",
    "LDAPUserName",
    "LDAPPassword",
    "LDAPBase",
    "LDAPNameFilter",
    "LDAPNameAttributes",
    "LDAPNumberFilter",
    "LDAPNumberAttributes",
    "LDAPDisplayName",
    "LDAPMaxHits",
    "LDAPCountryCode",
    "LDAPAreaCode",
    "LDAPSortResult",
    "LDAPSearchTimeout",
    "LDAPCallLookup",
    "KeepAlivePeriod",
    "ProvisioningMethod",
    "DayLightActivate",
    "DayLightStartDay",
    "DayLightStartMonth",
    "DayLightEndDay",
    "DayLightEndMonth",
    "RegCountry",
    "Core_Dump",
    "OVR_Enable",
    "OVR_Address",
    "OVR_Port",
    "Syslog_IP",
    "Syslog_Mode",
    "Syslog_Control_Center",
    "Calendar_Mode",
    "Token_Uri",
    "SpeedDialName1",
    "SpeedDialNumber12",
    "hk_blind_transfer",
    "pin_lock",
    "Ring_Vol",
    "Tones_Vol",
    "NB_Speakers_Vol",
    "WB_Speakers_Vol",
    "WD",
    "Refresh",
    "Stub",
    "VOCANOM",
]


@pytest.mark.parametrize("name", VENDORS)
def test_every_placeholder_of_the_vendor_is_known(name: str) -> None:
    found = known(name)
    assert found is not None
    assert found.name == name
    assert found.description


def test_every_default_is_a_value_that_is_taken() -> None:
    assert [name for name, value in DEFAULTS.items() if fault_of(KNOWN[name].kind, value)] == []
    assert IN_FORCE == DEFAULTS


def test_counted_and_private_names_are_known_by_their_family() -> None:
    speed_dial = known("P_SpeedDialNumber7")
    assert speed_dial is not None
    assert (speed_dial.name, speed_dial.description) == ("SpeedDialNumber7", "the number of speed dial 7")
    assert known("SpeedDialNumber0") is None
    assert known("SpeedDialNumber") is None
    assert known("P_Language") == KNOWN["Language"]


def test_secrets_are_known_by_name() -> None:
    assert {name for name, each in KNOWN.items() if each.secret} == {
        "AccessPath",
        "IPPhonePassword",
        "LDAPPassword",
        "Line1AuthPassword",
        "PhoneWebPassword",
        "Token_Uri",
        "pin_lock",
    }


def test_a_slip_of_the_pen_is_guessed() -> None:
    assert likely("Langauge") == "Language"
    assert likely("Colour") == ""
    assert likely("x" * 100_000) == ""


@pytest.mark.parametrize(
    ("name", "good", "bad", "wrong"),
    [
        ("SRTP", "1", "yes", "is not a whole number from 0 to 1"),
        ("DayLightOffset", "180", "181", "is not a whole number from 0 to 180"),
        ("LDAPMaxHits", "1000", "0", "is not a whole number from 1 to 1000"),
        ("Language", "Hebrew", "Klingon", "is not one of English, French, German"),
        ("OVR_Port", "5067", "70000", "is not a whole number from 0 to 10000"),
        ("Anything", "at all", "two\nlines", "is not one line"),
        ("Anything", "100%", "%ITCS_mac%", "holds a placeholder itself"),
    ],
)
def test_values_are_checked_by_what_is_known(name: str, good: str, bad: str, wrong: str) -> None:
    assert list(value_faults({name: good})) == []
    [(named, said)] = value_faults({name: bad})
    assert named == name
    assert said.startswith(wrong)


@settings(max_examples=100)
@given(st.sampled_from(sorted(KNOWN)), st.text())
def test_no_value_that_is_taken_adds_a_line_or_stops_a_file(name: str, value: str) -> None:
    if not list(value_faults({name: value})):
        expansion = expand(f"key=%ITCS_{name}%", Lookup([Layer(Family.TENANT, {name: value})]))
        assert expansion.wrong == ()
        assert expansion.text.splitlines() == [f"key={value}"]
