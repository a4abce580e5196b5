from __future__ import annotations

from pathlib import Path

import pytest

from daemon.fleet.acts import DeviceArmed, TokenIssued
from daemon.provisioning.tokens import token_hash
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.command_line import run, run_beside, serving
from tests.support.operators_desk import DeskWithFleet


async def test_a_token_goes_to_stdout_in_its_url_and_nothing_else_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = DeskWithFleet(record())
    async with serving(desk, tmp_path) as config:
        assert await run_beside("token", "00:90:8F:48:67:AF", "--expires-in", "2d", "--config", config) == 0

    told = capsys.readouterr()
    token = told.out.split("/")[2]
    assert told.out == f"/t/{token}/configfiles/{MAC}.cfg\n"
    assert f"one fetch by {MAC}" in told.err.replace("\n", " ")
    (event,) = [event for event in desk.heard if isinstance(event, TokenIssued)]
    assert (event.token_hash, event.lifetime) == (token_hash(token), 2 * 86400.0)


async def test_a_phone_is_armed_and_until_when_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = DeskWithFleet(record())
    async with serving(desk, tmp_path) as config:
        assert await run_beside("arm", str(MAC), "--config", config) == 0
        assert await run_beside("arm", str(OTHER_MAC), "--config", config) == 1
        assert await run_beside("token", str(MAC), "--expires-in", "soon", "--config", config) == 1

    told = capsys.readouterr()
    assert f"{MAC} may fetch its complete file until 20" in told.out.replace("\n", " ")
    assert f"there is no device {OTHER_MAC}" in told.err.replace("\n", " ")
    assert any(isinstance(event, DeviceArmed) for event in desk.heard)


def test_a_phone_has_to_be_named() -> None:
    assert run("token") == run("arm") == 2
