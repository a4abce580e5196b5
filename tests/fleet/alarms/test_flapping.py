"""How often an alarm was raised within the window."""

from __future__ import annotations

from dataclasses import replace

from daemon.config.alarm_settings import Alarms
from daemon.fleet.alarms.flapping import Flapping
from tests.support.notifications import WEDNESDAY, an_alarm

SETTINGS = Alarms(flap_limit=3, flap_window=100.0)
ID = "an alarm"


def _raised(*times: float) -> Flapping:
    flapping = Flapping((), SETTINGS)
    for at in times:
        flapping.raised(ID, at)
    return flapping


def test_as_often_as_the_limit_is_no_flapping_and_once_more_is() -> None:
    assert not _raised(0, 10, 20).flaps(ID, 20)
    assert _raised(0, 10, 20, 30).flaps(ID, 30)


def test_it_flaps_no_longer_when_the_window_has_passed() -> None:
    flapping = _raised(0, 10, 20, 30)
    assert flapping.flaps(ID, 99)
    assert not flapping.flaps(ID, 100)


def test_ever_new_alarms_take_no_more_room_than_there_may_be_alarms() -> None:
    flapping = Flapping((), SETTINGS.model_copy(update={"max_active": 100}))
    for number in range(1000):
        flapping.raised(f"alarm {number}", 1.0)
    assert len(flapping) == 100


def test_seldom_raises_never_add_up() -> None:
    assert not _raised(*range(0, 2000, 40)).flaps(ID, 1960)


def test_additional_information_says_so_while_it_lasts() -> None:
    flapping = _raised(0, 10, 20, 30)
    (_, said) = told = flapping.said(("pbx-a refused it",), ID, 30)
    assert said == "flaps: raised more than 3 times within 1m40s"
    assert flapping.said(told, ID, 40) == told
    assert flapping.said(told, ID, 200) == ("pbx-a refused it",)


def test_what_was_not_raised_for_a_whole_window_is_forgotten() -> None:
    flapping = _raised(0, 10)
    flapping.raised("another", 200)
    assert set(flapping._raises) == {"another"}


def test_after_a_restart_an_active_alarm_begins_with_the_raises_of_its_life() -> None:
    often = replace(an_alarm(), raises=9)
    flapping = Flapping((often, replace(an_alarm(name="another"), raises=1)), SETTINGS)
    assert flapping.flaps(often.id, WEDNESDAY + 50)
    assert not flapping.flaps(often.id, WEDNESDAY + 100)
