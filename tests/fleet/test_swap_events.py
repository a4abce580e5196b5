"""A phone in the place of another: everything is the new one's in the same second, and nothing the old one's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.fleet.acts import DeviceSwapped, DocumentsWritten
from daemon.fleet.commands import Answer
from daemon.fleet.events import UnknownPhoneHeard
from daemon.fleet.model import DeviceRecord
from daemon.fleet.records import Draft, NumberStatus
from daemon.fleet.store_commands import AppendTransition, DropDevice
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.playbook import Playbook

SWAP = DeviceSwapped(MAC, OTHER_MAC, "ada")


def a_phone_in_use() -> Playbook:
    play = Playbook(
        record(site="hq", sip_password="sealed", template="lobby", firmware="a.img", placeholders={"A": "b"})
    )
    play.registers()
    play.hears(DocumentsWritten((Draft(f"user/{MAC}", "sealed lines"),), "phone"))
    return play


@pytest.mark.parametrize("known", [False, True])
def test_the_new_phone_takes_over_all_but_the_hardware(known: bool) -> None:
    play = a_phone_in_use()
    former = play.device().record
    if known:
        play.hears(UnknownPhoneHeard(OTHER_MAC, "acme", "420HD", "10.1.2.9"))
    play.hears(SWAP)
    new = play.device(OTHER_MAC).record
    assert new == replace(former, mac=OTHER_MAC, armed_until=new.armed_until, secret_generation=int(known))
    assert new.armed_until > play.now
    assert play.fleet.documents[f"user/{OTHER_MAC}"].body == "sealed lines"
    assert play.fleet.documents[f"user/{MAC}"].body == ""


def test_another_model_keeps_its_own_firmware_and_template() -> None:
    play = a_phone_in_use()
    play.hears(UnknownPhoneHeard(OTHER_MAC, "acme", "450HD", "10.1.2.9"))
    play.hears(SWAP)
    new = play.device(OTHER_MAC).record
    assert (new.model, new.template, new.firmware) == ("450HD", "", "")


def test_the_old_phone_is_nobody_from_the_same_second_on() -> None:
    play = a_phone_in_use()
    orders = play.hears(SWAP)
    assert play.fleet.device(MAC) is None
    assert DropDevice(MAC) in orders
    assert play.fleet.mac_of_user("2041") == OTHER_MAC


def test_the_number_never_rests() -> None:
    play = a_phone_in_use()
    play.hears(SWAP)
    entry = play.fleet.numbers["2041"]
    assert (entry.status, entry.device, entry.tag) == (NumberStatus.USED, OTHER_MAC, "")
    assert all(NumberStatus.COOLING not in move for move in play.moves("number"))


def test_both_timelines_say_who_came_after_whom() -> None:
    play = a_phone_in_use()
    play.hears(SWAP)
    told = [order.transition for order in play.of(AppendTransition) if order.transition.new == "swapped"]
    assert [(step.key, step.reason) for step in told] == [
        (MAC, f"{OTHER_MAC} took its place, by ada"),
        (OTHER_MAC, f"in place of {MAC}, by ada"),
    ]


@pytest.mark.parametrize(
    ("others", "swap", "why"),
    [
        ((), DeviceSwapped(OTHER_MAC, MAC, "ada"), "there is no device"),
        ((), DeviceSwapped(MAC, MAC, "ada"), "its own place"),
        ((record(OTHER_MAC, number="2042"),), SWAP, "has number 2042 of its own"),
        ((record(OTHER_MAC, number="", approved=False),), DeviceSwapped(OTHER_MAC, MAC, "ada"), "waits for approval"),
    ],
)
def test_what_cannot_be_swapped_stays_as_it_is(others: tuple[DeviceRecord, ...], swap: DeviceSwapped, why: str) -> None:
    play = Playbook(record(), *others)
    before = play.device().record
    answer = play.hears(swap)[0]
    assert isinstance(answer, Answer)
    assert why in answer.refused[0]
    assert play.device().record == before
