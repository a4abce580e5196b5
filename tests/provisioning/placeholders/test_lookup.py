"""What a placeholder is worth, and who said so."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.provisioning.placeholders.lookup import Family, Layer, Lookup, Value, expand, looks_secret

LAYERS = (
    Layer(Family.DEVICE, {"A": "device"}),
    Layer(Family.SITE, {"A": "site", "B": "site"}),
    Layer(Family.TENANT, {"A": "tenant", "B": "tenant", "C": "tenant"}),
    Layer(Family.TEMPLATE, dict.fromkeys("ABCD", "template")),
    Layer(Family.SYSTEM, dict.fromkeys("ABCDE", "system")),
)


@pytest.mark.parametrize(
    ("name", "family"),
    [("A", Family.DEVICE), ("B", Family.SITE), ("C", Family.TENANT), ("D", Family.TEMPLATE), ("E", Family.SYSTEM)],
)
def test_the_most_specific_family_wins_and_is_named(name: str, family: Family) -> None:
    assert Lookup(LAYERS).resolve(name) == Value(name, family.value, family, secret=False)


def test_a_private_placeholder_asks_the_device_alone() -> None:
    lookup = Lookup(LAYERS)
    assert lookup.resolve("P_A") == Value("P_A", "device", Family.DEVICE, secret=False)
    assert lookup.resolve("P_B") is None


def test_a_line_is_filled_in_and_tells_where_its_values_come_from() -> None:
    expansion = expand("x/y=%ITCS_A%-%ITCS_E%-%ITCS_P_A%-100%", Lookup(LAYERS))
    assert expansion.text == "x/y=device-system-device-100%"
    assert [value.family for value in expansion.values] == [Family.DEVICE, Family.SYSTEM, Family.DEVICE]
    assert expansion.wrong == ()


def test_every_placeholder_without_a_value_is_named() -> None:
    expansion = expand("x=%ITCS_Foo%%ITCS_A%%ITCS_Bar%", Lookup(LAYERS))
    assert [(wrong.name, wrong.why) for wrong in expansion.wrong] == [("Foo", "has no value"), ("Bar", "has no value")]


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\x00", "\x7f", "a\x85b", "a\u2028b", "a\u2029b", "\x0b", "\ud800"])
def test_a_value_that_could_add_a_line_is_refused_not_repaired(text: str) -> None:
    [wrong] = expand("x=%ITCS_A%", Lookup([Layer(Family.TENANT, {"A": text})])).wrong
    assert wrong.why == "its tenant value holds a line break or control character"


def test_a_value_that_holds_a_placeholder_is_refused() -> None:
    [wrong] = expand("x=%ITCS_A%", Lookup([Layer(Family.SITE, {"A": "%ITCS_A%"})])).wrong
    assert wrong.why == "its site value holds a placeholder itself"


@settings(max_examples=200)
@given(st.text(), st.text())
def test_no_value_can_add_a_line(one: str, other: str) -> None:
    expansion = expand("key=%ITCS_A% and %ITCS_B%", Lookup([Layer(Family.DEVICE, {"A": one, "B": other})]))
    if not expansion.wrong:
        assert expansion.text.splitlines() == [f"key={one} and {other}"]


def test_values_known_as_secret_and_those_whose_name_says_so_are_secret() -> None:
    lookup = Lookup([Layer(Family.DEVICE, {"Path": "k/x/", "LDAPPassword": "", "Name": ""}, frozenset({"Path"}))])
    assert expand("%ITCS_Path%", lookup).secret
    assert expand("%ITCS_LDAPPassword%", lookup).secret
    assert not expand("%ITCS_Name%", lookup).secret


@pytest.mark.parametrize(
    "name",
    [
        "ems_server/user_password",
        "system/web_user_password",
        "voip/line/0/auth_password",
        "management/tr069/password",
        "lync/credentials/password",
        "Token_Uri",
        "pin_lock",
        "snmp_community",
        "network/lan/_802_1x/private_key",
    ],
)
def test_names_that_look_secret(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", ["Line1Id", "personal_settings/language", "voip/line/0/auth_name", "Ring_Vol", "ping"])
def test_names_that_do_not(name: str) -> None:
    assert not looks_secret(name)
