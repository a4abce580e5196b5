from __future__ import annotations

from pathlib import Path

from daemon.config.block import Block
from daemon.config.files import MOST_SECRET_BYTES, read_text, resolve_files
from daemon.config.positions import Key, Table, read_yaml
from daemon.config.settings import Settings
from daemon.config.snmp_settings import Snmp
from daemon.errors import Fault


def resolve(text: str, block: type[Block], folder: Path | None) -> tuple[Table, list[str]]:
    reports: list[str] = []

    def report(where: tuple[Key, ...], wrong: str, hint: str) -> None:
        reports.append(f"{where} {wrong}")

    table = read_yaml(text, "a.yml", [])
    resolve_files(table, block, folder, report)
    return table, reports


def test_paths_become_absolute_and_absolute_ones_stay(tmp_path: Path) -> None:
    table, reports = resolve("state_dir: state\ninventory: /etc/inventory.yml\n", Settings, tmp_path)
    assert table == {"state_dir": str(tmp_path / "state"), "inventory": "/etc/inventory.yml"}
    assert reports == []


def test_a_secret_takes_the_place_of_its_twin(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("hush\n")
    table, reports = resolve("managers: [{host: a, community_file: c}]", Snmp, tmp_path)
    assert table["managers"] == [{"host": "a", "community": "hush"}]
    assert reports == []


def test_an_empty_or_endless_secret_is_reported(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("\n")
    (tmp_path / "d").write_text("x" * (MOST_SECRET_BYTES + 1))
    _, reports = resolve("managers: [{community_file: c}, {community_file: d}]", Snmp, tmp_path)
    assert [report.rpartition(") ")[2] for report in reports] == [
        "c does not hold one line of text",
        "d does not hold one line of text",
    ]


def test_without_a_folder_no_file_is_read(tmp_path: Path) -> None:
    _, [report] = resolve("managers: [{community_file: /etc/passwd}]", Snmp, None)
    assert "files are read only" in report


def test_a_block_whose_keys_are_all_commented_out_counts_as_not_written(tmp_path: Path) -> None:
    assert resolve("sip:\nhttp: {phones: }\n", Settings, tmp_path)[0] == {"http": {}}


def test_an_unreadable_text_is_a_fault(tmp_path: Path) -> None:
    faults: list[Fault] = []
    assert read_text(tmp_path / "none", faults) == ""
    assert [fault.line for fault in faults] == [1]
