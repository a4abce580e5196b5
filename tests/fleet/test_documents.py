"""Documents: every writing is a version, and two writers do not overwrite each other unseen."""

from __future__ import annotations

from daemon.config.settings import Provisioning
from daemon.fleet.commands import Decided
from daemon.fleet.documents import DocumentBook
from daemon.fleet.records import Document, Draft
from daemon.fleet.store_commands import DropDocument, SaveDocument
from tests.support.builders import NOW

PATH = "template/420HD"


def test_every_writing_is_a_version_and_the_same_text_is_none() -> None:
    book = DocumentBook((), Provisioning())
    assert book.write(Draft(PATH, "a"), "ops", NOW)[0] == SaveDocument(Document(PATH, 1, "a", NOW, "ops"))
    assert book.write(Draft(PATH, "a"), "ops", NOW) == [Decided("document", "unchanged")]
    book.write(Draft(PATH, ""), "ops", NOW)
    book.write(Draft(PATH, "b"), "ops", NOW)
    assert book.newest[PATH].version == 3


def test_removing_what_is_not_there_is_no_version() -> None:
    book = DocumentBook((), Provisioning())
    assert book.write(Draft(PATH, ""), "ops", NOW) == [Decided("document", "unchanged")]
    assert not book.newest


def test_very_old_versions_go() -> None:
    book = DocumentBook([Document(PATH, 2, "b", NOW, "ops")], Provisioning(versions_kept=2))
    assert DropDocument(f"{PATH}@1") in book.write(Draft(PATH, "c"), "ops", NOW)


def test_who_saw_an_older_version_is_told_to_look_again() -> None:
    book = DocumentBook([Document(PATH, 2, "b", NOW, "ops")], Provisioning())
    assert not book.faults([Draft(PATH, "c", based_on=2), Draft("option160", "x", based_on=0), Draft(PATH, "d")])
    (fault,) = book.faults([Draft(PATH, "c", based_on=1)])
    assert "at version 2, yours was made from version 1" in fault


def test_there_are_so_many_and_no_more() -> None:
    book = DocumentBook((), Provisioning(max_documents=100))
    drafts = [Draft(f"file/{number}.cfg", "x") for number in range(101)]
    assert "more than 100 documents" in book.faults(drafts)[0]
    assert not book.faults(drafts[:100])
