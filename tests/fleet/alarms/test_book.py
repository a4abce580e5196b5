"""Alarms: identity, renewal, clears, and a sequence without gaps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.fleet.acts import DeviceDeleted
from daemon.fleet.alarms.book import ALARMS_PER_DEVICE
from daemon.fleet.alarms.ledger import SEQUENCE
from daemon.fleet.commands import Decided
from daemon.fleet.events import AlertsHeard, KeepAliveHeard
from daemon.fleet.model import Status
from daemon.fleet.notifications import Occasion, Severity, Telling
from daemon.fleet.store_commands import SaveAlarm, SaveMark
from tests.support.alarm_play import AlarmPlay, hurried, mac_of, phones
from tests.support.builders import MAC, NOW, alert, record, report
from tests.support.playbook import Playbook

SOURCE = "10.1.2.7"
CLEAR = Severity.CLEARED
FAILURE = "IPPhoneRegisterFailure"


def _tells(play: Playbook, *severities: Severity, **fields: Any) -> None:
    for severity in severities:
        play.hears(AlertsHeard(MAC, (alert(severity=severity, **fields),), SOURCE, with_secret=False))


def test_a_phones_alarm_is_named_as_its_trap_and_told() -> None:
    play = Playbook(record())
    _tells(play, Severity.CRITICAL)
    (active,) = play.fleet.alarms.values()
    assert (active.name, active.source, active.tenant) == ("IPPhoneRegisterFailure", f"IPPhone/{MAC}", "acme")
    assert play.told() == [(1, "IPPhoneRegisterFailure", "CRITICAL")]
    assert (play.device().status, play.device().status_reason) == (
        Status.ERROR,
        "critical alarm IPPhoneRegisterFailure",
    )


def test_the_same_alarm_again_renews_its_time_and_is_not_told_again() -> None:
    play = Playbook(record())
    _tells(play, Severity.CRITICAL)
    play.run_to(600)
    _tells(play, Severity.CRITICAL)
    (active,) = play.fleet.alarms.values()
    assert active.updated_at - active.raised_at == 600
    assert len(play.told()) == 1


def test_another_severity_is_a_change_and_is_told() -> None:
    play = Playbook(record())
    _tells(play, Severity.MINOR, Severity.MAJOR)
    assert [severity for _, _, severity in play.told()] == ["MINOR", "MAJOR"]
    assert len(play.fleet.alarms) == 1


def test_a_clear_ends_the_alarm_and_a_second_clear_is_not_told() -> None:
    play = Playbook(record())
    _tells(play, Severity.CRITICAL, CLEAR, CLEAR)
    assert not play.fleet.alarms
    assert play.told() == [(1, "IPPhoneRegisterFailure", "CRITICAL"), (2, "IPPhoneRegisterFailure", "CLEARED")]
    assert Decided("alarm", "clear of an alarm that is not active", MAC) in play.orders


def test_a_phone_that_reports_registered_has_got_over_its_registration_failure() -> None:
    play = Playbook(record())
    _tells(play, Severity.CRITICAL)
    play.hears(KeepAliveHeard(MAC, report("registered"), SOURCE, with_secret=False))
    assert not play.fleet.alarms
    assert play.device().status is Status.OK


def test_an_alarm_nobody_knows_keeps_the_phones_own_words() -> None:
    play = Playbook(record())
    _tells(play, Severity.MINOR, name="IPPHONE COFFEE LOW", event_type=4, probable_cause=30)
    (active,) = play.fleet.alarms.values()
    assert (active.name, active.event_type, active.probable_cause) == ("IPPHONE COFFEE LOW", 4, 30)


def test_a_broken_phone_cannot_invent_alarms_without_end() -> None:
    play = Playbook(record())
    for index in range(ALARMS_PER_DEVICE + 5):
        _tells(play, Severity.MINOR, name=f"NONSENSE {index}")
    assert len(play.fleet.alarms) == ALARMS_PER_DEVICE
    assert Decided("alarm", "refused: too many alarms of one device", MAC) in play.orders


def test_a_broken_phone_cannot_fill_the_history_with_ever_new_alarms() -> None:
    play = Playbook(record())
    for index in range(130):
        _tells(play, Severity.MINOR, CLEAR, name=f"NONSENSE {index}")
    assert play.fleet.parts.alarms.recorded == 120
    assert Decided("alarm", "refused: one device raises too many", MAC) in play.orders
    play.run_to(60)
    _tells(play, Severity.MINOR, name="COFFEE LOW")
    assert len(play.fleet.alarms) == 1


def test_a_deleted_devices_alarms_are_cleared_with_the_managers() -> None:
    play = Playbook(record())
    _tells(play, Severity.CRITICAL)
    play.hears(DeviceDeleted(MAC, "ops"))
    assert play.told()[-1] == (2, "IPPhoneRegisterFailure", "CLEARED")
    assert not play.fleet.alarms


@given(st.lists(st.sampled_from(list(Severity)), max_size=30))
def test_whatever_happens_the_sequence_has_no_gap_and_is_kept_with_each_notification(told: list[Severity]) -> None:
    play = Playbook(record())
    _tells(play, *told)
    sequence = [number for number, _, _ in play.told()]
    assert sequence == list(range(1, len(sequence) + 1))
    assert [int(mark.value) for mark in play.of(SaveMark) if mark.name == SEQUENCE] == sequence
    assert all(order.alarm.severity is not CLEAR for order in play.of(SaveAlarm))


def _again(play: AlarmPlay, times: int, pause: float = 60) -> None:
    """The phone's alarm comes and goes."""
    for _ in range(times):
        play.tells(Severity.CRITICAL)
        play.tells(CLEAR)
        play.pass_time(pause)


