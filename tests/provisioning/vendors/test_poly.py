"""Poly's phones, by what public provisioners show of them. MACs are made up behind the maker's prefix."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.errors import ConfigError, Refused
from daemon.fleet.model import Mac
from daemon.provisioning.vendors.poly import POLY
from daemon.provisioning.vendors.syntax import Setting
from daemon.provisioning.vendors.vendor import Channel, Effect, FileRole, Role, UserAgent

ITS = Mac("64167f000001")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "FileTransport PolycomVVX-VVX_411-UA/5.9.5.0614 (SN:64167F000001) Type/Application",
            UserAgent("Polycom", "VVX411", "5.9.5.0614", ITS),
        ),
        (
            "FileTransport PolycomVVX-VVX_500-UA/5.9.7.4477 Type/Application",
            UserAgent("Polycom", "VVX500", "5.9.7.4477"),
        ),
        ("FileTransport PolycomVVX-VVX_500-UA/5.9.7.47435 Type/Updater", UserAgent("Polycom", "VVX500")),
        ("FileTransport PolycomVVX-VVX_501-UA/6.4.6.0123", UserAgent("Polycom", "VVX501", "6.4.6.0123")),
        (
            "FileTransport PolycomRealPresenceTrio-Trio_8800-UA/7.2.2.1094 (SN:12345) Type/Application",
            UserAgent("Polycom", "TRIO8800", "7.2.2.1094"),
        ),
        (
            "FileTransport PolycomSoundPointIP-SPIP_335-UA/3.2.3.1734",
            UserAgent("Polycom", "SPIP335", "3.2.3.1734"),
        ),
        (
            "FileTransport PolycomSoundStationIP-SSIP_5000-UA/4.0.3.7562 (SN:64167f000001) Type/Application",
            UserAgent("Polycom", "SSIP5000", "4.0.3.7562", ITS),
        ),
        (
            "FileTransport PolyCCX-CCX_500-UA/9.4.1.0508 (SN:64167f000001) Type/Application",
            UserAgent("Poly", "CCX500", "9.4.1.0508", ITS),
        ),
        (
            "FileTransport PolyEdge-Edge_E450-UA/8.0.0.15602 Type/Application",
            UserAgent("Poly", "EDGEE450", "8.0.0.15602"),
        ),
        ("PolycomVVX-VVX_450-UA/6.4.0.9774", UserAgent("Polycom", "VVX450", "6.4.0.9774")),
        ("FileTransport Poly", None),
        ("Polycom", None),
        ("curl/8.5.0", None),
        ("", None),
    ],
)
def test_every_known_user_agent_is_understood_and_nobody_elses(text: str, expected: UserAgent | None) -> None:
    assert POLY.read_user_agent(text) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("64167f000001.cfg", FileRole(Role.MASTER, ITS)),
        ("000000000000.cfg", FileRole(Role.MASTER)),
        ("64167f000001-ringkeeper.cfg", FileRole(Role.DEVICE, ITS)),
        ("64167F000001-ringkeeper.cfg", FileRole(Role.DEVICE, ITS)),
        ("64167f000001-phone.cfg", FileRole(Role.OVERRIDES, ITS)),
        ("64167f000001-web.cfg", FileRole(Role.OVERRIDES, ITS)),
        ("64167f000001-directory.xml", FileRole(Role.DIRECTORY, ITS)),
        ("000000000000-directory.xml", FileRole(Role.DIRECTORY)),
        ("64167f000001-calls.xml", FileRole(Role.CALLS, ITS)),
        ("64167f000001-license.cfg", FileRole(Role.LICENCE, ITS)),
        ("000000000000-license.cfg", FileRole(Role.LICENCE)),
        ("64167f000001-boot.log", FileRole(Role.LOG, ITS)),
        ("64167f000001-app.log", FileRole(Role.LOG, ITS)),
        ("3111-44500-001.3111-44500-001.sip.ld", FileRole(Role.FIRMWARE)),
        ("3111-44500-001.sip.ld", FileRole(Role.FIRMWARE)),
        ("sip.ld", FileRole(Role.FIRMWARE)),
        ("000000000000-ringkeeper.cfg", None),
        ("64167f000001-other.cfg", None),
        ("", None),
    ],
)
def test_a_name_says_what_the_file_is(name: str, expected: FileRole | None) -> None:
    assert POLY.file_role(name) == expected


def test_a_file_is_one_element_with_an_attribute_for_each_setting() -> None:
    body = POLY.render([Setting("reg.1.label", '<"&>'), Setting("reg.1.address", ""), Setting("reg.1.address", "2041")])
    assert body.decode().splitlines()[3:5] == [
        '    reg.1.label="&lt;&quot;&amp;&gt;"',
        '    reg.1.address="2041"',
    ]


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=40), max_size=6))
@example({"reg.1.label": '1" reg.1.auth.password="x'})
@example({"reg.1.label": "\t]]><!-- &#10; ' \" </PHONE_CONFIG>"})
@example({"reg.1.label": "Bob\nreg.2.label=1"})
@example({'a="1" b': "2"})
@example({"xmlns": "x"})
@settings(max_examples=100)
def test_no_value_adds_an_element_or_an_attribute(pairs: dict[str, str]) -> None:
    try:
        body = POLY.render([Setting(*pair) for pair in pairs.items()])
    except ConfigError:
        return
    root = ET.fromstring(body)
    assert [element.tag for element in root.iter()] == ["PHONE_CONFIG", "ALL"]
    assert dict(root[0].attrib) == pairs


def test_the_master_file_sends_every_phone_to_its_own_and_holds_nothing_else() -> None:
    assert POLY.write_master is not None
    master = ET.fromstring(POLY.write_master("http://x/firmwarefiles/sip.ld"))
    assert master.tag == "APPLICATION"
    assert master.attrib["CONFIG_FILES"] == "[PHONE_MAC_ADDRESS]-ringkeeper.cfg"
    assert master.attrib["APP_FILE_PATH"] == "http://x/firmwarefiles/sip.ld"
    assert POLY.file_role(master.attrib["CONFIG_FILES"].replace("[PHONE_MAC_ADDRESS]", ITS)) == FileRole(
        Role.DEVICE, ITS
    )


def test_a_firmware_url_that_is_none_is_refused() -> None:
    assert POLY.write_master is not None
    with pytest.raises(Refused, match="not the URL of a firmware file"):
        POLY.write_master("a\nb")


def test_its_settings_decide_whether_a_check_sync_restarts_it() -> None:
    assert not POLY.resync.chooses
    assert POLY.resync.header(reboot=True) == POLY.resync.header(reboot=False) == "check-sync"


def test_its_commands_go_to_the_phone_itself_and_none_cuts_a_call() -> None:
    assert {command.channel for command in POLY.commands.values()} == {Channel.HTTP}
    assert "reset_force" not in POLY.commands


def test_what_a_key_triggers_is_marked_as_a_guess() -> None:
    assert POLY.effect("device.prov.user").effect is Effect.REBOOT
    assert POLY.effect("reg.1.label").effect is Effect.VOIP_RELOAD
    assert POLY.effect("bg.color.selection").effect is Effect.UNKNOWN
    assert not any(entry.confirmed for entry in POLY.effects)
