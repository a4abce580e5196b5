from __future__ import annotations

import pytest

from daemon.config.settings import Settings
from daemon.fleet.events import OutputFailed, OutputRecovered, OutputsConfigured
from tests.support.builders import record
from tests.support.playbook import Playbook


@pytest.fixture
def play() -> Playbook:
    return Playbook(record(), settings=Settings())


def test_an_output_that_fails_is_an_alarm_until_it_recovers(play: Playbook) -> None:
    play.hears(OutputFailed("output/duty", "was answered 500"))
    [alarm] = play.fleet.alarms.values()
    assert (alarm.name, alarm.source, alarm.additional_info) == (
        "outputDown",
        "Receiver/output/duty",
        ("was answered 500",),
    )
    play.hears(OutputRecovered("output/other"))
    play.hears(OutputRecovered("output/duty"))
    play.hears(OutputRecovered("output/duty"))
    assert play.told() == [(1, "outputDown", "MAJOR"), (2, "outputDown", "CLEARED")]


def test_the_alarm_of_an_output_that_is_gone_from_the_settings_ends(play: Playbook) -> None:
    play.hears(OutputFailed("output/duty", "timeout"))
    play.hears(OutputFailed("output/log", "timeout"))
    play.hears(OutputsConfigured(("output/log",)))
    assert [alarm.source for alarm in play.fleet.alarms.values()] == ["Receiver/output/log"]
