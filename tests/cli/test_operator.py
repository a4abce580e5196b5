from __future__ import annotations

from pathlib import Path

import pytest

from daemon.fleet.records import Role
from tests.support.command_line import run, run_beside, serving, write_config
from tests.support.operators_desk import DeskWithFleet


async def test_a_token_is_printed_alone_on_stdout_and_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = DeskWithFleet()
    async with serving(desk, tmp_path) as config:
        assert await run_beside("operator", "add", "ada", "--role", "operator", "--config", config) == 0
    token = capsys.readouterr().out.strip()

    assert desk.fleet.operators["ada"].role is Role.OPERATOR
    async with desk.script(token) as client:
        assert (await client.get("/api/v1/summary")).status_code == 200


async def test_a_removed_operator_is_gone_and_one_who_is_not_there_is_a_failure(tmp_path: Path) -> None:
    desk = DeskWithFleet()
    async with serving(desk, tmp_path) as config:
        assert await run_beside("operator", "add", "ada", "--role", "operator", "--config", config) == 0
        assert await run_beside("operator", "remove", "ada", "--config", config) == 0
        assert await run_beside("operator", "remove", "ada", "--config", config) == 1
    assert "ada" not in desk.fleet.operators


async def test_operators_are_listed_without_tokens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(DeskWithFleet(), tmp_path) as config:
        assert await run_beside("operator", "list", "--config", config) == 0

    assert [line.split("\t")[1] for line in capsys.readouterr().out.splitlines()] == sorted(Role)


@pytest.mark.parametrize("words", [("ada",), ("ada", "--role", "king"), ("--role", "monitor")])
def test_a_name_and_a_role_are_needed(words: tuple[str, ...], tmp_path: Path) -> None:
    assert run("operator", "add", *words, "--config", str(write_config(tmp_path))) == 2
