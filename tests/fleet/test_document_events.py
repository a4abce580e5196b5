"""Operators write documents: together or not at all, and the audit trail says who."""

from __future__ import annotations

from daemon.fleet.acts import DocumentsWritten
from daemon.fleet.commands import Answer
from daemon.fleet.records import Draft
from daemon.fleet.store_commands import AppendTransition, SaveDocument
from tests.support.playbook import Playbook

FIRST, SECOND = Draft("template/420HD", "sealed text"), Draft("placeholders", "sealed values")


def test_documents_are_taken_together_and_each_says_who_wrote_it() -> None:
    play = Playbook()
    orders = play.hears(DocumentsWritten((FIRST, SECOND), "ops"))
    assert [order.document.path for order in orders if isinstance(order, SaveDocument)] == [FIRST.path, SECOND.path]
    told = [order.transition for order in orders if isinstance(order, AppendTransition)]
    assert [(step.key, step.old, step.new, step.reason) for step in told] == [
        ("document/template/420HD", "", "version 1", "by ops"),
        ("document/placeholders", "", "version 1", "by ops"),
    ]


def test_one_that_was_made_from_an_older_version_stops_them_all() -> None:
    play = Playbook()
    play.hears(DocumentsWritten((FIRST,), "ops"))
    (refused, _) = play.hears(DocumentsWritten((SECOND, Draft(FIRST.path, "newer", based_on=0)), "ops"))
    assert isinstance(refused, Answer)
    assert "version 1" in refused.refused[0]
    assert SECOND.path not in play.fleet.documents


def test_a_removal_is_a_version_too_and_removing_nothing_is_silent() -> None:
    play = Playbook()
    play.hears(DocumentsWritten((FIRST,), "ops"))
    gone = play.hears(DocumentsWritten((Draft(FIRST.path, ""), Draft("option160", "")), "ops"))
    assert [order.transition.new for order in gone if isinstance(order, AppendTransition)] == ["removed"]
