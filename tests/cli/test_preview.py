from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.builders import MAC, record
from tests.support.command_line import run_beside, serving
from tests.support.operators_desk import DeskWithFleet

LAYOUT = (
    "<ipphonetamplate><file_config><type>global_file</type><data>personal_settings/language=%ITCS_{}%</data>"
    "</file_config><file_config><type>file</type><data>a/b=1</data></file_config></ipphonetamplate>"
)


async def test_an_edit_and_a_phone_are_looked_at_before_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk, file = DeskWithFleet(record()), tmp_path / "edit"
    async with serving(desk, tmp_path) as config:
        file.write_text("placeholders: {'': {Language: French}}")
        assert await run_beside("preview", "edit", str(file), "--config", config) == 0
        file.write_text(LAYOUT.format("Nonsense"))
        assert await run_beside("preview", "template", "420HD", str(file), "--config", config) == 1
        url = "http://prov.example.net/firmwarefiles;ipp/tenant/acme"
        assert await run_beside("preview", "phone", url, "420HD", "--config", config) == 0
        assert await run_beside("preview", "phone", "nonsense", "420HD", "--config", config) == 1
    said = capsys.readouterr()
    assert f"{MAC}: reboot\n  personal_settings/language: English -> French (reboot)" in said.out
    assert "1 of 1 phones would change: 1 reboot." in said.err
    assert "%ITCS_Nonsense%: has no value" in said.out
    assert "firmware: http://prov.example.net/firmwarefiles/420HD.img\n" in said.err
    assert "acme (tenant in the URL), template shipped/420HD.xml" in said.err
    assert desk.heard == []


async def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk, file = DeskWithFleet(), tmp_path / "edit.yml"
    file.write_text("a: [")
    async with serving(desk, tmp_path) as config:
        assert await run_beside("preview", "edit", str(file), "--config", config) == 1
        assert await run_beside("preview", "edit", str(tmp_path / "none"), "--config", config) == 1
    said = capsys.readouterr().err
    assert "edit.yml: while parsing" in said
    assert "No such file" in said
