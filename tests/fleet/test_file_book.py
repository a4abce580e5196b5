from __future__ import annotations

import pytest

from daemon.config.file_settings import Files
from daemon.fleet.acts import FileEdited
from daemon.fleet.commands import Decided
from daemon.fleet.file_book import FileBook, fit_name
from daemon.fleet.store_commands import DropStoredFile, SaveStoredFile
from tests.support.stored_files import stored


@pytest.mark.parametrize("name", ["420HD.img", "HRS_1.2.dfu", "a", "x" * 128, "3111-44500-001.sip.ld"])
def test_usual_names_fit(name: str) -> None:
    assert fit_name(name)


@pytest.mark.parametrize("name", ["", ".hidden", "..", "a/b", "a\\b", "a b", "x" * 129, "ä.img", "a\n", "a%2f", "-rf"])
def test_names_that_lead_elsewhere_do_not(name: str) -> None:
    assert not fit_name(name)
    assert FileBook((), Files()).fault(stored(name))


def test_the_last_upload_of_a_name_counts() -> None:
    book = FileBook((), Files())
    first, second = stored(content=b"one"), stored(content=b"two")
    assert book.store(first) == [SaveStoredFile(first), Decided("file", "stored")]
    assert book.store(second) == [SaveStoredFile(second), Decided("file", "replaced")]
    assert book.by_name == {"420HD.img": second}


def test_there_are_only_so_many_names() -> None:
    book = FileBook([stored()], Files(max_files=1))
    assert "files.max_files" in book.fault(stored("440HD.img"))
    assert not book.fault(stored(content=b"newer"))


def test_an_edit_leaves_what_it_does_not_mention() -> None:
    book = FileBook([stored()], Files())
    (saved, _) = book.edit(FileEdited("420HD.img", "ann", description="on trial", group="beta"))
    assert saved == SaveStoredFile(stored(description="on trial", group="beta"))
    assert book.edit(FileEdited("420HD.img", "ann", group="beta")) == [Decided("file", "unchanged")]


def test_a_removed_file_is_gone() -> None:
    book = FileBook([stored()], Files())
    assert book.remove("420HD.img")[0] == DropStoredFile("420HD.img")
    assert not book.by_name
    assert book.statistics().files == {"firmware": 0, "speaker": 0, "other": 0}
