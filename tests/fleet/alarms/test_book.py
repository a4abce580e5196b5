"""Alarms: identity, renewal, clears, and a sequence without gaps."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from daemon.fleet.acts import DeviceDeleted
from daemon.fleet.alarms.book import ALARMS_PER_DEVICE, SEQUENCE
from daemon.fleet.commands import Decided
from daemon.fleet.events import AlertsHeard, KeepAliveHeard
from daemon.fleet.model import Status
from daemon.fleet.notifications import Severity
from daemon.fleet.store_commands import SaveAlarm, SaveMark
from tests.support.builders import MAC, alert, record, report
from tests.support.playbook import Playbook

SOURCE = "10.1.2.7"
CLEAR = Severity.CLEARED


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
