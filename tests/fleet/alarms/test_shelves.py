"""Shelves and maintenance windows: what is on them is not told, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.config.alarm_settings import Alarms
from daemon.fleet.acts import ShelfClosed, ShelfOpened
from daemon.fleet.alarms.shelves import ShelfBook, fits
from daemon.fleet.commands import Answer, Command
from daemon.fleet.notifications import Severity, Shelf, Telling
from daemon.fleet.store_commands import DropShelf, SaveShelf
from tests.support.alarm_play import AlarmPlay, hurried, mac_of, phones
from tests.support.builders import MAC, NOW, record

FAILURE, UNREACHABLE, DOWN = "IPPhoneRegisterFailure", "deviceUnreachable", "siteDown"
CRITICAL, MINOR, CLEAR = Severity.CRITICAL, Severity.MINOR, Severity.CLEARED
ACT = ShelfOpened("acme", "", "", "", "", NOW, NOW + 60, "works", "ops")


def refusals(orders: list[Command]) -> tuple[str, ...]:
    return next((order.refused for order in orders if isinstance(order, Answer)), ())


def test_what_is_shelved_is_active_and_not_told_until_the_shelf_ends() -> None:
    play = AlarmPlay(record())
    play.shelve(600, device=MAC)
    play.tells(CRITICAL)
    assert (play.tellings(FAILURE), play.told()) == ([Telling.SHELVED], [])
    play.pass_time(599)
    assert play.told() == []
    play.pass_time(2)
    assert play.told() == [(1, FAILURE, "CRITICAL")]
    assert {"shelved", "shelf ended"} <= play.reasons()
    assert [order.id for order in play.of(DropShelf)] == [1]


def test_an_alarm_that_is_over_before_its_shelf_is_history_alone() -> None:
    play = AlarmPlay(record())
    play.shelve(600, tenant="acme")
    play.tells(CRITICAL)
    play.tells(CLEAR)
    play.pass_time(700)
    assert (play.told(), play.history()) == ([], [(FAILURE, "cleared")])


def test_who_was_told_before_the_shelf_is_told_of_the_end_at_once() -> None:
    play = AlarmPlay(record())
    play.tells(CRITICAL)
    play.shelve(600, device=MAC, name=FAILURE)
    play.pass_time(1)
    assert play.tellings(FAILURE) == [Telling.SHELVED]
    play.tells(CLEAR)
    assert play.told() == [(1, FAILURE, "CRITICAL"), (2, FAILURE, "CLEARED")]


def test_of_what_was_told_before_only_a_change_is_told_when_the_shelf_ends() -> None:
    play = AlarmPlay(record())
    play.tells(CRITICAL)
    play.tells(CRITICAL, name="IPPHONE COFFEE LOW")
    play.shelve(600, device=MAC)
    play.pass_time(1)
    play.tells(MINOR)
    assert len(play.told()) == 2
    play.pass_time(700)
    assert play.told()[2:] == [(3, FAILURE, "MINOR")]
    assert {alarm.telling for alarm in play.fleet.alarms.values()} == {Telling.TOLD}


def test_a_window_may_be_planned_ahead_and_closed_before_its_time() -> None:
    play = AlarmPlay(record())
    planned = play.shelve(3600, after=600, tenant="acme")
    play.tells(CRITICAL)
    assert len(play.told()) == 1
    play.pass_time(601)
    play.tells(CRITICAL, name="IPPHONE COFFEE LOW")
    assert {alarm.telling for alarm in play.fleet.alarms.values()} == {Telling.SHELVED}
    play.hears(ShelfClosed(planned, "ops"))
    play.pass_time(1)
    assert play.told()[1:] == [(2, "IPPHONE COFFEE LOW", "CRITICAL")]
    assert refusals(play.hears(ShelfClosed(planned, "ops"))) == ("there is no such shelf",)


def test_of_two_shelves_the_later_end_counts() -> None:
    play = AlarmPlay(record())
    play.shelve(100, device=MAC)
    play.shelve(300, tenant="acme")
    play.tells(CRITICAL)
    play.pass_time(299)
    assert play.told() == []
    play.pass_time(2)
    assert len(play.told()) == 1


def test_a_site_in_maintenance_falls_and_comes_back_without_a_word() -> None:
    play = AlarmPlay(*phones(10))
    play.everybody_answers(10)
    play.shelve(3600, site="acme/hq")
    play.silence(map(mac_of, range(10)))
    play.pass_time(300)
    assert set(play.tellings(UNREACHABLE) + play.tellings(DOWN)) == {Telling.SHELVED}
    for index in range(10):
        play.answers[mac_of(index)] = 0.02
        play.registers(mac_of(index))
    play.pass_time(3600)
    assert play.told() == []
    assert len(play.history()) == 11


def test_a_site_that_is_still_down_when_its_maintenance_ends_is_one_alarm() -> None:
    play = AlarmPlay(*phones(10))
    play.everybody_answers(10)
    play.shelve(400, site="acme/hq")
    play.silence(map(mac_of, range(10)))
    play.pass_time(500)
    assert play.told() == [(1, DOWN, "CRITICAL")]
    assert play.tellings(UNREACHABLE) == [Telling.FOLDED] * 10


def test_a_phone_that_vanished_just_before_the_end_has_its_hold_down() -> None:
    play = AlarmPlay(*phones(1))
    play.everybody_answers(1)
    shelf = play.shelve(3600, device=mac_of(0))
    play.silence([mac_of(0)])
    while not play.fleet.alarms:
        play.pass_time(1)
    play.hears(ShelfClosed(shelf, "ops"))
    play.pass_time(1)
    alarm = play.alarm(UNREACHABLE, mac_of(0))
    assert alarm.telling is Telling.HELD
    play.run_to(alarm.raised_at + 60 - NOW - 1)
    assert play.told() == []
    play.pass_time(2)
    assert len(play.told()) == 1


@pytest.mark.parametrize("away", [0.0, 300.0, 1000.0])
def test_a_restart_changes_nothing_about_shelves(away: float) -> None:
    play = AlarmPlay(record(), settings=hurried(hold_down="1s"))
    play.shelve(600, after=100, device=MAC)
    play.shelve(50, tenant="acme")
    play.tells(CRITICAL)
    play.pass_time(10)
    play.restart(away)
    play.pass_time(1)
    assert play.tellings(FAILURE) == [Telling.TOLD if away > 600 else Telling.SHELVED]
    play.pass_time(1000)
    assert play.tellings(FAILURE) == [Telling.TOLD]
    assert not play.on_disk()[1]
    assert len(play.told()) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ends_at": NOW}, "the shelf ends before it starts"),
        ({"starts_at": NOW - 90, "ends_at": NOW - 9}, "the shelf has ended already"),
        ({"tenant": ""}, "say what to shelve: a tenant, site, device, source or alarm name"),
        ({"reason": " "}, "say why: a shelf needs a reason"),
        ({"reason": "x" * 256}, "the reason is longer than 255 characters"),
        ({"ends_at": NOW + 91 * 86400}, "the shelf lasts longer than 90d (alarms.longest_shelf)"),
        ({"tenant": "globex"}, "there is no tenant globex"),
        ({"site": "acme/moon"}, "there is no site acme/moon: write it as tenant/site"),
        ({"site": "hq"}, "there is no site hq: write it as tenant/site"),
        ({"device": "00908f999999"}, "there is no device 00908f999999"),
    ],
)
def test_a_shelf_that_cannot_be_is_refused_with_a_sentence(changes: dict[str, object], sentence: str) -> None:
    play = AlarmPlay(record())
    assert refusals(play.hears(replace(ACT, **changes))) == (sentence,)  # type: ignore[arg-type]
    assert not list(play.of(SaveShelf))


def test_shelves_are_bounded_and_an_id_that_was_given_is_not_given_again() -> None:
    play = AlarmPlay(record(), settings=hurried(max_shelves=2))
    first, second = play.shelve(60, tenant="acme"), play.shelve(60, tenant="acme")
    assert "there are 2 shelves already" in refusals(play.hears(ACT))[0]
    play.hears(ShelfClosed(second, "ops"))
    assert [first, second, play.shelve(60, tenant="acme")] == [1, 2, 3]


def test_an_alarm_fits_every_field_that_says_something() -> None:
    shelf = Shelf(1, "acme", "acme/hq", MAC, "IPPhone/x", FAILURE, 0, 1, "works", "ops", 0)
    play = AlarmPlay(record(site="hq"))
    play.tells(CRITICAL)
    alarm = replace(play.alarm(FAILURE, MAC), source="IPPhone/x")
    assert fits(shelf, alarm)
    for other in (
        {"tenant": "globex"},
        {"site": ""},
        {"device": None},
        {"source": "IPPhone/y"},
        {"name": UNREACHABLE},
    ):
        assert not fits(shelf, replace(alarm, **other))


def test_a_book_without_shelves_waits_for_nothing() -> None:
    book = ShelfBook((), Alarms(), NOW)
    assert book.turned(NOW + 1e9) == ([], [])
