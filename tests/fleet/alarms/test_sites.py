"""A site that is gone is one alarm: when it is raised, what is folded beneath it, and what becomes of that."""

from __future__ import annotations

from collections import Counter

import pytest

from daemon.config.block import DAY
from daemon.fleet.acts import AlarmDeleted, DeviceDeleted, InventoryApplied
from daemon.fleet.alarms.catalogue import SITE_DOWN
from daemon.fleet.events import KeepAliveHeard, Unregistered
from daemon.fleet.model import Reachability
from daemon.fleet.notifications import Severity, Telling
from tests.support.alarm_play import AlarmPlay, hurried, mac_of, phones
from tests.support.builders import inventory, report

UNREACHABLE, DOWN = "deviceUnreachable", SITE_DOWN.name
PLACE = "acme/hq"


def site(count: int = 10, **alarms: object) -> AlarmPlay:
    """A site whose phones all answer."""
    play = AlarmPlay(*phones(count), settings=hurried(**alarms))
    play.everybody_answers(count)
    return play


def dead_site(count: int = 10, **alarms: object) -> AlarmPlay:
    """A site whose phones have all gone, some minutes ago."""
    play = site(count, **alarms)
    play.silence(map(mac_of, range(count)))
    play.pass_time(200)
    return play


def come_back(play: AlarmPlay, *indexes: int) -> None:
    for index in indexes:
        play.answers[mac_of(index)] = 0.02
        play.registers(mac_of(index))
    play.pass_time(10)


def test_a_dead_site_is_one_alarm_and_its_phones_are_folded_beneath_it() -> None:
    play = dead_site()
    assert play.told() == [(1, DOWN, "CRITICAL")]
    down = play.alarm(DOWN)
    assert (down.source, down.tenant, down.site) == ("Site/acme/hq", "acme", PLACE)
    assert down.additional_info == ("7 of 10 phones in 32s",)
    assert play.tellings(UNREACHABLE) == [Telling.FOLDED] * 10
    assert {alarm.parent for alarm in play.fleet.alarms.values() if alarm.device} == {down.id}
    assert play.on_disk()[0] == dict(play.fleet.alarms)


def test_its_return_is_one_clear_and_every_alarm_is_history() -> None:
    play = dead_site()
    come_back(play, *range(10))
    assert play.told() == [(1, DOWN, "CRITICAL"), (2, DOWN, "CLEARED")]
    assert not play.fleet.alarms
    assert sorted(name for name, _ in play.history()) == [UNREACHABLE] * 10 + [DOWN]


def test_who_stays_away_when_the_site_is_back_is_told_of_after_a_grace() -> None:
    play = dead_site()
    come_back(play, *range(8))
    assert play.told()[-1][1:] == (DOWN, "CLEARED")
    assert play.tellings(UNREACHABLE) == [Telling.HELD] * 2
    play.pass_time(580)
    assert len(play.told()) == 2
    play.pass_time(30)
    assert [name for _, name, _ in play.told()[2:]] == [UNREACHABLE] * 2
    assert {"its site is down", "its site is back"} <= play.reasons()


def test_a_site_is_not_back_while_more_than_that_share_is_away() -> None:
    play = dead_site()
    come_back(play, *range(7))
    assert len(play.told()) == 1
    assert play.tellings(UNREACHABLE) == [Telling.FOLDED] * 3


def test_half_a_site_is_no_site() -> None:
    play = site()
    play.silence(map(mac_of, range(5)))
    play.pass_time(300)
    assert {name for _, name, _ in play.told()} == {UNREACHABLE}
    assert len(play.told()) == 5


def test_fewer_than_the_minimum_prove_nothing() -> None:
    play = dead_site(4)
    assert [name for _, name, _ in play.told()] == [UNREACHABLE] * 4


def test_phones_that_were_dead_before_count_neither_way() -> None:
    play = site(12)
    play.silence(map(mac_of, range(6)))
    play.pass_time(1200)
    assert len(play.told()) == 6
    play.silence(map(mac_of, range(6, 12)))
    play.pass_time(300)
    assert play.told()[6:] == [(7, DOWN, "CRITICAL")]
    come_back(play, *range(6, 12))
    assert play.told()[7:] == [(8, DOWN, "CLEARED")]
    assert play.tellings(UNREACHABLE) == [Telling.TOLD] * 6


def test_phones_that_vanish_one_by_one_over_an_hour_are_no_dead_site() -> None:
    play = site()
    for index in range(10):
        play.silence([mac_of(index)])
        play.pass_time(360)
    assert {name for _, name, _ in play.told()} == {UNREACHABLE}


def test_a_phone_that_was_told_before_its_site_fell_stays_told_and_so_is_its_return() -> None:
    play = site()
    play.silence([mac_of(0)])
    play.pass_time(220)
    play.silence(map(mac_of, range(10)))
    play.pass_time(200)
    assert [name for _, name, _ in play.told()] == [UNREACHABLE, DOWN]
    come_back(play, 0)
    assert play.told()[2:] == [(3, UNREACHABLE, "CLEARED")]


def test_probing_goes_on_beneath_the_sites_alarm() -> None:
    play = dead_site()
    before = play.device(mac_of(3)).pinged_at
    play.pass_time(400)
    assert play.device(mac_of(3)).pinged_at > before


