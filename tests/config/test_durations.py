from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("200ms", 0.2), ("30s", 30), ("5m", 300), ("1h30m", 5400), ("2d", 172800), ("0s", 0), ("1.5s", 1.5)],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


def test_never_is_infinity() -> None:
    assert parse_duration("never") == math.inf
    assert format_duration(math.inf) == "never"


@pytest.mark.parametrize("text", ["60", "", "s", "5 m", "-5s", "1h 30m", "5M", "soon", 60, True, None, "5s\n"])
def test_everything_else_is_refused_with_a_hint(text: object) -> None:
    with pytest.raises(ValueError, match="write it like 200ms"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=10**12))
def test_a_printed_duration_reads_back_the_same(milliseconds: int) -> None:
    assert round(parse_duration(format_duration(milliseconds / 1000)) * 1000) == milliseconds
