"""The token bucket, on plain numbers."""

from __future__ import annotations

from daemon.scheduler.pacing import TokenBucket


def test_a_full_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = TokenBucket(rate=2, burst=3)
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(101.0) for _ in range(3)] == [True, True, False]


def test_level_and_spend_are_take_in_bulk() -> None:
    bucket = TokenBucket(rate=10, burst=10)
    bucket.spend(bucket.level(5.0))
    assert bucket.level(5.0) == 0
    assert bucket.level(5.5) == 5


def test_a_clock_that_steps_back_gives_nothing_away() -> None:
    bucket = TokenBucket(rate=1, burst=1)
    assert bucket.take(100.0)
    assert not bucket.take(50.0)
    assert not bucket.take(100.5)


def test_so_many_a_minute_may_come_at_once_or_spread_over_it() -> None:
    bucket = TokenBucket.per_minute(30)
    assert sum(bucket.take(100.0) for _ in range(40)) == 30
    assert not bucket.take(101.9)
    assert bucket.take(102.0)
