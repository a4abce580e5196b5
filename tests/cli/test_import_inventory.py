from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.builders import OTHER_MAC, record
from tests.support.command_line import run, run_beside, serving, write_config
from tests.support.operators_desk import DeskWithFleet

GOOD = f"devices: [{{mac: {OTHER_MAC}, model: 450HD, tenant: acme, number: '2042'}}]\n"


async def test_an_inventory_is_brought_into_the_running_daemon(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk, file = DeskWithFleet(record()), tmp_path / "inventory.yml"
    file.write_text(GOOD)
    async with serving(desk, tmp_path) as config:
        assert await run_beside("import", str(file), "--dry-run", "--config", config) == 0
        assert desk.fleet.device(OTHER_MAC) is None
        assert await run_beside("import", str(file), "--config", config) == 0

    assert desk.fleet.device(OTHER_MAC) is not None
    assert capsys.readouterr().out.splitlines() == [
        "would apply: 1 devices (1 of the devices are new)",
        "applied: 1 devices (1 of the devices are new)",
    ]


async def test_every_fault_is_printed_with_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk, file = DeskWithFleet(record()), tmp_path / "inventory.yml"
    file.write_text("devices:\n  - {mac: nonsense}\n  - {mac: 00908f000009, colour: red}\n")
    async with serving(desk, tmp_path) as config:
        assert await run_beside("import", str(file), "--config", config) == 1

    said = capsys.readouterr()
    assert f"{file}:2 " in said.err
    assert f"{file}:3 " in said.err
    assert "nothing was applied" in said.err
    assert said.out == ""


async def test_what_the_fleet_refuses_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk, file = DeskWithFleet(record()), tmp_path / "inventory.yml"
    file.write_text(GOOD.replace("acme", "nobody"))
    async with serving(desk, tmp_path) as config:
        assert await run_beside("import", str(file), "--config", config) == 1

    assert "there is no tenant nobody" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("import", str(tmp_path / "none.yml"), "--config", str(write_config(tmp_path))) == 1
    assert "No such file" in capsys.readouterr().err


async def test_a_table_is_brought_in_whole_or_in_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk, file = DeskWithFleet(record()), tmp_path / "users.csv"
    file.write_text(f"MAC,Brand,Number\n{OTHER_MAC},x,2042\nnonsense,x,2043\n")
    async with serving(desk, tmp_path) as config:
        assert await run_beside("import", str(file), "--tenant", "acme", "--config", config) == 1
        assert desk.fleet.device(OTHER_MAC) is None
        assert await run_beside("import", str(file), "--tenant", "acme", "--partial", "--config", config) == 0

    device = desk.fleet.device(OTHER_MAC)
    assert device is not None
    assert (device.record.tenant, device.number) == ("acme", "2042")
    said = capsys.readouterr()
    assert f"{file}:3 MAC: 'nonsense' is not a MAC address" in said.err
    assert f"warning: {file}:1 Brand: is not used" in said.err
    assert "1 fault; nothing was applied" in said.err
    assert said.out == "applied: 1 devices (1 of the devices are new)\n"
