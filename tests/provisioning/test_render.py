"""Files for phones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import ConfigError
from daemon.provisioning.placeholders import Family, Layer, Lookup
from daemon.provisioning.render import (
    RenderedLine,
    device_lines,
    dhcpoption160,
    global_name,
    model_of_global,
    shared_lines,
    to_bytes,
)
from daemon.provisioning.templates import Line, Template

INCLUDE = "http://x/ipp/tenant/acme/Audiocodes_420HD_global_GENERIC_empty.cfg"


def template(shared: str = "", own: str = "") -> Template:
    def lines(text: str) -> tuple[Line, ...]:
        return tuple(Line(number, line) for number, line in enumerate(text.split("|"), start=1) if line)

    return Template("420HD.xml", "t", "", lines(shared), lines(own), ())


def rendered(made_of: Template, shared: dict[str, str], device: dict[str, str], *, complete: bool = True) -> list[str]:
    system = Layer(Family.SYSTEM, shared)
    lines = device_lines(
        made_of,
        Lookup([Layer(Family.DEVICE, device), system]),
        Lookup([system]),
        include=INCLUDE,
        device="00908f4867af",
        complete=complete,
    )
    return [line.text for line in lines]


def texts(lines: list[RenderedLine]) -> list[str]:
    return [line.text for line in lines]


def test_the_devices_file_begins_with_the_include_of_the_global_one() -> None:
    made_of = template(own="include Audiocodes_420HD_global_GENERIC_empty.cfg|a=%ITCS_mac%")
    assert rendered(made_of, {}, {"mac": "00908f4867af"}) == [f"include {INCLUDE}", "a=00908f4867af"]


def test_another_include_of_the_template_stays() -> None:
    assert rendered(template(own="include ring_tones.cfg"), {}, {})[1:] == ["include ring_tones.cfg"]


def test_the_device_repeats_only_the_shared_lines_that_read_otherwise_for_it() -> None:
    made_of = template(shared="vlan=%ITCS_VLANID%|lang=%ITCS_Language%")
    values = {"VLANID": "1", "Language": "English"}
    assert texts(shared_lines(made_of, Lookup([Layer(Family.SYSTEM, values)]))) == ["vlan=1", "lang=English"]
    assert rendered(made_of, values, {"VLANID": "7"})[1:] == ["vlan=7"]


def test_shared_lines_that_need_a_device_or_a_secret_move_to_the_devices_file() -> None:
    made_of = template(shared="a=%ITCS_mac%|system/password=1234|b=%ITCS_LDAPPassword%|c=1")
    values = {"LDAPPassword": "rosebud"}
    assert texts(shared_lines(made_of, Lookup([Layer(Family.SYSTEM, values)]))) == ["c=1"]
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
    everybodys = to_bytes(shared_lines(made_of, Lookup([Layer(Family.SYSTEM, shared)]))).decode()
    stripped = "\n".join(rendered(made_of, shared, device, complete=False))
    for secret in (one, other):
        assert secret not in everybodys
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
    body = to_bytes([RenderedLine(line, (), secret=False) for line in lines]).decode()
    assert [line.partition("=")[0] for line in body.splitlines()] == [f"include {INCLUDE}", "a", "b", "c"]


def test_the_same_input_gives_the_same_bytes() -> None:
    made_of = template(shared="a=%ITCS_A%", own="b=ü")
    assert rendered(made_of, {"A": "1"}, {}) == rendered(made_of, {"A": "1"}, {})
    assert to_bytes([RenderedLine("b=ü", (), secret=False)]) == b"b=\xc3\xbc\n"


def test_a_rendered_line_knows_where_its_values_come_from() -> None:
    system = Layer(Family.SYSTEM, {"A": "1"})
    line = shared_lines(template(shared="a=%ITCS_A%"), Lookup([system]))[0]
    assert [(value.name, value.family) for value in line.values] == [("A", Family.SYSTEM)]


def test_a_global_files_name_leads_back_to_its_model() -> None:
    assert global_name("420HD") == "Audiocodes_420HD_global_GENERIC_empty.cfg"
    assert model_of_global(global_name("420HD")) == "420HD"
    assert model_of_global("audiocodes_420hd_GLOBAL_generic_EMPTY.cfg") == "420HD"
    assert model_of_global("00908f4867af.cfg") == ""
    assert model_of_global("Audiocodes_../x_global_GENERIC_empty.cfg") == ""


def test_dhcpoption160_has_its_seven_lines_and_no_secret() -> None:
    assert dhcpoption160("http://192.0.2.1:8081/", "configfiles/", 60).decode().splitlines() == [
        "ems_server/keep_alive_period=60",
        "ems_server/provisioning/url=http://192.0.2.1:8081/",
        "provisioning/method=STATIC",
        "provisioning/configuration/url=http://192.0.2.1:8081/configfiles/",
        "provisioning/firmware/url=http://192.0.2.1:8081/firmwarefiles/",
        "ems_server/user_name=system",
        "ems_server/user_password=",
    ]


def test_dhcpoption160_with_a_url_too_long_is_a_fault() -> None:
    with pytest.raises(ConfigError, match="128"):
        dhcpoption160("http://192.0.2.1/", f"ipp/tenant/{'x' * 120}/", 60)
