from __future__ import annotations

from pathlib import Path

from daemon.config.check import check

ROOT = Path(__file__).parents[2]


def test_the_shipped_configuration_and_inventory_have_no_fault() -> None:
    assert check(ROOT / "etc" / "ringkeeper.yml") == []


def test_faults_of_the_configuration_are_found(tmp_path: Path) -> None:
    path = tmp_path / "ringkeeper.yml"
    path.write_text("log: {level: loud}\nfoo: 1\n")
    assert [fault.line for fault in check(path)] == [1, 2]


def test_faults_of_the_inventory_are_found(tmp_path: Path) -> None:
    path = tmp_path / "ringkeeper.yml"
    path.write_text("inventory: fleet.yml\n")
    assert [fault.wrong for fault in check(path)] == ["cannot be read: No such file or directory"]
    (tmp_path / "fleet.yml").write_text("devices: [{mac: 1}]")
    assert [(fault.file, fault.key) for fault in check(path)] == [(str(tmp_path / "fleet.yml"), "devices[0].mac")]
