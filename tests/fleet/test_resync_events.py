from __future__ import annotations

import pytest

from daemon.fleet.acts import DeviceDeleted, ResyncAsked
from daemon.fleet.commands import Answer, Decided, SendNotify
from daemon.fleet.events import ResyncEnded
from daemon.fleet.store_commands import AppendTransition
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.playbook import Playbook


def steps(play: Playbook) -> list[tuple[str, str]]:
    moves = (order.transition for order in play.of(AppendTransition))
    return [(moved.new, moved.reason) for moved in moves if "sync" in moved.new + moved.reason or "ask" in moved.new]


@pytest.mark.parametrize(("reboot", "asked"), [(False, "resync asked"), (True, "restart asked")])
def test_a_registered_phone_is_sent_a_check_sync_and_who_asked_stands_on_its_timeline(reboot: bool, asked: str) -> None:
    play = Playbook(record())
    play.registers()
    play.hears(ResyncAsked(MAC, reboot, "ada"))
    at = play.device().contact
    assert at is not None
    assert list(play.of(SendNotify)) == [SendNotify(MAC, at, "2041", reboot)]
    assert steps(play) == [(asked, "by ada")]


def test_a_static_contact_will_do() -> None:
    play = Playbook(record(contact="sip:2041@10.1.2.7"))
    play.hears(ResyncAsked(MAC, reboot=False, by="ada"))
    assert [order.contact.uri for order in play.of(SendNotify)] == ["sip:2041@10.1.2.7"]


def test_a_phone_that_cannot_be_reached_by_sip_is_refused_with_the_reason() -> None:
    play = Playbook(record())
    (answer,) = play.hears(ResyncAsked(MAC, reboot=False, by="ada"))
    assert isinstance(answer, Answer)
    assert "no static contact" in answer.refused[0]
    assert steps(play) == []


def test_a_device_nobody_defined_is_refused() -> None:
    play = Playbook(record())
    asked = ResyncAsked(OTHER_MAC, reboot=False, by="ada")
    assert play.hears(asked) == [Answer(refused=("there is no such device",))]


@pytest.mark.parametrize(
    ("event", "step", "decision"),
    [
        (ResyncEnded(MAC, False, True, "answered 200"), ("resynced", "check-sync answered 200"), "delivered"),
        (
            ResyncEnded(MAC, True, False, "refused with 489"),
            ("not resynced", "check-sync with restart refused with 489"),
            "not delivered",
        ),
    ],
)
def test_what_became_of_it_stands_on_the_timeline(event: ResyncEnded, step: tuple[str, str], decision: str) -> None:
    play = Playbook(record())
    play.hears(event)
    assert steps(play) == [step]
    assert Decided("resync", decision, MAC) in play.orders


def test_of_a_device_that_was_deleted_meanwhile_it_is_only_counted() -> None:
    play = Playbook(record())
    play.hears(DeviceDeleted(MAC, "ada"))
    ended = ResyncEnded(MAC, reboot=False, delivered=True, outcome="answered 200")
    assert play.hears(ended) == [Decided("resync", "delivered", MAC)]
