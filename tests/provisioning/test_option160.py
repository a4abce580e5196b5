"""The text of `dhcpoption160.cfg`: shipped, checked when an operator writes another, filled in for a phone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import ConfigError
from daemon.provisioning.option160 import DEFAULTS, MAX_TEXT, VARIABLES, Variant, check, fill

VALUES = {
    "IP_ADDRESS": "prov.example.net:8081",
    "PROXY_IP_ADDRESS": "192.0.2.5:8080",
    "HTTP_OR_S": "http",
    "KEEP_ALIVE_PERIOD": "60",
    "CONFIGURATION_FOLDER": "configfiles/",
}
# For phones of a One Voice Resiliency deployment (AudioCodes' guide, chapter 11).
OVR = """\
outbound_proxy_address=192.0.2.6
lync/sign_in/fixed_outbound_proxy_port=5061
lync/sign_in/use_hosting_outbound_proxy=1
"""
DIRECT = DEFAULTS[Variant.DIRECT]


def faults(text: str) -> list[tuple[int, str]]:
    return [(fault.line, fault.wrong) for fault in check(text)]


@pytest.mark.parametrize("variant", Variant)
def test_the_shipped_texts_are_faultless_and_have_seven_lines(variant: Variant) -> None:
    assert check(DEFAULTS[variant]) == []
    assert len(fill(DEFAULTS[variant], VALUES).splitlines()) == 7


def test_the_direct_text_sends_phones_to_us_and_the_other_to_the_proxy() -> None:
    assert fill(DIRECT, VALUES).decode() == (
        "ems_server/keep_alive_period=60\n"
        "ems_server/provisioning/url=http://prov.example.net:8081/\n"
        "provisioning/method=STATIC\n"
        "provisioning/configuration/url=http://prov.example.net:8081/configfiles/\n"
        "provisioning/firmware/url=http://prov.example.net:8081/firmwarefiles/\n"
        "ems_server/user_name=system\n"
        "ems_server/user_password=\n"
    )
    assert b"=http://192.0.2.5:8080/configfiles/\n" in fill(DEFAULTS[Variant.PROXY], VALUES)


def test_an_operator_may_add_lines_and_remarks() -> None:
    assert check(f"; for the resiliency site\n\n{DIRECT}{OVR}") == []
    assert fill(DIRECT + OVR, VALUES).endswith(OVR.encode())


@pytest.mark.parametrize("method", ["Dynamic", "", "static", "Disable"])
def test_another_method_would_have_the_phone_restart_for_ever(method: str) -> None:
    [fault] = check(DIRECT.replace("STATIC", method))
    assert (fault.line, fault.key) == (3, "provisioning/method")
    assert "restarts for ever" in fault.hint


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (DIRECT + "x/y=<NOBODY>\n", (8, "there is no variable <NOBODY>")),
        (DIRECT + "hello\n", (8, "sets nothing")),
        (DIRECT + "include http://elsewhere/x.cfg\n", (8, "sets nothing")),
        (DIRECT + "x/y=a\x07b\n", (8, "holds a character that cannot be printed")),
        (DIRECT + "x/ring_tone_uri=http://h/" + "a" * 128, (8, "a phone keeps 128 characters of a URL, this has 137")),
        (DIRECT + "provisioning/method=STATIC\n", (8, "stands in line 3 already, and which of them wins is not known")),
        (DIRECT.replace("provisioning/firmware/url", "x/y"), (0, "is missing")),
        ("x" * (MAX_TEXT + 1), (0, f"longer than {MAX_TEXT} bytes")),
    ],
)
def test_what_a_phone_could_not_use_is_a_fault_with_its_line(text: str, wrong: tuple[int, str]) -> None:
    assert faults(text) == [wrong]


def test_nothing_is_filled_in_by_halves() -> None:
    with pytest.raises(ConfigError, match="<PROXY_IP_ADDRESS> has no value"):
        fill(DEFAULTS[Variant.PROXY], {name: text for name, text in VALUES.items() if name != "PROXY_IP_ADDRESS"})
    with pytest.raises(ConfigError, match="this has 154"):
        fill(DIRECT, VALUES | {"IP_ADDRESS": "a" * 131 + ":80"})


def test_no_value_adds_a_line() -> None:
    with pytest.raises(ConfigError, match="would add a line"):
        fill(DIRECT, VALUES | {"IP_ADDRESS": "h\nprovisioning/method=Dynamic"})


@settings(max_examples=100)
@given(st.text(max_size=200) | st.lists(st.sampled_from([*DIRECT.splitlines(), "<", "<A>", "=", ";"])).map("\n".join))
def test_whatever_is_faultless_can_be_filled_in(text: str) -> None:
    assert set(VALUES) == set(VARIABLES)
    if not check(text):
        assert b"<" not in fill(text, VALUES) or "<" in text
