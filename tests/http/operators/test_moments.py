from __future__ import annotations

import pytest

from daemon.http.operators.moments import read_length, read_moment, read_past_moment
from daemon.http.operators.problems import ProblemFault
from tests.support.builders import NOW


def test_a_time_has_its_zone_and_a_past_one_may_be_so_long_ago() -> None:
    faults: list[ProblemFault] = []

    assert read_moment("1970-01-01T01:00:10+01:00", "at", faults) == 10.0
    assert read_past_moment("1970-01-01T00:00:10Z", "since", NOW, faults) == 10.0
    assert read_past_moment("2h", "since", NOW, faults) == NOW - 7200
    assert read_past_moment("never", "since", NOW, faults) == 0.0
    assert read_length("1h30m", "duration", faults) == 5400.0
    assert read_moment("", "at", faults) is None
    assert read_past_moment("", "since", NOW, faults) is None
    assert read_length("", "duration", faults) is None
    assert not faults


@pytest.mark.parametrize(
    "text", ["yesterday", "2027-01-31T22:00:00", "9999-12-31T00:00:00Z", "0001-01-01T00:00+14:00", "12"]
)
def test_what_is_no_time_is_a_fault_under_its_name(text: str) -> None:
    faults: list[ProblemFault] = []

    assert read_moment(text, "at", faults) is None
    assert read_past_moment(text, "since", NOW, faults) is None
    assert [fault.key for fault in faults] == ["at", "since"]


@pytest.mark.parametrize("text", ["2", "never", "soon"])
def test_a_length_that_is_none_or_has_no_end_is_a_fault(text: str) -> None:
    faults: list[ProblemFault] = []

    assert read_length(text, "duration", faults) is None
    assert [fault.key for fault in faults] == ["duration"]
