"""A phone's lag is an alarm when it lasts."""

from __future__ import annotations

from daemon.fleet.acts import SettingsChanged
from daemon.fleet.model import Reachability, Status
from daemon.fleet.records import Snapshot
from tests.support.builders import ACME, MAC, PBX_A, record, settings
from tests.support.playbook import Playbook

PHONE = record(contact="sip:2041@10.1.2.7")
SLOW, FAST = 2.5, 0.01


def lagging(**alarms: object) -> Playbook:
    play = Playbook(PHONE, settings=settings(alarms={"hold_down": "0s", **alarms}))
    play.answers = {MAC: SLOW}
    return play


def names(play: Playbook) -> list[str]:
    return [alarm.name for alarm in play.fleet.alarms.values()]


def test_a_moments_lag_is_no_alarm() -> None:
    play = lagging()
    play.run_to(1500)
    assert play.device().reachability is Reachability.LAGGED
    play.answers = {MAC: FAST}
    play.run_to(7200)
    assert play.told() == []


def test_half_an_hour_of_it_is_a_warning_that_ends_when_the_phone_is_fast_again() -> None:
    play = lagging()
    play.run_to(1900)
    [alarm] = play.fleet.alarms.values()
    assert (alarm.name, alarm.severity.name, alarm.source) == ("deviceLagged", "WARNING", f"IPPhone/{MAC}")
    assert alarm.additional_info[0].startswith("for 30 minutes: answers pings, but slower than its limit")
    assert play.device().status is Status.WARNING
    assert play.device().status_reason.startswith("answers pings, but slower")
    play.answers = {MAC: FAST}
    play.run_to(2500)
    assert play.told() == [(1, "deviceLagged", "WARNING"), (2, "deviceLagged", "CLEARED")]


def test_a_phone_that_then_stops_answering_is_unreachable_instead() -> None:
    play = lagging()
    play.run_to(1900)
    play.answers = {}
    play.run_to(2200)
    assert names(play) == ["deviceUnreachable"]


def test_the_patience_goes_on_after_a_restart_and_may_be_shortened_while_running() -> None:
    play = lagging()
    play.run_to(300)
    snapshot = Snapshot((ACME,), (PBX_A,), (PHONE,), (play.device().state(),))
    again = Playbook(settings=settings(alarms={"hold_down": "0s"}), snapshot=snapshot)
    again.now = play.now
    again.hears(SettingsChanged(settings(alarms={"hold_down": "0s", "lagged_for": "3m"})))
    again.answers = {MAC: SLOW}
    again.run_to(301)
    assert names(again) == ["deviceLagged"]
