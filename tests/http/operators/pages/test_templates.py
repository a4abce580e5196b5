from __future__ import annotations

import pytest

from daemon.http.operators.pages.templates import ago, clock_time, spoken
from daemon.scheduler.timestamps import rfc3339
from tests.support.builders import NOW


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (0, "0 s ago"),
        (59.9, "59 s ago"),
        (60, "1 min ago"),
        (7199, "1 h ago"),
        (3 * 86400, "3 d ago"),
        (-90, "in 1 min"),
    ],
)
def test_an_age_is_said_in_its_largest_unit(passed: float, said: str) -> None:
    assert ago(rfc3339(NOW - passed), NOW) == said


def test_states_are_said_as_words() -> None:
    assert [spoken(name) for name in ("NEVER_SEEN", "OK", "LAGGED")] == ["never seen", "OK", "lagged"]


def test_times_are_said_to_the_second() -> None:
    assert clock_time("2026-03-04T09:15:02.125Z") == "2026-03-04 09:15:02"
