"""Who hears of an alarm now and who later: hold-downs, storms, and what a restart makes of both."""

from __future__ import annotations

from daemon.fleet.acts import DeviceDeleted, SettingsChanged
from daemon.fleet.alarms.catalogue import ALARM_STORM
from daemon.fleet.notifications import Severity, Telling
from tests.support.alarm_play import AlarmPlay, hurried, mac_of, phones
from tests.support.builders import MAC, record

UNREACHABLE, REGISTER_FAILURE, STORM = "deviceUnreachable", "IPPhoneRegisterFailure", ALARM_STORM.name
NO_SITES = {"site": {"minimum": 1000}}
CLEAR = Severity.CLEARED


def silent_phone(**alarms: object) -> AlarmPlay:
    """One phone, which has just become unreachable."""
    play = AlarmPlay(*phones(1), settings=hurried(**alarms))
    play.everybody_answers(1)
    play.silence([mac_of(0)])
    while not play.fleet.alarms:
        play.pass_time(1)
    return play


def stormy(count: int, **alarms: object) -> AlarmPlay:
    """So many phones whose registration failed at once; ten are told at once, and two a second."""
    play = AlarmPlay(*phones(count), settings=hurried(storm_burst=10, storm_rate=2, **alarms))
    for index in range(count):
        play.tells(Severity.CRITICAL, mac_of(index))
    return play


def test_a_phone_that_vanished_is_active_at_once_and_told_after_the_hold_down() -> None:
    play = silent_phone()
    assert play.alarm(UNREACHABLE, mac_of(0)).telling is Telling.HELD
    play.pass_time(58)
    assert play.told() == []
    play.pass_time(2)
    assert play.told() == [(1, UNREACHABLE, "MAJOR")]
    assert {"held down", "hold-down elapsed"} <= play.reasons()


def test_one_that_is_back_in_time_is_history_and_nobody_heard_of_it() -> None:
    play = silent_phone()
    play.pass_time(20)
    play.answers[mac_of(0)] = 0.02
    play.registers(mac_of(0))
    play.pass_time(300)
    assert (play.told(), play.history()) == ([], [(UNREACHABLE, "recovered in time")])


def test_without_a_hold_down_it_is_told_in_the_same_step() -> None:
    assert silent_phone(hold_down="0s").told() == [(1, UNREACHABLE, "MAJOR")]


def test_a_deleted_phone_is_told_of_no_more() -> None:
    play = silent_phone()
    play.hears(DeviceDeleted(mac_of(0), "ops"))
    play.pass_time(300)
    assert (play.told(), play.history()) == ([], [(UNREACHABLE, "device deleted")])


def test_after_a_restart_the_hold_down_begins_again() -> None:
    play = silent_phone()
    play.pass_time(50)
    play.restart(away=500)
    play.pass_time(59)
    assert play.told() == []
    play.pass_time(2)
    assert play.told() == [(1, UNREACHABLE, "MAJOR")]


def test_beyond_the_burst_alarms_wait_and_are_told_in_order_as_the_rate_allows() -> None:
    play = stormy(20)
    assert play.tellings(REGISTER_FAILURE) == [Telling.TOLD] * 10 + [Telling.QUEUED] * 10
    play.pass_time(2)
    assert [told.alarm.additional_info for told in play.notifications() if told.alarm.name == STORM] == [
        ("alarms that wait: 8",)
    ]
    assert play.alarm(STORM).additional_info == ("alarms that wait: 6",)
    play.pass_time(30)
    told = [told.alarm.device for told in play.notifications() if told.alarm.name == REGISTER_FAILURE]
    assert told == [mac_of(index) for index in range(20)]
    assert play.told()[-1][1:] == (STORM, "CLEARED")
    assert {"too many at once", "its turn in the storm"} <= play.reasons()


def test_what_ends_before_its_turn_is_never_told() -> None:
    play = stormy(11)
    play.tells(CLEAR, mac_of(10))
    play.pass_time(60)
    assert len(play.told()) == 10
    assert play.history() == [(REGISTER_FAILURE, "recovered in time")]


def test_clears_never_wait_whatever_storm_there_is() -> None:
    play = stormy(20)
    play.tells(CLEAR, mac_of(0))
    assert play.told()[-1] == (11, REGISTER_FAILURE, "CLEARED")


def test_in_a_storm_changes_of_what_was_told_wait_too_and_only_the_last_is_told() -> None:
    play = stormy(11)
    for severity in (Severity.MINOR, Severity.MAJOR, Severity.WARNING):
        play.tells(severity, mac_of(0))
    changed = play.alarm(REGISTER_FAILURE, mac_of(0))
    assert (changed.telling, changed.known, changed.changed) == (Telling.QUEUED, True, True)
    play.pass_time(10)
    of_it = [told.alarm for told in play.notifications() if told.alarm.device == mac_of(0)]
    assert [(alarm.severity, alarm.peak) for alarm in of_it] == [
        (Severity.CRITICAL, Severity.CRITICAL),
        (Severity.WARNING, Severity.CRITICAL),
    ]


def test_after_a_restart_the_queue_goes_on_and_the_storm_ends() -> None:
    play = stormy(40)
    play.pass_time(3)
    waiting = [alarm.device for alarm in play.fleet.alarms.values() if alarm.telling is Telling.QUEUED]
    known = len(play.notifications())
    play.restart(away=5)
    play.pass_time(60)
    told = [told.alarm.device for told in play.notifications()[known:] if told.alarm.name == REGISTER_FAILURE]
    assert told == waiting
    assert play.told()[-1][1:] == (STORM, "CLEARED")


def test_after_a_restart_without_a_queue_an_old_storm_ends() -> None:
    play = stormy(12)
    play.pass_time(1.5)
    play.tells(CLEAR, mac_of(10))
    play.tells(CLEAR, mac_of(11))
    play.restart()
    play.pass_time(5)
    assert STORM not in {alarm.name for alarm in play.fleet.alarms.values()}


def test_new_settings_hold_for_the_next_alarm_and_for_the_queue() -> None:
    play = stormy(40)
    play.hears(SettingsChanged(hurried(storm_burst=100, storm_rate=50)))
    play.pass_time(3)
    assert set(play.tellings(REGISTER_FAILURE)) == {Telling.TOLD}


def test_other_alarms_of_a_phone_know_no_hold_down() -> None:
    play = AlarmPlay(record())
    play.tells(Severity.CRITICAL, MAC)
    assert play.told() == [(1, REGISTER_FAILURE, "CRITICAL")]
