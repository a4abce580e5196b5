"""The storm limit by plain numbers."""

from __future__ import annotations

import math

from daemon.config.alarm_settings import Alarms
from daemon.fleet.alarms.storm import Storm

LIMIT = 100


def _storm(rate: float = 2.0, burst: int = 3) -> Storm:
    return Storm(Alarms(storm_rate=rate, storm_burst=burst))


def _full(storm: Storm, count: int) -> None:
    for index in range(count):
        if not storm.admits(0.0):
            storm.queue(f"alarm {index}", 0.0)


def test_a_burst_passes_and_the_rest_waits_for_its_turn_in_order() -> None:
    storm = _storm()
    _full(storm, 8)
    assert list(storm.waiting) == [f"alarm {index}" for index in range(3, 8)]
    assert storm.next_deadline() == 1.0
    assert storm.turns(0.5, LIMIT) == []
    assert storm.turns(1.0, LIMIT) == ["alarm 3", "alarm 4"]
    assert storm.turns(2.0, LIMIT) == ["alarm 5", "alarm 6"]
    assert storm.turns(3.0, LIMIT) == ["alarm 7"]
    assert storm.next_deadline() == math.inf


def test_nobody_overtakes_whoever_waits() -> None:
    storm = _storm()
    _full(storm, 4)
    assert not storm.admits(100.0)
    assert storm.turns(100.0, LIMIT) == ["alarm 3"]
    assert storm.admits(100.0)


def test_a_turn_is_no_larger_than_its_step() -> None:
    storm = _storm(burst=50)
    _full(storm, 90)
    assert len(storm.turns(1000.0, limit=7)) == 7
    assert len(storm.turns(1001.0, limit=LIMIT)) == 33


def test_who_leaves_loses_nobody_a_turn() -> None:
    storm = _storm()
    _full(storm, 6)
    storm.leave("alarm 3")
    assert storm.turns(1.0, LIMIT) == ["alarm 4", "alarm 5"]


def test_a_rate_below_one_a_second_is_looked_at_as_seldom() -> None:
    storm = _storm(rate=0.1, burst=1)
    _full(storm, 2)
    assert storm.next_deadline() == 10.0
    assert storm.turns(10.0, LIMIT) == ["alarm 1"]
