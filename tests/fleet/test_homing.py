"""A phone that registers with another server than its own is an alarm until it comes home."""

from __future__ import annotations

from dataclasses import replace

from daemon.fleet.acts import InventoryApplied
from daemon.fleet.events import ContactsLearned, ContactsLost, Unregistered
from daemon.fleet.model import LearnedContact, Reachability, Status
from daemon.fleet.store_commands import SaveAlarm
from tests.support.builders import MAC, contact, inventory, record, settings
from tests.support.playbook import Playbook

PHONE = record(server="pbx-a")
WRONG = "pbx-b.example.net"


def homeless() -> Playbook:
    play = Playbook(PHONE, settings=settings(alarms={"hold_down": "0s"}))
    play.answers = {MAC: 0.01}
    play.registers(domain=WRONG)
    return play


def names(play: Playbook) -> list[str]:
    return [alarm.name for alarm in play.fleet.alarms.values()]


def test_it_is_told_of_once_with_both_servers() -> None:
    play = homeless()
    play.registers(domain=WRONG)
    [alarm] = play.fleet.alarms.values()
    assert (alarm.name, alarm.severity.name) == ("deviceOnWrongServer", "MINOR")
    assert alarm.additional_info == ("pbx-b instead of pbx-a",)
    assert play.device().reachability is Reachability.NO_STATUS
    assert (play.device().status, play.device().status_reason) == (Status.WARNING, "minor alarm deviceOnWrongServer")
    play.run_to(5)
    assert len(play.told()) == 1
    before = len(list(play.of(SaveAlarm)))
    play.registers(domain=WRONG)
    assert len(list(play.of(SaveAlarm))) == before


def test_it_ends_when_the_phone_comes_home_is_let_go_or_is_not_watched() -> None:
    home, gone, unwatched = homeless(), homeless(), homeless()
    home.registers()
    gone.hears(Unregistered(MAC))
    unwatched.hears(InventoryApplied(inventory(replace(PHONE, qualify=False)), "ada"))
    for play in (home, gone, unwatched):
        assert names(play) == []


def test_another_servers_word_raises_it_and_ends_it() -> None:
    play = Playbook(PHONE, settings=settings(alarms={"hold_down": "0s"}))
    learned = LearnedContact("2041", contact(expires_at=float("inf")))
    play.hears(ContactsLearned("pbx-b", (learned,)))
    assert names(play) == ["deviceOnWrongServer"]
    assert play.device().status is Status.WARNING
    play.hears(ContactsLearned("pbx-a", (learned,)))
    assert names(play) == []
    play.hears(ContactsLost("pbx-a", (("2041", ""),)))
    assert names(play) == []


def test_its_own_servers_word_ends_it_even_where_we_cannot_ping() -> None:
    play = Playbook(PHONE, settings=settings(alarms={"hold_down": "0s"}))
    learned = LearnedContact("2041", contact(expires_at=float("inf")))
    play.hears(ContactsLearned("pbx-b", (learned,)))
    over_tcp = LearnedContact("2041", replace(learned.contact, transport="tcp"))
    play.hears(ContactsLearned("pbx-a", (over_tcp,)))
    assert names(play) == []
