"""Who guesses, told apart from a site of honest phones behind the same address."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config.contact_settings import Guesses
from daemon.http.phones import guessers as module
from daemon.http.phones.guessers import Guess, Guessers, Suspicion, whose

NAT, ELSEWHERE = "203.0.113.9", "203.0.113.10"
FEW = Guesses(unknown_phones=3, wrong_proofs=2)  # in ten minutes, and six looks a minute beyond


def guessed(book: Guessers, count: int, source: str = NAT, now: float = 0.0) -> None:
    for number in range(count):
        book.note(source, Guess.UNKNOWN_PHONE, f"{number:012x}", now)


def test_an_address_is_slowed_beyond_its_limit_and_no_other_with_it() -> None:
    book = Guessers(FEW)
    guessed(book, 3)
    assert not book.slows(NAT, 0.0)
    guessed(book, 4)
    assert book.slows(NAT, 0.0)
    assert not book.slows(ELSEWHERE, 0.0)


def test_a_few_requests_a_minute_are_still_looked_at() -> None:
    book = Guessers(FEW)
    guessed(book, 4)
    assert [book.admits(NAT, 0.0) for _ in range(8)] == [True] * 6 + [False] * 2
    assert [book.admits(NAT, 60.0) for _ in range(8)] == [True] * 6 + [False] * 2
    assert book.admits(ELSEWHERE, 60.0)
    assert book.statistics().turned_away == 4


def test_the_same_guess_again_is_no_new_one() -> None:
    book = Guessers(FEW)
    for _ in range(50):
        book.note(NAT, Guess.WRONG_PROOF, "the secret of yesterday", 0.0)
    assert not book.slows(NAT, 0.0)
    assert book.statistics().guesses == {"wrong proof": 1}


def test_each_kind_has_its_own_limit() -> None:
    book = Guessers(FEW)
    guessed(book, 3)
    for secret in ("a", "b"):
        book.note(NAT, Guess.WRONG_PROOF, secret, 0.0)
    assert not book.slows(NAT, 0.0)
    book.note(NAT, Guess.WRONG_PROOF, "c", 0.0)
    assert book.slows(NAT, 0.0)


def test_guesses_are_forgotten_when_they_leave_the_window() -> None:
    book = Guessers(FEW)
    guessed(book, 4)
    assert book.slows(NAT, 599.0)
    assert not book.slows(NAT, 600.0)
    assert book.statistics().remembered == 0


def test_new_limits_count_at_once() -> None:
    book = Guessers(FEW)
    guessed(book, 4)
    book.apply(Guesses())
    assert not book.slows(NAT, 0.0)


def test_there_is_something_to_say_at_once_and_then_once_a_minute_for_as_long_as_it_goes_on() -> None:
    book = Guessers(FEW)
    guessed(book, 3)
    assert book.suspicion(NAT, 0.0) is None
    guessed(book, 4)
    assert book.suspicion(NAT, 0.0) == Suspicion(4, 0, 0)
    assert book.suspicion(NAT, 59.0) is None
    assert book.suspicion(NAT, 60.0) is not None
    assert book.suspicion(NAT, 600.0) is None


def test_everybody_behind_a_unix_socket_is_nobody_in_particular() -> None:
    book = Guessers(FEW)
    guessed(book, 100, source="")
    assert not book.slows("", 0.0)
    assert book.admits("", 0.0)


def test_in_ipv6_a_customer_is_a_network() -> None:
    assert whose("2001:db8::1") == whose("2001:db8::ffff:2") != whose("2001:db8:0:1::1")
    assert whose("::ffff:203.0.113.9") == whose(NAT) != whose(ELSEWHERE)
    book = Guessers(FEW)
    for number in range(4):
        book.note(f"2001:db8::{number}", Guess.UNKNOWN_PHONE, f"{number:012x}", 0.0)
    assert book.slows("2001:db8::99", 0.0)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8), st.floats(0, 300)), max_size=80))
def test_memory_is_bounded_and_the_counts_are_those_of_the_window(steps: list[tuple[int, int, float]]) -> None:
    book, now = Guessers(FEW), 0.0
    seen: dict[tuple[str, str], float] = {}
    for who, what, later in steps:
        now += later
        source = f"192.0.2.{who}"
        book.note(source, Guess.UNKNOWN_PHONE, str(what), now)
        seen[source, str(what)] = now
        fresh = {key for key, at in seen.items() if at > now - FEW.window}
        assert book.statistics().remembered == len(fresh)
        assert book.slows(source, now) == (sum(key[0] == source for key in fresh) > FEW.unknown_phones)


def test_a_flood_of_addresses_pushes_out_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_GUESSES", 50)
    book = Guessers(FEW)
    for number in range(60):
        book.note(f"10.0.0.{number}", Guess.UNKNOWN_PHONE, "x", 0.0)
    assert book.statistics().remembered == 50
