from __future__ import annotations

from pathlib import Path

import pytest

from daemon.cli.firmware import table
from tests.support.builders import OTHER_MAC, record
from tests.support.command_line import run_beside, serving
from tests.support.operators_desk import DeskWithFleet

IMAGE = b"AUDC\0 420HD \0 2.2.16.123 \0" + bytes(1000)


async def test_an_image_is_put_listed_described_and_deleted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = DeskWithFleet(record(), record(OTHER_MAC, model="440HD", number="2042"))
    desk.contents.folder = tmp_path
    image = tmp_path / "new-420HD.bin"
    image.write_bytes(IMAGE)
    async with serving(desk, tmp_path) as config:
        put = ("firmware", "put", str(image), "--name")
        assert await run_beside(*put, "420HD.img", "--group", "beta", "--config", config) == 0
        assert await run_beside(*put, "440HD.img", "--config", config) == 1
        assert await run_beside("firmware", "list", "--config", config) == 0
        assert await run_beside("firmware", "list", "--models", "--config", config) == 0
        assert await run_beside("firmware", "describe", "420HD.img", "--description", "tried", "--config", config) == 0
        assert await run_beside("firmware", "delete", "420HD.img", "--config", config) == 0
        assert await run_beside("firmware", "delete", "420HD.img", "--config", config) == 1
    said = capsys.readouterr()
    for text in ("420HD.img: 1026 bytes (420HD 2.2.16.123)", "beta", "none: put one here", "description: tried"):
        assert text in said.out
    assert "made for 420HD" in said.err
    assert not desk.fleet.files


async def test_a_file_that_cannot_be_read_is_said_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(DeskWithFleet(), tmp_path) as config:
        assert await run_beside("firmware", "put", str(tmp_path / "gone.img"), "--config", config) == 1
    assert "No such file" in capsys.readouterr().err


def test_what_is_not_known_is_left_blank() -> None:
    assert table(("name", "size"), [{"name": "a", "size": None}]).row_count == 1
