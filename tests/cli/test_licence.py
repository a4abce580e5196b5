from __future__ import annotations

from pathlib import Path

import pytest

from daemon.cli.licence import SHOWN
from daemon.fleet.acts import SettingsChanged
from daemon.fleet.model import Mac
from tests.support.builders import record, settings
from tests.support.command_line import run_beside, serving
from tests.support.operators_desk import DeskWithFleet


async def _says(desk: DeskWithFleet, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    async with serving(desk, folder) as config:
        assert await run_beside("licence", "--config", config) == 0
    return capsys.readouterr().out.splitlines()


async def test_the_licence_is_shown_with_the_devices_it_does_not_cover(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    phones = [record(Mac(f"00908f{n:06x}"), number="") for n in range(SHOWN + 3)]
    desk = DeskWithFleet(*phones)
    terms = {"devices": 1, "starts": "2026-01-01", "expires": "2027-01-10"}
    desk.deliver(SettingsChanged(settings(licence=terms)))
    desk.fleet.expire(desk.clock.now())
    said = await _says(desk, tmp_path, capsys)
    assert [line.split(maxsplit=1)[0] for line in said[:5]] == ["Status", "Expiration", "Days", "Devices", "Blocked"]
    assert said[1].endswith("2027-01-10")
    assert said[2].endswith("-5")
    assert said[3].endswith("23 of 1")
    assert said[4].endswith("22")
    assert said[5] == "  00908f000001  blocked: the licence is for 1 devices"
    assert said[-1] == "  and 2 more"


async def test_without_terms_it_is_unlimited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = await _says(DeskWithFleet(), tmp_path, capsys)
    assert [line.split()[-1] for line in said] == ["enabled", "unlimited", "unlimited", "unlimited", "0"]
