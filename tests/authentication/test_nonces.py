"""Nonces: made without a trace, believed once per count, and never again once they were let go of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.authentication import nonces
from daemon.authentication.nonces import WINDOW, Nonces

NOW, LIFE = 1_800_000_000.0, 300.0
MD5 = "MD5"


def book() -> Nonces:
    return Nonces(b"k" * 32)


def test_a_nonce_is_good_for_its_lifetime_and_leaves_nothing_behind_before_it_is_used() -> None:
    ours = book()
    made = [ours.make(MD5, NOW) for _ in range(3)]
    assert len(set(made)) == 3
    assert len(ours) == 0
    assert ours.spend(made[0], MD5, 1, NOW + LIFE, LIFE)
    assert not ours.spend(made[1], MD5, 1, NOW + LIFE + 1, LIFE)
    assert len(ours) == 1


@pytest.mark.parametrize("nonce", ["", "x", "A" * 32, "\u00e4" * 32, "!" * 32])
def test_what_we_did_not_make_is_not_good(nonce: str) -> None:
    assert not book().spend(nonce, MD5, 1, NOW, LIFE)


def test_a_nonce_is_good_for_its_own_algorithm_and_daemon_only() -> None:
    ours = book()
    nonce = ours.make("SHA-256", NOW)
    assert not ours.spend(nonce, MD5, 1, NOW, LIFE)
    assert not Nonces(b"x" * 32).spend(nonce, "SHA-256", 1, NOW, LIFE)
    assert ours.spend(nonce, "SHA-256", 1, NOW, LIFE)


def test_a_count_that_was_overtaken_is_taken_within_the_window() -> None:
    ours = book()
    nonce = ours.make(MD5, NOW)
    taken = [ours.spend(nonce, MD5, nc, NOW, LIFE) for nc in (1, 3, 2, 2, 1, 100, 100 - WINDOW, 100 - WINDOW + 1, 99)]
    assert taken == [True, True, True, False, False, True, False, True, True]


@given(st.lists(st.integers(0, 70), max_size=60))
def test_no_count_is_ever_taken_twice(counts: list[int]) -> None:
    ours = book()
    nonce = ours.make(MD5, NOW)
    taken = [nc for nc in counts if ours.spend(nonce, MD5, nc, NOW, LIFE)]
    assert len(taken) == len(set(taken))
    rising = sorted(set(counts))
    assert not counts or (counts != rising or taken == counts)


def test_what_is_let_go_of_cannot_be_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nonces, "MAX_REMEMBERED", 2)
    ours = book()
    old = [ours.make(MD5, NOW + i) for i in range(4)]
    assert [ours.spend(nonce, MD5, 1, NOW + 5, LIFE) for nonce in old[:3]] == [True] * 3
    assert len(ours) == 2
    assert not ours.spend(old[0], MD5, 1, NOW + 5, LIFE)  # it was let go of
    assert ours.spend(old[1], MD5, 2, NOW + 5, LIFE)
    assert ours.spend(old[3], MD5, 1, NOW + 5, LIFE)
    assert ours.pushed_out == 2


def test_what_has_aged_out_leaves_the_memory_pushes_nobody_out_and_stays_stale_if_the_lifetime_grows() -> None:
    ours = book()
    old = [ours.make(MD5, NOW + number) for number in range(3)]
    assert all(ours.spend(nonce, MD5, 1, NOW + 5, LIFE) for nonce in old)
    later = NOW + LIFE + 9
    assert ours.spend(ours.make(MD5, later), MD5, 1, later, LIFE)
    assert len(ours) == 2  # two went, one came
    assert ours.spend(ours.make(MD5, later), MD5, 1, later, LIFE)
    assert (len(ours), ours.pushed_out) == (2, 0)
    assert not any(ours.spend(nonce, MD5, 1, later, 10 * LIFE) for nonce in old)
