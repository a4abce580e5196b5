"""So many failures at once, so many a minute, and so many names."""

from __future__ import annotations

import pytest

from daemon.sip import throttle
from daemon.sip.throttle import Throttle


def test_tokens_are_used_up_and_flow_back() -> None:
    limit = Throttle(per_minute=6, burst=3)
    assert [limit.take("a", 0.0) for _ in range(4)] == [3, 2, 1, 0]
    assert limit.left("b", 0.0) == 3
    assert limit.take("a", 10.0) == pytest.approx(1)
    assert limit.left("a", 1000.0) == 3


def test_a_clock_that_steps_back_gives_nothing() -> None:
    limit = Throttle(6, 3)
    limit.take("a", 100.0)
    assert limit.left("a", 50.0) == 2


def test_the_names_are_bounded_and_the_quietest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MAX_NAMES", 2)
    limit = Throttle(6, 3)
    for name in ("a", "b", "a", "c"):
        limit.take(name, 0.0)
    assert len(limit) == 2
    assert [limit.left(name, 0.0) for name in "abc"] == [1, 3, 2]
