"""Folders and files beside the database."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from daemon.errors import ConfigError, StoreUnavailable
from daemon.provisioning.sealing import Sealer
from daemon.provisioning.templates.shelf import MAX_BYTES, load_templates
from daemon.store import files
from daemon.store.files import load_or_create_key, read_shipped_templates, read_templates


def test_the_shipped_templates_are_all_good() -> None:
    templates = load_templates(read_shipped_templates(), {})
    assert (generic := templates.named("generic"))
    assert generic.name == "shipped/generic.xml"


def test_operators_templates_are_read_by_model_and_by_tenant_and_model(tmp_path: Path) -> None:
    (tmp_path / "acme" / "deeper").mkdir(parents=True)
    for name in ("420HD.xml", "acme/405.xml", "acme/deeper/x.xml", "notes.txt"):
        (tmp_path / name).write_bytes(name.encode())
    assert read_templates(tmp_path) == {"420HD.xml": b"420HD.xml", "acme/405.xml": b"acme/405.xml"}


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert read_templates(tmp_path / "none") == {}


def test_of_a_huge_template_no_more_is_read_than_shows_its_size(tmp_path: Path) -> None:
    (tmp_path / "big.xml").write_bytes(b" " * (MAX_BYTES * 2))
    assert len(read_templates(tmp_path)["big.xml"]) == MAX_BYTES + 1


def test_a_folder_with_too_many_templates_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_TEMPLATES", 2)
    for number in range(3):
        (tmp_path / f"{number}.xml").touch()
    with pytest.raises(ConfigError, match="more than 2 files"):
        read_templates(tmp_path)


def test_the_key_is_made_once_for_our_eyes_only(tmp_path: Path) -> None:
    path = tmp_path / "state" / "key"
    key = load_or_create_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create_key(path) == key
    assert Sealer(key).open(Sealer(key).seal("rosebud")) == "rosebud"
    assert [entry.name for entry in path.parent.iterdir()] == ["key"]


def test_the_half_written_key_of_a_crashed_start_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / f".key.{os.getpid()}").write_bytes(b"half")
    assert len(load_or_create_key(tmp_path / "key")) == 44


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_can_read_is_refused_with_the_remedy(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "key"
    load_or_create_key(path)
    path.chmod(mode)
    with pytest.raises(ConfigError, match=f"mode {mode:04o}.*chmod 600 {path}"):
        load_or_create_key(path)


@pytest.mark.parametrize("content", [b"", b"short", b"!" * 44, b"A" * 2000])
def test_a_corrupt_key_is_refused_and_never_replaced(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=r"holds no key \(put it back from a backup"):
        load_or_create_key(path)
    assert path.read_bytes() == content


def test_a_link_or_folder_in_place_of_the_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreUnavailable, match="link cannot be used"):
        load_or_create_key(tmp_path / "link")
    with pytest.raises((ConfigError, StoreUnavailable)):
        load_or_create_key(tmp_path)
    assert not (tmp_path / "elsewhere").exists()
