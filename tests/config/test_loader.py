from __future__ import annotations

import math
from pathlib import Path

import pytest

from daemon.config.loader import drop_ins, load_settings
from daemon.config.settings import Settings
from daemon.errors import ConfigError

DATA = Path(__file__).parents[1] / "data" / "config"
BROKEN = sorted([*DATA.glob("bad-*.yml"), DATA / "bad-drop-ins" / "ringkeeper.yml"])


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: str(path.relative_to(DATA)))
def test_a_broken_file_is_told_all_its_faults(path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert str(caught.value).replace(f"{path.parent}/", "") + "\n" == path.with_suffix(".expected").read_text()


def write(folder: Path, text: str, name: str = "ringkeeper.yml") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text", ["", "# only a comment\n", "---\n", "sip:\n  # domain: x\n", "\ufefflog: {level: info}\n"]
)
def test_a_file_that_says_nothing_means_the_defaults(tmp_path: Path, text: str) -> None:
    assert load_settings(write(tmp_path, text)) == Settings()


def test_a_missing_file_is_a_fault_of_its_first_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "none.yml")
    [fault] = caught.value.faults
    assert (fault.file, fault.line, fault.key) == (str(tmp_path / "none.yml"), 1, "file")
    assert fault.wrong == "cannot be read: No such file or directory"


def test_a_folder_in_place_of_a_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_settings(tmp_path)


def test_later_files_win_and_blocks_are_merged() -> None:
    path = DATA / "drop-ins" / "ringkeeper.yml"
    settings = load_settings(path)
    assert [file.name for file in drop_ins(path)] == ["10-site.yml", "20-night.yml"]
    assert settings.log.level == "debug"
    assert (settings.qualify.interval, settings.qualify.misses) == (30.0, 4)
    assert [manager.host for manager in settings.snmp.managers] == ["192.0.2.12"]


def test_values_are_read_as_the_settings_want_them(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "qualify: {interval: 1h30m, unknown_interval: never, misses: 5, lagged_leave_ratio: 0.5, accept: [2xx, 404]}\n"
        "sip: {user_agent: 0041, listen: [udp://127.0.0.1:0]}\n"
        "provisioning: {placeholders: {Language: no, Pin: 0123}}\n",
    )
    settings = load_settings(path)
    assert settings.qualify.interval == 5400.0
    assert settings.qualify.unknown_interval == math.inf
    assert settings.qualify.accept == ("2xx", "404")
    assert settings.sip.user_agent == "0041"
    assert str(settings.sip.listen[0]) == "udp://127.0.0.1:0"
    assert settings.provisioning.placeholders == {"Language": "no", "Pin": "0123"}


def test_file_names_are_relative_to_the_main_file(tmp_path: Path) -> None:
    path = write(tmp_path, "state_dir: state\ninventory: inv.yml\nprovisioning: {templates: /srv/templates}\n")
    write(tmp_path, "provisioning: {firmware: ../firmware}\n", "conf.d/1.yml")
    settings = load_settings(path)
    assert settings.state_dir == tmp_path / "state"
    assert settings.inventory == tmp_path / "inv.yml"
    assert settings.provisioning.templates == Path("/srv/templates")
    assert settings.provisioning.firmware == tmp_path / "../firmware"


@pytest.mark.parametrize("held", ["hush", "hush\n", "hush\r\n"])
def test_a_secret_may_stand_in_a_file(tmp_path: Path, held: str) -> None:
    write(tmp_path, held, "community")
    path = write(tmp_path, "snmp: {managers: [{host: 192.0.2.10, community_file: community}]}\n")
    assert load_settings(path).snmp.managers[0].community.get_secret_value() == "hush"


def test_a_secret_never_stands_in_a_fault(tmp_path: Path) -> None:
    path = write(tmp_path, "snmp: {managers: [{host: 192.0.2.10, community: hush, port: x}]}\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert "hush" not in str(caught.value)


def test_anchors_aliases_and_merge_keys_are_understood(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "http:\n  phones: &slow {idle_timeout: 10s, request_timeout: 20s}\n"
        "  operators: {<<: *slow, request_timeout: 30s}\n",
    )
    operators = load_settings(path).http.operators
    assert (operators.idle_timeout, operators.request_timeout) == (10.0, 30.0)
