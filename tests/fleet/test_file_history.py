"""What phones were given: versions that differ, and no more than so many."""

from __future__ import annotations

from dataclasses import replace

from daemon.config.settings import Provisioning
from daemon.fleet.events import FileMade
from daemon.fleet.file_history import FileHistory
from daemon.fleet.records import FileVersion
from daemon.fleet.store_commands import DropFileVersion, SaveFileVersion
from tests.support.builders import MAC, NOW

FIRST = FileMade(MAC, "d1", "420HD", "sealed bytes")


def test_a_file_that_reads_otherwise_is_a_version_and_the_same_is_none() -> None:
    history = FileHistory((), Provisioning())
    kept = history.add(FIRST, NOW)
    assert kept[0] == SaveFileVersion(FileVersion(MAC, 1, "d1", NOW, "420HD", "sealed bytes"))
    assert history.add(FIRST, NOW + 1) == []
    history.add(replace(FIRST, digest="d2"), NOW + 2)
    history.add(FIRST, NOW + 3)
    newest = history.newest(MAC)
    assert newest == FileVersion(MAC, 3, "d1", NOW + 3, "420HD")


def test_very_old_versions_go_and_all_of_them_with_the_device() -> None:
    history = FileHistory([FileVersion(MAC, 4, "d4", NOW, "420HD")], Provisioning(file_versions_kept=2))
    assert DropFileVersion(f"{MAC}@3") in history.add(FIRST, NOW)
    assert history.forget(MAC) == [DropFileVersion(f"{MAC}@4"), DropFileVersion(f"{MAC}@5")]
    assert history.forget(MAC) == []
