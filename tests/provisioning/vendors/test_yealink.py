"""Yealink's phones, by what public provisioners show of them. MACs are made up behind the maker's prefix."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.errors import ConfigError
from daemon.fleet.model import Mac
from daemon.provisioning.vendors.syntax import Setting
from daemon.provisioning.vendors.vendor import Channel, Effect, FileRole, Role, UserAgent
from daemon.provisioning.vendors.yealink import YEALINK

ITS = Mac("805ec0112233")
OLD = Mac("001565112233")


@pytest.mark.parametrize(
    ("text", "model", "firmware", "mac"),
    [
        ("Yealink SIP-T46S 66.84.0.15 80:5e:c0:11:22:33", "T46S", "66.84.0.15", ITS),
        ("Yealink SIP-T46S 66.86.0.15 805ec0112233", "T46S", "66.86.0.15", ITS),
        ("Yealink SIP-T33G 124.86.0.118", "T33G", "124.86.0.118", None),
        ("Yealink SIP-T21P_E2 52.80.0.3 00:15:65:11:22:33", "T21PE2", "52.80.0.3", OLD),
        ("Yealink SIP-T38G  38.70.0.125 00:15:65:11:22:33", "T38G", "38.70.0.125", OLD),
        ("yealink SIP-T28P 2.70.0.140 00:15:65:11:22:33", "T28P", "2.70.0.140", OLD),
        ("Yealink SIP VP-T49G 51.80.0.10 00:15:65:11:22:33", "T49G", "51.80.0.10", OLD),
        ("Yealink W60B 77.85.0.160 80:5e:c0:11:22:33", "W60B", "77.85.0.160", ITS),
        ("Yealink SIP-CP960 73.83.0.30", "CP960", "73.83.0.30", None),
        ("Yealink CP860 37.72.0.5 00:15:65:11:22:33", "CP860", "37.72.0.5", OLD),
        ("Yealink-T46G 28.71.0.81 28.1.0.128.0.0.0", "T46G", "28.71.0.81", None),
        ("W52P 25.30.0.2 00:15:65:11:22:33", "W52P", "25.30.0.2", OLD),
        ("VP530P 23.70.0.40 00:15:65:11:22:33", "VP530P", "23.70.0.40", OLD),
    ],
)
def test_every_known_user_agent_is_understood(text: str, model: str, firmware: str, mac: Mac | None) -> None:
    assert YEALINK.read_user_agent(text) == UserAgent("Yealink", model, firmware, mac)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yealink",
        "SIP-T33G 124.86.0.118 24:9a:d8:11:22:33",
        "Yealink SIP-T33G 124.86.0.118 24:9a:d8:11:22",
        "Yealink SIP-../../x 1.2.3.4",
        "AUDC-IPPhone/2.2.16 (420HD; 00908F4867AF)",
        "curl/8.5.0",
    ],
)
def test_nobody_elses_is(text: str) -> None:
    assert YEALINK.read_user_agent(text) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("805ec0112233.cfg", FileRole(Role.DEVICE, ITS)),
        ("805EC0112233.cfg", FileRole(Role.DEVICE, ITS)),
        ("805ec0112233-local.cfg", FileRole(Role.OVERRIDES, ITS)),
        ("805ec0112233-contact.xml", FileRole(Role.DIRECTORY, ITS)),
        ("805ec0112233.boot", FileRole(Role.MASTER, ITS)),
        ("y000000000000.boot", FileRole(Role.MASTER)),
        ("y000000000066.cfg", FileRole(Role.SHARED, model="T46S")),
        ("y000000000044.cfg", FileRole(Role.SHARED)),  # T23G and T23P
        ("y000000009999.cfg", FileRole(Role.SHARED)),
        ("T46S(T48S,T42S,T41S)-66.86.0.15.rom", None),  # a comma is in no name that the listener takes
        ("T46S-66.86.0.15.rom", FileRole(Role.FIRMWARE)),
        ("000000000000.cfg", None),
        ("dhcpoption160.cfg", None),
        ("", None),
    ],
)
def test_a_name_says_what_the_file_is(name: str, expected: FileRole | None) -> None:
    assert YEALINK.file_role(name) == expected


def test_a_file_begins_with_its_version_and_an_empty_value_takes_away_what_was_there() -> None:
    lines = [Setting("account.1.label", "2041"), Setting("account.1.label", "2042"), Setting("lang.gui", "")]
    assert YEALINK.render(lines) == b"#!version:1.0.0.1\naccount.1.label = 2042\nlang.gui = %NULL%\n"


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=40), max_size=6))
@example({"account.1.label": "Bob\naccount.1.password = 1"})
@example({"a": "\u2028#!version:1.0.0.1"})
@example({"a": "\x1e"})
@settings(max_examples=100)
def test_no_value_adds_a_line(pairs: dict[str, str]) -> None:
    try:
        first, *written = YEALINK.render([Setting(*pair) for pair in pairs.items()]).decode().splitlines()
    except ConfigError:
        return
    assert first == "#!version:1.0.0.1"
    assert [tuple(line.split(" = ", 1)) for line in written] == list(pairs.items())


def test_network_settings_need_a_restart_and_the_rest_is_marked_as_a_guess() -> None:
    assert YEALINK.effect("static.network.vlan.internet_port_vid").effect is Effect.REBOOT
    assert YEALINK.effect("account.1.password").effect is Effect.VOIP_RELOAD
    assert not YEALINK.effect("account.1.password").confirmed
    assert YEALINK.effect("features.dnd.on_code").effect is Effect.UNKNOWN


def test_its_commands_go_to_the_phone_itself() -> None:
    assert {command.channel for command in YEALINK.commands.values()} == {Channel.HTTP}


def test_its_resync_says_whether_to_restart() -> None:
    assert YEALINK.resync.header(reboot=False) == "check-sync;reboot=false"
    assert YEALINK.resync.chooses