def test_a_clear_delay_keeps_the_alarm_and_a_new_raise_takes_the_end_back() -> None:
    play = AlarmPlay(record(), settings=hurried(clear_delay="2m"))
    _again(play, 1, pause=100)
    assert play.alarm(FAILURE, MAC).ends_at == NOW + 120
    play.tells(CLEAR)
    play.tells(Severity.CRITICAL)
    play.pass_time(300)
    alarm = play.alarm(FAILURE, MAC)
    assert (alarm.ends_at, alarm.raises, len(play.told())) == (None, 2, 1)
    assert {"clear waits: clear delay", "clear of an alarm whose end waits", "raised again before its end"} <= (
        play.reasons()
    )
    play.tells(CLEAR)
    play.pass_time(121)
    assert play.told() == [(1, FAILURE, "CRITICAL"), (2, FAILURE, "CLEARED")]
    assert play.device().status is not Status.ERROR


def test_an_alarm_that_is_raised_too_often_flaps_and_stays_until_it_has_been_quiet() -> None:
    play = AlarmPlay(record())
    _again(play, 4)
    assert len(play.history()) == 4
    _again(play, 3)
    flapping = play.alarm(FAILURE, MAC)
    assert flapping.raises == 3
    assert flapping.additional_info == ("flaps: raised more than 4 times within 30m",)
    assert len(play.told()) == 9
    assert play.fleet.parts.alarms.statistics().flapping == 1
    play.pass_time(900)
    assert (len(play.told()), play.history()[-1]) == (10, (FAILURE, "cleared"))


@pytest.mark.parametrize("away", [10.0, 500.0])
def test_an_end_that_waits_comes_after_a_restart_too(away: float) -> None:
    play = AlarmPlay(record(), settings=hurried(clear_delay="2m"))
    _again(play, 1, pause=1)
    play.restart(away)
    play.pass_time(110)
    assert not play.fleet.alarms
    assert play.recorded()[0].cleared_at == max(NOW + 120, NOW + 1 + away)


def test_after_a_restart_a_flapping_alarm_goes_on_flapping() -> None:
    play = AlarmPlay(record())
    _again(play, 9, pause=20)
    play.restart()
    _again(play, 1)
    assert play.alarm(FAILURE, MAC).ends_at is not None


def test_the_book_is_bounded_and_says_when_it_is_full() -> None:
    play = AlarmPlay(*phones(110), settings=hurried(max_active=100, storm_burst=1000))
    for index in range(110):
        play.tells(Severity.MINOR, mac_of(index))
    assert len(play.tellings(FAILURE)) == 100
    assert play.alarm("alarmTableOverflow").additional_info == ("100 alarms are active",)
    assert play.decisions().count(Decided("alarm", "refused: too many alarms", mac_of(109))) == 1
    for index in range(15):
        play.tells(CLEAR, mac_of(index))
    assert "alarmTableOverflow" not in {alarm.name for alarm in play.fleet.alarms.values()}
    assert ("alarmTableOverflow", "CLEARED") in [told[1:] for told in play.told()]


def test_history_says_how_each_alarm_ended_and_its_ids_have_no_gap_over_a_restart() -> None:
    play = AlarmPlay(record())
    _again(play, 2)
    play.restart()
    play.tells(Severity.CRITICAL)
    play.hears(DeviceDeleted(MAC, "ops"))
    assert [past.id for past in play.recorded()] == [1, 2, 3]
    assert play.history() == [(FAILURE, "cleared")] * 2 + [(FAILURE, "device deleted")]
    assert play.recorded()[0].alarm.severity is Severity.CRITICAL


def test_the_worst_that_an_alarm_has_been_stays_with_it() -> None:
    play = AlarmPlay(record(site="hq"))
    play.tells(Severity.MAJOR)
    play.tells(Severity.MINOR)
    alarm = play.alarm(FAILURE, MAC)
    assert (alarm.severity, alarm.peak, alarm.site) == (Severity.MINOR, Severity.MAJOR, "acme/hq")
    assert [told.occasion for told in play.notifications()] == [Occasion.RAISED, Occasion.CHANGED]


def test_statistics_count_what_the_book_holds() -> None:
    play = AlarmPlay(*phones(3), settings=hurried(storm_burst=1, clear_delay="1m"))
    for index in range(3):
        play.tells(Severity.MINOR, mac_of(index))
    play.tells(CLEAR, mac_of(0))
    play.shelve(60, device=mac_of(2))
    play.run_to(0)
    counted = play.fleet.parts.alarms.statistics()
    assert counted.telling == {Telling.TOLD: 1, Telling.QUEUED: 1, Telling.SHELVED: 1}
    assert (counted.ending, counted.shelves, counted.sites_down, counted.recorded) == (1, 1, 0, 0)