def test_a_phone_that_reports_and_is_not_pinged_counts_if_it_was_heard_within_the_window() -> None:
    play = AlarmPlay(*phones(6), *phones(12, qualify=False)[6:])
    play.everybody_answers(6)
    for index in range(6, 12):
        play.hears(KeepAliveHeard(mac_of(index), report(), "10.1.2.7", with_secret=False))
    play.silence(map(mac_of, range(6)))
    play.pass_time(200)
    assert {name for _, name, _ in play.told()} == {UNREACHABLE}


def test_such_a_phone_says_nothing_if_it_was_not() -> None:
    play = AlarmPlay(*phones(6), *phones(12, qualify=False)[6:])
    for index in range(6, 12):
        play.hears(KeepAliveHeard(mac_of(index), report(), "10.1.2.7", with_secret=False))
    play.pass_time(400)
    play.everybody_answers(6)
    play.silence(map(mac_of, range(6)))
    play.pass_time(200)
    assert [name for _, name, _ in play.told()] == [DOWN]


def test_phones_that_leave_without_an_alarm_make_the_others_the_majority() -> None:
    play = site(12)
    play.silence([mac_of(0)])
    while not play.fleet.alarms:
        play.pass_time(1)
    play.pass_time(2)  # looked at: six more of twelve would have to vanish
    for index in range(8, 12):
        play.hears(Unregistered(mac_of(index)))
    play.silence(map(mac_of, range(5)))
    play.pass_time(100)
    assert [name for _, name, _ in play.told()] == [UNREACHABLE, DOWN]
    assert play.alarm(DOWN).additional_info[0].startswith("5 of 8 phones in ")


@pytest.mark.parametrize("away", [0.0, 300.0])
def test_after_a_restart_the_folded_find_their_site_again(away: float) -> None:
    play = dead_site()
    play.restart(away)
    play.pass_time(100)
    assert play.told() == [(1, DOWN, "CRITICAL")]
    assert play.tellings(UNREACHABLE) == [Telling.FOLDED] * 10
    come_back(play, *range(8))
    play.pass_time(900)
    assert [name for _, name, _ in play.told()] == [DOWN, DOWN, UNREACHABLE, UNREACHABLE]


def test_a_restart_between_the_sites_end_and_its_phones_loses_nobody() -> None:
    play = dead_site()
    orphans = len(play.tellings(UNREACHABLE))
    play.hears(AlarmDeleted(play.alarm(DOWN).id, "ops"))  # the phones' turn comes with the next expire
    play.restart()
    play.pass_time(5)
    assert play.tellings(UNREACHABLE) == [Telling.HELD] * orphans
    play.pass_time(700)
    assert play.tellings(UNREACHABLE) == [Telling.TOLD] * orphans


def test_a_site_whose_phones_are_moved_away_or_deleted_is_not_down_for_ever() -> None:
    play = dead_site()
    for index in range(5):
        play.hears(DeviceDeleted(mac_of(index), "ops"))
    moved = phones(10, site="")[5:]
    play.hears(InventoryApplied(inventory(*moved), "ops"))
    play.pass_time(120)
    assert DOWN not in {alarm.name for alarm in play.fleet.alarms.values()}
    play.pass_time(900)
    assert play.tellings(UNREACHABLE) == [Telling.TOLD] * 5


def test_a_site_that_falls_again_and_again_flaps_and_its_alarm_stays() -> None:
    play = site(flap_limit=2, flap_window=7200.0)
    for _ in range(3):
        play.silence(map(mac_of, range(10)))
        play.pass_time(200)
        come_back(play, *range(10))
        play.pass_time(120)
    down = play.alarm(DOWN)
    assert down.ends_at is not None
    play.silence(map(mac_of, range(10)))
    play.pass_time(200)
    again = play.alarm(DOWN)
    assert (again.ends_at, again.raises) == (None, 2)
    assert play.tellings(UNREACHABLE) == [Telling.FOLDED] * 10
    come_back(play, *range(10))
    play.pass_time(1000)
    assert not play.fleet.alarms
    assert play.told()[-1][1:] == (DOWN, "CLEARED")
    assert {name for _, name, _ in play.told()} == {DOWN}


def test_an_alarm_that_is_no_vanishing_is_told_although_the_site_is_down() -> None:
    play = dead_site()
    play.tells(Severity.CRITICAL, mac_of(0))
    assert play.told()[-1][1] == "IPPhoneRegisterFailure"
    assert play.device(mac_of(0)).reachability is Reachability.UNREACHABLE


def test_a_thousand_phones_are_one_alarm_whoever_was_dead_before_or_stays_away() -> None:
    play = site(1100)
    play.silence(map(mac_of, range(1000, 1100)))
    play.pass_time(300)
    play.restart(DAY)
    play.pass_time(100)
    assert [name for _, name, _ in play.told()] == [UNREACHABLE] * 100
    play.silence(map(mac_of, range(1000)))
    play.pass_time(200)
    assert play.told()[100:] == [(101, DOWN, "CRITICAL")]
    assert " of 1000 phones in " in play.alarm(DOWN).additional_info[0]
    assert Counter(play.tellings(UNREACHABLE)) == {Telling.FOLDED: 1000, Telling.TOLD: 100}
    come_back(play, *range(990))
    assert play.told()[101:] == [(102, DOWN, "CLEARED")]
    play.pass_time(700)
    assert play.told()[102:] == [(103 + index, UNREACHABLE, "MAJOR") for index in range(10)]
    come_back(play, *range(990, 1100))
    assert Counter(name for name, _ in play.history()) == {UNREACHABLE: 1100, DOWN: 1}
    assert not play.receivers_know()
