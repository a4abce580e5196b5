from __future__ import annotations

from pathlib import Path

import pytest

from daemon.fleet.acts import ResyncAsked
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.command_line import run, run_beside, serving
from tests.support.operators_desk import DeskWithFleet


@pytest.mark.parametrize(("words", "reboot"), [((), False), (("--reboot",), True)])
async def test_a_phone_is_asked_and_where_is_said(
    words: tuple[str, ...], reboot: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = DeskWithFleet(record(contact="sip:2041@10.1.2.7"))
    async with serving(desk, tmp_path) as config:
        assert await run_beside("resync", "00:90:8F:48:67:AF", *words, "--config", config) == 0

    asked = [event for event in desk.heard if isinstance(event, ResyncAsked)]
    assert [(event.mac, event.reboot) for event in asked] == [(MAC, reboot)]
    told = capsys.readouterr().out.replace("\n", " ")
    assert f"{MAC} is being asked at sip:2041@10.1.2.7 to {'restart' if reboot else 'fetch'}" in told


async def test_a_phone_that_cannot_be_asked_is_a_failure_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = DeskWithFleet(record())
    async with serving(desk, tmp_path) as config:
        assert await run_beside("resync", str(MAC), "--config", config) == 1
        assert await run_beside("resync", str(OTHER_MAC), "--config", config) == 1
        assert await run_beside("resync", "../x", "--config", config) == 1

    said = capsys.readouterr().err.replace("\n", " ")
    assert "cannot be reached by SIP" in said
    assert f"there is no device {OTHER_MAC}" in said


def test_a_phone_has_to_be_named() -> None:
    assert run("resync") == 2
