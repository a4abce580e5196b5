"""Deadlines against a plain dictionary."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.scheduler.deadlines import Deadlines

KEYS = st.sampled_from("abcdef")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), KEYS, st.integers(0, 50)),
        st.tuples(st.just("cancel"), KEYS, st.just(0)),
        st.tuples(st.just("expire"), st.just(""), st.integers(0, 50)),
    ),
    max_size=60,
)


@given(STEPS)
def test_it_says_what_a_dictionary_would_say(steps: list[tuple[str, str, int]]) -> None:
    deadlines: Deadlines[str] = Deadlines()
    model: dict[str, float] = {}
    for what, key, at in steps:
        if what == "set":
            deadlines.set(key, at)
            model[key] = at
        elif what == "cancel":
            deadlines.cancel(key)
            model.pop(key, None)
        else:
            due = sorted((when, name) for name, when in model.items() if when <= at)
            assert sorted(deadlines.expire(at)) == sorted(name for _, name in due)
            model = {name: when for name, when in model.items() if when > at}
        assert deadlines.next_deadline() == min(model.values(), default=math.inf)
        assert len(deadlines) == len(model)


def test_due_keys_come_earliest_first_and_no_more_than_asked_for() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for key, at in (("c", 3), ("a", 1), ("b", 2)):
        deadlines.set(key, at)
    assert deadlines.expire(10, limit=2) == ["a", "b"]
    assert deadlines.expire(10) == ["c"]


def test_a_key_set_to_never_is_not_there() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("a", 1)
    deadlines.set("a", math.inf)
    assert "a" not in deadlines
    assert deadlines.next_deadline() == math.inf


def test_setting_one_key_for_ever_does_not_grow_the_heap() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for at in range(100_000):
        deadlines.set("a", at)
    assert len(deadlines._heap) < 1100
    assert deadlines.expire(1e9) == ["a"]


@pytest.mark.parametrize("times", [(1.0,), (1.0, 2.0)], ids=["the same", "to and fro"])
def test_setting_keys_to_times_they_had_does_not_grow_the_heap(times: tuple[float, ...]) -> None:
    deadlines: Deadlines[int] = Deadlines()
    for turn in range(40):
        for key in range(100):
            deadlines.set(key, times[turn % len(times)])
    assert len(deadlines._heap) <= 2 * 100 + 1000
    deadlines._prune()
    assert len(deadlines._heap) == 100
    assert deadlines.expire(3.0) == list(range(100))


def test_cancelling_all_but_the_next_leaves_no_heap_of_stale_entries_to_be_cleared_at_once() -> None:
    deadlines = Deadlines[int]()
    for key in range(10_000):
        deadlines.set(key, float(key))
    for key in range(1, 10_000):
        deadlines.cancel(key)
    assert len(deadlines._heap) <= 2 * len(deadlines) + 1000
    assert deadlines.next_deadline() == 0.0
    assert deadlines.expire(1e9) == [0]
