from __future__ import annotations

from pathlib import Path

import pytest

from daemon.fleet.events import UnknownPhoneHeard
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.command_line import run, run_beside, serving
from tests.support.operators_desk import DeskWithFleet


def _desk() -> DeskWithFleet:
    desk = DeskWithFleet(record())
    desk.deliver(UnknownPhoneHeard(OTHER_MAC, "acme", "450HD", "10.1.2.9"))
    return desk


@pytest.mark.parametrize(
    "words", [(OTHER_MAC.upper(), "--site", "hq", "--user", "alice"), ("--model", "450HD", "--source", "10.1.2.9")]
)
async def test_phones_are_named_or_chosen(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = _desk()
    async with serving(desk, tmp_path) as config:
        assert await run_beside("approve", *words, "--tenant", "acme", "--config", config) == 0

    assert desk.fleet.statistics().unapproved == 0
    assert capsys.readouterr().out == f"{OTHER_MAC}\n1 phone approved; each restarts when it next reports\n"


async def test_nobody_waits_who_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = _desk()
    async with serving(desk, tmp_path) as config:
        assert await run_beside("approve", "--model", "420HD", "--tenant", "acme", "--config", config) == 0
    assert "no phone waits that fits" in capsys.readouterr().out


async def test_one_that_does_not_wait_keeps_all_from_being_approved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = _desk()
    async with serving(desk, tmp_path) as config:
        assert await run_beside("approve", OTHER_MAC, MAC, "--tenant", "acme", "--config", config) == 1
    assert desk.fleet.statistics().unapproved == 1
    assert f"device {MAC} is approved already" in capsys.readouterr().err


@pytest.mark.parametrize("words", [(), (OTHER_MAC, "--model", "420HD")])
def test_which_phones_has_to_be_said_in_one_way(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("approve", *words, "--tenant", "acme") == 2
    assert "say which phones" in capsys.readouterr().err
    assert run("approve", OTHER_MAC) == 2
