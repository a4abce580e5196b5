"""Whose phone is speaking."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.fleet.model import Mac
from daemon.provisioning.vendors.audiocodes import AUDIOCODES
from daemon.provisioning.vendors.poly import POLY
from daemon.provisioning.vendors.registry import (
    VENDORS,
    Evidence,
    Recognised,
    by_mac,
    by_model,
    by_name,
    recognise,
    speaker,
)
from daemon.provisioning.vendors.vendor import Role, UserAgent, Vendor
from daemon.provisioning.vendors.yealink import YEALINK
from tests.support.builders import MAC

A_YEALINK = Mac("805ec0112233")
A_POLY = Mac("0004f2112233")


@pytest.mark.parametrize(
    ("name", "user_agent", "expected"),
    [
        (
            "00908F4867AF.cfg",
            "AUDC-IPPhone/2.2.16 (420HD; 00908F4867AF)",
            Recognised(AUDIOCODES, Evidence.USER_AGENT, Role.DEVICE, MAC, "420HD", "2.2.16"),
        ),
        (
            "805ec0112233.cfg",
            "Yealink SIP-T46S 66.84.0.15 80:5e:c0:11:22:33",
            Recognised(YEALINK, Evidence.USER_AGENT, Role.DEVICE, A_YEALINK, "T46S", "66.84.0.15"),
        ),
        (
            "0004f2112233.cfg",
            "FileTransport PolycomVVX-VVX_411-UA/5.9.5.0614 Type/Application",
            Recognised(POLY, Evidence.USER_AGENT, Role.MASTER, A_POLY, "VVX411", "5.9.5.0614"),
        ),
        ("00908f4867af.cfg", "", Recognised(AUDIOCODES, Evidence.MAC, Role.DEVICE, MAC, "", "")),
        ("805ec0112233.cfg", "curl/8.5.0", Recognised(YEALINK, Evidence.MAC, Role.DEVICE, A_YEALINK, "", "")),
        ("0004f2112233.cfg", "", Recognised(POLY, Evidence.MAC, Role.MASTER, A_POLY, "", "")),
        ("020000000001.cfg", "", Recognised(AUDIOCODES, Evidence.NONE, Role.DEVICE, Mac("020000000001"), "", "")),
        ("y000000000066.cfg", "", Recognised(YEALINK, Evidence.NAME, Role.SHARED, None, "T46S", "")),
        ("000000000000.cfg", "", Recognised(POLY, Evidence.NAME, Role.MASTER, None, "", "")),
        ("dhcpoption160.cfg", "", Recognised(AUDIOCODES, Evidence.NAME, Role.FIRST, None, "", "")),
        (
            "dhcpoption160.cfg",
            "AUDC-IPPhone/2.2.16 (420HD; 00908F4867AF)",
            Recognised(AUDIOCODES, Evidence.USER_AGENT, Role.FIRST, MAC, "420HD", "2.2.16"),
        ),
        (
            "y000000000066.cfg",
            "AUDC-IPPhone/2.2.16 (420HD; 00908F4867AF)",
            Recognised(AUDIOCODES, Evidence.USER_AGENT, None, MAC, "420HD", "2.2.16"),
        ),
        (
            "Audiocodes_440HD_global_GENERIC_empty.cfg",
            "AUDC-IPPhone/2.2.16 (420HD; 00908F4867AF)",
            Recognised(AUDIOCODES, Evidence.USER_AGENT, Role.SHARED, MAC, "440HD", "2.2.16"),
        ),
        (
            "440HD.img",
            "AUDC-IPPhone/2.2.16 (420HD; 00908F4867AF)",
            Recognised(AUDIOCODES, Evidence.USER_AGENT, Role.FIRMWARE, MAC, "420HD", "2.2.16"),
        ),
        ("favicon.ico", "", Recognised(AUDIOCODES, Evidence.NONE, None, None, "", "")),
        ("", "", Recognised(AUDIOCODES, Evidence.NONE, None, None, "", "")),
    ],
)
def test_a_request_tells_who_asks_and_for_what(name: str, user_agent: str, expected: Recognised) -> None:
    assert recognise(name, user_agent) == expected


@given(st.text(max_size=200), st.text(max_size=300))
@example("0" * 100_000, "(" * 100_000)
@example("805ec0112233.cfg" * 20, "")
@settings(max_examples=100)
def test_any_request_is_answered(name: str, user_agent: str) -> None:
    recognised = recognise(name, user_agent)
    assert recognised.vendor in VENDORS
    assert recognised.model == "" or recognised.model.isalnum()


@pytest.mark.parametrize(
    ("model", "vendor"),
    [("420HD", AUDIOCODES), ("420hd", AUDIOCODES), ("T46S", YEALINK), ("Trio 8800", POLY), ("VVX_411", POLY)],
)
def test_a_models_maker_is_known_however_it_is_written(model: str, vendor: Vendor) -> None:
    assert by_model(model) is vendor


def test_nobody_makes_what_nobody_knows() -> None:
    assert by_model("8440") is None
    assert by_model("") is None
    assert by_mac(Mac("020000000001")) is None
    assert by_name("020000000001.cfg") is None
    assert speaker("curl/8.5.0") == (None, UserAgent())


def test_a_mac_or_a_name_of_its_own_tells_the_maker() -> None:
    assert by_mac(A_POLY) is POLY
    assert by_name("y000000000000.boot") is YEALINK
    assert by_name("0004f2112233.cfg") is POLY


def test_vendors_do_not_get_in_each_others_way() -> None:
    assert len({vendor.name for vendor in VENDORS}) == len(VENDORS)
    ouis = [oui for vendor in VENDORS for oui in vendor.ouis]
    models = [model for vendor in VENDORS for model in vendor.models]
    assert len(set(ouis)) == len(ouis)
    assert len(set(models)) == len(models)
