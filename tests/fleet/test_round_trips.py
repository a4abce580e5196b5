"""A phone's round trips, on plain numbers."""

from __future__ import annotations

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
