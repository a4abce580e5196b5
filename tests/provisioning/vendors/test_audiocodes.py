"""AudioCodes' phones, by what public captures show of them."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.errors import ConfigError
from daemon.fleet.model import Mac
from daemon.provisioning.vendors.audiocodes import AUDIOCODES
from daemon.provisioning.vendors.syntax import Include, Setting
from daemon.provisioning.vendors.vendor import Effect, FileRole, Role, UserAgent
from tests.support.builders import MAC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AUDC-IPPhone/2.2.16.142 (420HD; 00908F4867AF)", UserAgent("AUDC", "420HD", "2.2.16.142", MAC)),
        ("AUDC-IPPhone/2.2.16.142 (420HD-Rev1; 00908f4867af)", UserAgent("AUDC", "420HD", "2.2.16.142", MAC)),
        ("AUDC-IPPhone/2.0.4.30 (430HD; 00908F4867AF)", UserAgent("AUDC", "430HD", "2.0.4.30", MAC)),
        ("AUDC-IPPhone/2.0.0_build_15 (420HD; 00:90:8F:48:67:AF)", UserAgent("AUDC", "420HD", "2.0.0_build_15", MAC)),
        ("AUDC-IPPhone/2.2.16 (310HD)", UserAgent("AUDC", "310HD", "2.2.16")),
        ("AUDC-IPPhone-440HD_UC_3.0.4.123/1.0.0000.0", UserAgent("AUDC", "440HD", "3.0.4.123")),
        ("AUDC/3.4.4.1000 AUDC-IPPhone-450HD_UC_3.4.4.1000/1", UserAgent("AUDC", "450HD", "3.4.4.1000")),
        ("Genesys /2.2.16 (420HDG-Rev2-AC494; 00908F4867AF)", UserAgent("Genesys", "420HDG", "2.2.16", MAC)),
        ("AUDC-IPPhone/2.2.16", UserAgent("AUDC", "", "2.2.16")),
        ("curl/8.5.0", None),
        ("Mozilla/5.0 (iPhone)", None),
        ("Mozilla/5.0 (X11; Linux x86_64)", None),
        ("Yealink SIP-T46S 66.84.0.15 80:5e:c0:11:22:33", None),
        ("", None),
        ("((((;;;;", None),
    ],
)
def test_every_known_user_agent_is_understood_and_nobody_elses(text: str, expected: UserAgent | None) -> None:
    assert AUDIOCODES.read_user_agent(text) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("00908F4867AF.cfg", FileRole(Role.DEVICE, MAC)),
        ("00908f4867af.cfg", FileRole(Role.DEVICE, MAC)),
        ("Audiocodes_420HD_global_GENERIC_empty.cfg", FileRole(Role.SHARED, model="420HD")),
        ("audiocodes_440hd_global_lync_empty.cfg", FileRole(Role.SHARED, model="440HD")),
        ("dhcpoption160.cfg", FileRole(Role.FIRST)),
        ("420HD.img", FileRole(Role.FIRMWARE, model="420HD")),
        ("450HD_3.4.4.1000.img", FileRole(Role.FIRMWARE, model="450HD")),
        ("RX50.dfu", FileRole(Role.FIRMWARE, model="RX50")),
        ("whatever.img", FileRole(Role.FIRMWARE)),
        ("000000000000.cfg", None),
        ("00908f4867af.cfx", None),
        ("00908f4867af.cfg\n", None),
        ("../420HD.img", None),
        ("", None),
    ],
)
def test_a_name_says_what_the_file_is(name: str, expected: FileRole | None) -> None:
    assert AUDIOCODES.file_role(name) == expected


def test_a_file_is_key_equals_value_and_includes_stay_in_their_place() -> None:
    assert (
        AUDIOCODES.render(
            [Include("http://x/g.cfg"), Setting("voip/line/0/id", "2041"), Include("r.cfg"), Setting("a", "x=y;z")]
        )
        == b"include http://x/g.cfg\nvoip/line/0/id=2041\ninclude r.cfg\na=x=y;z\n"
    )


@given(st.lists(st.tuples(st.text(min_size=1, max_size=20), st.text(max_size=40)), max_size=6))
@example([("voip/line/0/description", "Bob\nsystem/password=1")])
@example([("a", "\x85include x")])
@example([("include x", "")])
@settings(max_examples=100)
def test_no_value_adds_a_line(pairs: list[tuple[str, str]]) -> None:
    try:
        written = AUDIOCODES.render([Setting(*pair) for pair in pairs]).decode().splitlines()
    except ConfigError:
        return
    assert [tuple(line.split("=", 1)) for line in written] == pairs


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("provisioning/method", Effect.REBOOT),
        ("provisioning/firmware/url", Effect.REBOOT),
        ("provisioning/period/daily/time", Effect.NONE),
        ("provisioning/random_provisioning_time", Effect.NONE),
        ("network/lan/vlan/id", Effect.REBOOT),
        ("personal_settings/language", Effect.REBOOT),
        ("voip/line/0/enabled", Effect.REBOOT),
        ("voip/line/0/auth_password", Effect.VOIP_RELOAD),
        ("voip/signalling/sip/proxy_address", Effect.VOIP_RELOAD),
        ("system/ntp/primary_server_address", Effect.TIME_REFRESH),
        ("system/syslog/mode", Effect.LOG_RELOAD),
        ("system/user_name", Effect.UI_RELOAD),
        ("ems_server/keep_alive_period", Effect.NONE),
        ("management/telnet/enabled", Effect.UNKNOWN),
    ],
)
def test_a_changed_key_has_the_effect_that_the_parameter_database_names(key: str, expected: Effect) -> None:
    assert AUDIOCODES.effect(key).effect is expected


def test_only_the_graceful_reset_is_confirmed_and_the_guesses_follow_its_pattern() -> None:
    confirmed = [command for command in AUDIOCODES.commands.values() if command.confirmed]
    assert [(each.action, each.method, each.path, each.body) for each in confirmed] == [
        ("reset_graceful", "POST", "/rest/v1/command/ResetGracefulHandler", {"schedulePeriod": "0"})
    ]
    assert all(
        command.path.startswith("/rest/v1/command/") and command.path.endswith("Handler")
        for command in AUDIOCODES.commands.values()
    )


def test_a_firmware_file_is_judged_by_the_models_that_are_known() -> None:
    read = AUDIOCODES.read_image_header
    assert read is not None
    header = read(b"\x00\x01420HD\x002.2.16.142\x00")
    assert header is not None
    assert (header.model, header.version) == ("420HD", "2.2.16.142")


def test_a_devices_file_has_its_mac_in_lower_case() -> None:
    assert AUDIOCODES.device_file_name(Mac("00908f4867af")) == "00908f4867af.cfg"
