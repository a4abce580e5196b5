"""A phone's round trips, on plain numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.fleet.round_trips import SAMPLES, RoundTrips


def _of(*samples: float) -> RoundTrips:
    trips = RoundTrips()
    for sample in samples:
        trips.add(sample, 0.5)
    return trips


def test_the_smoothed_value_starts_with_the_first_sample_and_goes_half_the_way_to_each_next() -> None:
    assert (_of(1.0).smoothed, _of(1.0, 3.0).smoothed) == (1.0, 2.0)


def test_percentiles_are_samples_that_were_taken() -> None:
    trips = _of(*(float(value) for value in range(1, 11)))
    assert trips.percentiles((0.5, 0.95, 1.0)) == [6.0, 10.0, 10.0]
    assert RoundTrips().percentiles((0.5,)) is None


def test_silence_ends_what_describes_now_and_keeps_what_describes_the_hour() -> None:
    trips = _of(1.0, 2.0)
    trips.fall_silent()
    assert (trips.newest, trips.smoothed, len(trips)) == (None, None, 2)


@given(st.lists(st.floats(0, 60, width=32), max_size=3 * SAMPLES))
def test_the_history_is_the_newest_hour_and_never_more(samples: list[float]) -> None:
    trips = _of(*samples)
    kept = sorted(samples[-SAMPLES:])
    assert len(trips) == len(kept)
    assert trips.percentiles((0.0, 1.0)) == ([kept[0], kept[-1]] if kept else None)


def test_before_the_first_ping_nothing_is_known() -> None:
    trips = RoundTrips()
    assert (trips.newest, trips.smoothed, trips.loss(), trips.percentiles((0.5,)), len(trips)) == (None,) * 4 + (0,)


def test_lost_pings_count_in_the_loss_and_in_nothing_else() -> None:
    trips = _of(1.0)
    trips.lose()
    trips.lose()
    trips.add(3.0, 0.5)
    assert (len(trips), trips.loss()) == (4, 0.5)
    assert (trips.newest, trips.smoothed) == (3.0, 2.0)
    assert trips.percentiles((0.0, 1.0)) == [1.0, 3.0]


def test_the_newest_sample_is_that_of_the_newest_answered_ping() -> None:
    trips = _of(1.0, 2.0)
    trips.lose()
    assert trips.newest == 2.0


def test_one_that_never_answered_has_lost_all() -> None:
    trips = RoundTrips()
    trips.lose()
    assert (trips.loss(), trips.percentiles((0.5,)), trips.newest) == (1.0, None, None)


def test_the_histories_of_two_phones_are_two() -> None:
    one, other = RoundTrips(), RoundTrips()
    one.add(1.0, 0.5)
    other.lose()
    assert (one.loss(), other.loss()) == (0.0, 1.0)


@given(st.lists(st.none() | st.floats(0, 60, width=32), min_size=1, max_size=3 * SAMPLES))
def test_the_loss_is_that_of_the_newest_hour(outcomes: list[float | None]) -> None:
    trips = RoundTrips()
    for outcome in outcomes:
        if outcome is None:
            trips.lose()
        else:
            trips.add(outcome, 0.5)
    newest = outcomes[-SAMPLES:]
    assert trips.loss() == pytest.approx(newest.count(None) / len(newest))
