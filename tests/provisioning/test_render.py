"""Files for phones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import ConfigError
from daemon.provisioning.placeholders.lookup import Family, Layer, Lookup
from daemon.provisioning.render import RenderedLine, SharedLines, device_lines, texts
from daemon.provisioning.templates.shelf import Line, Template

INCLUDE = "http://x/ipp/tenant/acme/Audiocodes_420HD_global_GENERIC_empty.cfg"


def template(shared: str = "", own: str = "") -> Template:
    def lines(text: str) -> tuple[Line, ...]:
        return tuple(Line(number, line) for number, line in enumerate(text.split("|"), start=1) if line)

    return Template("420HD.xml", "t", "", lines(shared), lines(own), ())


def rendered(
    made_of: Template,
    shared: dict[str, str],
    device: dict[str, str],
    *,
    complete: bool = True,
    include: str = INCLUDE,
) -> list[str]:
    everybodys = SharedLines(made_of, Lookup([Layer(Family.SYSTEM, shared)]))
    lookup = Lookup([Layer(Family.DEVICE, device)], everybodys.lookup)
    lines = device_lines(everybodys, lookup, made_of.own, include=include, device="00908f4867af", complete=complete)
    return [line.text for line in lines]


def everybodys(made_of: Template, values: dict[str, str]) -> list[RenderedLine]:
    return SharedLines(made_of, Lookup([Layer(Family.SYSTEM, values)])).everybodys


def test_the_devices_file_begins_with_the_include_of_the_global_one() -> None:
    made_of = template(own="include Audiocodes_420HD_global_GENERIC_empty.cfg|a=%ITCS_mac%")
    assert rendered(made_of, {}, {"mac": "00908f4867af"}) == [f"include {INCLUDE}", "a=00908f4867af"]


def test_another_include_of_the_template_stays() -> None:
    assert rendered(template(own="include ring_tones.cfg"), {}, {})[1:] == ["include ring_tones.cfg"]


def test_the_device_repeats_only_the_shared_lines_that_read_otherwise_for_it() -> None:
    made_of = template(shared="vlan=%ITCS_VLANID%|lang=%ITCS_Language%")
    values = {"VLANID": "1", "Language": "English"}
    assert texts(everybodys(made_of, values)) == "vlan=1\nlang=English\n"
    assert rendered(made_of, values, {"VLANID": "7"})[1:] == ["vlan=7"]


def test_shared_lines_that_need_a_device_or_a_secret_move_to_the_devices_file() -> None:
    made_of = template(shared="a=%ITCS_mac%|system/password=1234|b=%ITCS_LDAPPassword%|c=1")
    values = {"LDAPPassword": "rosebud"}
    assert texts(everybodys(made_of, values)) == "c=1\n"
    assert rendered(made_of, values, {"mac": "m"})[1:] == ["a=m", "system/password=1234", "b=rosebud"]
    assert rendered(made_of, values, {"mac": "m"}, complete=False)[1:] == ["a=m"]


def test_what_cannot_be_filled_in_is_named_with_template_line_and_device() -> None:
    with pytest.raises(ConfigError) as caught:
        rendered(template(shared="a=1|b=%ITCS_Foo%", own="c=%ITCS_Bar%"), {}, {})
    assert [str(fault).partition(" (define")[0] for fault in caught.value.faults] == [
        "420HD.xml:2 %ITCS_Foo%: has no value (device 00908f4867af)",
        "420HD.xml:1 %ITCS_Bar%: has no value (device 00908f4867af)",
    ]


def test_a_stripped_file_is_refused_for_the_same_faults_as_a_complete_one() -> None:
    with pytest.raises(ConfigError):
        rendered(template(own="user_password=%ITCS_Foo%"), {}, {}, complete=False)


def test_a_url_too_long_for_a_phone_is_a_fault() -> None:
    made_of = template(own="provisioning/configuration/url=%ITCS_U%|other=%ITCS_U%")
    assert len(rendered(made_of, {"U": "x" * 128}, {})) == 3
    with pytest.raises(ConfigError, match="keeps 128 characters of a URL, this has 129"):
        rendered(made_of, {"U": "x" * 129}, {})


passwords = st.text(st.sampled_from("αβγδεζηθ♠♣"), min_size=1, max_size=20)


@settings(max_examples=100)
@given(passwords, passwords, st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])))
def test_a_stripped_file_never_holds_a_secret_and_a_global_one_neither(one: str, other: str, name: str) -> None:
    made_of = template(
        shared="x=%ITCS_LDAPPassword%|n=%ITCS_DisplayName%|p/auth_password=%ITCS_Plain%",
        own="voip/line/0/auth_password=%ITCS_P_Pwd%|y=%ITCS_DisplayName%/%ITCS_AdminPassword%|z=%ITCS_DisplayName%",
    )
    shared = {"LDAPPassword": one, "AdminPassword": other, "Plain": other, "DisplayName": "♥"}
    device = {"Pwd": one, "DisplayName": name.translate(dict.fromkeys(map(ord, "αβγδεζηθ♠♣%")))}
    in_global = texts(everybodys(made_of, shared))
    stripped = "\n".join(rendered(made_of, shared, device, complete=False))
    for secret in (one, other):
        assert secret not in in_global
        assert secret not in stripped
        assert secret in "\n".join(rendered(made_of, shared, device))


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from("ABC"), st.text(max_size=30), min_size=3))
def test_a_file_has_one_line_per_line_of_its_template_or_none_at_all(values: dict[str, str]) -> None:
    made_of = template(own="a=%ITCS_A%|b=%ITCS_B%%ITCS_C%|c=1")
    try:
        lines = rendered(made_of, {}, values)
    except ConfigError:
        return
    assert [line.partition("=")[0] for line in "\n".join(lines).splitlines()] == [f"include {INCLUDE}", "a", "b", "c"]


def test_the_same_input_gives_the_same_bytes() -> None:
    made_of = template(shared="a=%ITCS_A%", own="b=ü")
    assert rendered(made_of, {"A": "1"}, {}) == rendered(made_of, {"A": "1"}, {})


def test_a_rendered_line_knows_where_its_values_come_from() -> None:
    (line,) = everybodys(template(shared="a=%ITCS_A%"), {"A": "1"})
    assert [(value.name, value.family) for value in line.values] == [("A", Family.SYSTEM)]


def test_a_rendered_line_knows_its_template_and_number() -> None:
    (line,) = everybodys(template(shared="a=1"), {})
    assert (line.source, line.number, line.key) == ("420HD.xml", 1, "a")


def test_phones_that_know_no_includes_get_every_shared_line() -> None:
    made_of = template(shared="vlan=%ITCS_VLANID%|lang=%ITCS_Language%", own="a=1")
    values = {"VLANID": "1", "Language": "English"}
    assert rendered(made_of, values, {"VLANID": "7"}, include="") == ["vlan=7", "lang=English", "a=1"]
