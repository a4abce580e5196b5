"""Operators' acts on alarms: acknowledging, taking it back, ending what will not end by itself."""

from __future__ import annotations

from daemon.fleet.acts import AlarmAcknowledged, AlarmDeleted
from daemon.fleet.commands import Answer
from daemon.fleet.model import Status
from daemon.fleet.notifications import Severity
from daemon.fleet.store_commands import Notify, SaveAlarm
from tests.support.alarm_play import AlarmPlay, hurried
from tests.support.builders import MAC, record

FAILURE, WEB_LOGIN = "IPPhoneRegisterFailure", "IPPHONE WEB SUCCESSIVE LOGIN FAILED TRIALS"
GONE = Answer(refused=("there is no such active alarm",))


def failing(**alarms: object) -> tuple[AlarmPlay, str]:
    play = AlarmPlay(record(), settings=hurried(**alarms))
    play.tells(Severity.CRITICAL)
    return play, play.alarm(FAILURE, MAC).id


def test_who_acknowledged_when_and_what_they_wrote_is_kept_and_receivers_hear_nothing() -> None:
    play, alarm_id = failing()
    play.pass_time(5)
    orders = play.hears(AlarmAcknowledged(alarm_id, "ticket 4711", "eve"))
    (kept,) = [order.alarm for order in orders if isinstance(order, SaveAlarm)]
    assert (kept.acknowledged_by, kept.acknowledged_at, kept.note) == ("eve", play.now, "ticket 4711")
    assert not [order for order in orders if isinstance(order, Notify)]
    play.restart()
    assert play.alarm(FAILURE, MAC) == kept


def test_an_acknowledgement_stays_with_a_change_and_goes_with_the_alarm() -> None:
    play, alarm_id = failing()
    play.hears(AlarmAcknowledged(alarm_id, "mine", "eve"))
    play.tells(Severity.MINOR)
    assert play.alarm(FAILURE, MAC).acknowledged_by == "eve"
    play.tells(Severity.CLEARED)
    play.tells(Severity.CRITICAL)
    assert play.alarm(FAILURE, MAC).acknowledged_by == ""
    assert play.recorded()[0].alarm.note == "mine"


def test_an_acknowledgement_can_be_taken_back() -> None:
    play, alarm_id = failing()
    before = play.alarm(FAILURE, MAC)
    play.hears(AlarmAcknowledged(alarm_id, "mine", "eve"))
    play.hears(AlarmAcknowledged(alarm_id, "", "eve", taken_back=True))
    assert play.alarm(FAILURE, MAC) == before


def test_a_note_is_bounded_and_what_is_not_active_can_be_neither_acknowledged_nor_deleted() -> None:
    play, alarm_id = failing()
    (refused,) = play.hears(AlarmAcknowledged(alarm_id, "x" * 256, "eve"))
    assert refused == Answer(refused=("the note is longer than 255 characters",))
    assert play.hears(AlarmAcknowledged("none", "", "eve")) == [GONE]
    assert play.hears(AlarmDeleted("none", "eve")) == [GONE]


def test_deleting_an_alarm_is_a_clear_that_says_by_whom() -> None:
    play, alarm_id = failing(clear_delay="1h")
    assert play.device().status is Status.ERROR
    play.hears(AlarmDeleted(alarm_id, "eve"))
    assert play.told()[-1] == (2, FAILURE, "CLEARED")
    assert play.history() == [(FAILURE, "deleted by eve")]
    assert play.device().status is not Status.ERROR
    assert "deleted" in play.reasons()  # a counter's label, so it names nobody


def test_failed_web_logins_end_a_minute_after_the_last_and_with_them_the_devices_warning() -> None:
    play = AlarmPlay(record())
    for _ in range(3):
        play.tells(Severity.MAJOR, name=WEB_LOGIN)
        play.pass_time(50)
    assert len(play.told()) == 1
    assert play.device().status is Status.WARNING
    play.pass_time(11)
    assert play.told()[-1] == (2, "IPPhoneWebSuccessiveLoginFailure", "CLEARED")
    assert play.history() == [("IPPhoneWebSuccessiveLoginFailure", "expired: not reported again")]
    assert play.device().status is not Status.WARNING


def test_after_a_restart_their_minute_goes_on() -> None:
    play = AlarmPlay(record())
    play.tells(Severity.MAJOR, name=WEB_LOGIN)
    play.restart(away=40)
    play.pass_time(19)
    assert play.fleet.alarms
    play.pass_time(2)
    assert not play.fleet.alarms
