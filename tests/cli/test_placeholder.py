from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.command_line import run_beside, serving
from tests.support.operators_desk import DeskWithFleet


async def test_values_are_set_listed_copied_and_unset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = DeskWithFleet(record(), record(OTHER_MAC, number="2042"))
    scope = f"device/{MAC}"
    async with serving(desk, tmp_path) as config:
        for words in (
            ("set", scope, "VLANID=7", "LDAPNameFilter=(cn=%)"),
            ("set", "system", "Language=German"),
            ("copy", str(MAC), str(OTHER_MAC), "--only", "VLANID"),
            ("list", scope),
            ("list", "--device", str(OTHER_MAC)),
            ("unset", scope, "VLANID"),
        ):
            assert await run_beside("placeholder", *words, "--config", config) == 0, words
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["LDAPNameFilter\t(cn=%)", "VLANID\t7"]
    assert "VLANID\t7\tdevice\tthe VLAN, if Manual" in said
    assert "Language\tGerman\tsystem\tthe language of the display" in said
    assert "KeepAlivePeriod\t(keep_alive.period)\tdefault\tminutes between two reports" in said
    device = desk.fleet.device(MAC)
    assert device is not None
    assert device.record.placeholders == {"LDAPNameFilter": "(cn=%)"}


async def test_what_will_not_do_is_a_failure_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = DeskWithFleet()
    async with serving(desk, tmp_path) as config:
        assert await run_beside("placeholder", "set", "system", "SRTP=yes", "--config", config) == 1
        assert await run_beside("placeholder", "set", "system", "SRTP", "--config", config) == 1
    said = capsys.readouterr().err
    assert "SRTP: is not a whole number from 0 to 1" in said
    assert "SRTP: write NAME=VALUE" in said
    assert desk.heard == []
