"""Too much to do is an alarm when it lasts; and it has to be over for a while until it is over."""

from __future__ import annotations

import pytest

from daemon.config.overload_settings import Overload
from daemon.fleet.alarms.overload import OverloadWatch, Verdict, described
from daemon.fleet.events import LoadMeasured

LIMITS = Overload()  # a minute above, two minutes below
CALM = LoadMeasured(0.0, 0.0, 0.0)
BUSY = LoadMeasured(0.8, 0.0, 0.0)
BETWEEN = LoadMeasured(0.3, 0.0, 0.0)


def story(*measured: tuple[float, LoadMeasured], overloaded: bool = False) -> list[tuple[float, str]]:
    """What was decided and when, of measurements at these seconds."""
    watch, found = OverloadWatch(), list[tuple[float, str]]()
    for second, load in measured:
        verdict = watch.judge(load, LIMITS, 1000.0 + second, overloaded=overloaded)
        if verdict is not Verdict.SAME:
            overloaded = verdict is Verdict.OVERLOADED
            found.append((second, verdict.name))
    return found


def test_a_burst_is_nothing() -> None:
    assert story((0, BUSY), (30, BUSY), (55, CALM), (60, BUSY), (115, BUSY)) == []


def test_a_minute_of_it_is_an_alarm_that_ends_after_two_quiet_ones() -> None:
    assert story((0, BUSY), (60, BUSY), (65, CALM), (184, CALM), (185, CALM)) == [(60, "OVERLOADED"), (185, "CALM")]


def test_between_the_limits_it_neither_begins_nor_ends() -> None:
    assert story((0, BETWEEN), (600, BETWEEN)) == []
    assert story((0, CALM), (100, BETWEEN), (120, CALM), (230, CALM), (240, CALM), overloaded=True) == [(240, "CALM")]


@pytest.mark.parametrize(
    ("load", "said"),
    [
        (BUSY, "80% of the loop's turns were late"),
        (LoadMeasured(0, 12.5, 0), "12.5 requests a second turned away"),
        (LoadMeasured(0, 0, 0.75), "75% of what may wait for the disk waits"),
    ],
)
def test_every_sign_counts_and_is_named(load: LoadMeasured, said: str) -> None:
    assert described(load, LIMITS) == (said,)
    assert story((0, load), (60, load)) == [(60, "OVERLOADED")]
