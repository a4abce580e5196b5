"""Whether a template would work."""

from __future__ import annotations

import pytest

from daemon.provisioning.templates.check import MASK, check_lines, check_template, covered, holds_secrets, masked
from daemon.provisioning.templates.plain_form import parse_text, write_text
from daemon.provisioning.templates.template import Line


def checked(shared: str = "a=1", own: str = "b=2", **options: bool) -> tuple[list[str], list[str]]:
    text = f"[global]\n@name=all.cfg\n{shared}\n[device]\n{own}\n"
    found = check_template(parse_text("420HD", text), {"Mine"}, **options)
    return [str(fault) for fault in found.faults], [str(fault) for fault in found.warnings]


def test_a_placeholder_that_nobody_defined_is_named_with_its_line_and_a_guess() -> None:
    faults, _ = checked("a=%ITCS_Mine%\nb=%ITCS_Langauge%%ITCS_P_mac%", "c=%ITCS_Nobodys%")
    hint = "define it first, or say allow_undefined"
    assert faults == [
        f"420HD:4 %ITCS_Langauge%: nobody defined this placeholder (did you mean %ITCS_Language%? else {hint})",
        f"420HD:6 %ITCS_Nobodys%: nobody defined this placeholder ({hint})",
    ]


def test_who_insists_gets_a_warning_instead() -> None:
    faults, warnings = checked("a=%ITCS_Nobodys%", allow_undefined=True)
    assert faults == []
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("shared", "own"),
    [
        ("include all.cfg", "b=2"),
        ("include http://%ITCS_ServerAddress%/configfiles/ALL.CFG", "b=2"),
        ("include %ITCS_mac%.cfg", "b=2"),
        ("a=1", "include x/%ITCS_mac%.cfg"),
    ],
)
def test_a_file_that_includes_itself_is_refused(shared: str, own: str) -> None:
    faults, _ = checked(shared, own)
    assert "includes itself by a circle" in faults[0]


def test_the_devices_file_may_include_the_global_one() -> None:
    assert checked(own="include all.cfg\ninclude tones.cfg") == ([], [])


def test_a_marker_stands_once() -> None:
    faults, _ = checked("zzz1_tenant_cfg", "zzz1_tenant_cfg")
    assert "zzz1_tenant_cfg: stands here twice" in faults[0]


def test_a_value_that_the_phones_do_not_take_is_a_warning() -> None:
    faults, warnings = checked("ems_server/keep_alive_period=301\nunknown/key=anything")
    assert faults == []
    assert warnings == [
        "420HD:3 ems_server/keep_alive_period: is not a whole number from 0 to 300 (the phone would not take it)"
    ]


def test_secrets_are_masked_and_a_mask_does_not_come_back_as_a_secret() -> None:
    text = "[global]\nsystem/password=1234\nsystem/ldap/password=%ITCS_LDAPPassword%\n[device]\na=1\n"
    template = parse_text("420HD", text)
    assert holds_secrets(template)
    covered_text = write_text(masked(template))
    assert f"system/password={MASK}" in covered_text
    assert "%ITCS_LDAPPassword%" in covered_text
    assert "1234" not in covered_text
    [fault] = check_template(parse_text("420HD", covered_text)).faults
    assert fault.wrong == "stands masked in place of a secret"
    assert not holds_secrets(parse_text("x", "[global]\n[device]\n; password=1\na=1\n"))


def test_lines_outside_of_templates_are_checked_alike() -> None:
    assert covered(Line(1, "x/password=a")).text == f"x/password={MASK}"
    assert [fault.line for fault in check_lines("f", [Line(3, "a=%ITCS_Nobodys%"), Line(4, "a=%ITCS_mac%")])] == [3]
