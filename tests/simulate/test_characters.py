from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.simulate.characters import DECK, Character, Turn, cast, script_of


@settings(max_examples=50, deadline=None)
@given(count=st.integers(50, 400), seed=st.integers())
def test_every_fleet_of_fifty_or_more_has_every_character(count: int, seed: int) -> None:
    assert set(cast(count, seed)) == set(DECK)


def test_the_first_thirteen_phones_are_one_of_each_and_none_is_a_newcomer() -> None:
    assert set(cast(13, 3)) == set(DECK) == set(Character) - {Character.NEWCOMER}


def test_a_deck_is_fifty_cards() -> None:
    assert sum(DECK.values()) == 50
    assert Counter(cast(50, 7)) == Counter(DECK)


def test_the_same_seed_casts_the_same_fleet_and_another_does_not() -> None:
    assert cast(200, 1) == cast(200, 1)
    assert cast(200, 1) != cast(200, 2)


@pytest.mark.parametrize("character", Character)
@pytest.mark.parametrize("seed", range(5))
def test_within_three_minutes_every_turn_of_a_script_has_come(character: Character, seed: int) -> None:
    script = script_of(character, Random(seed))
    moments = [moment.at for moment in script.moments]
    assert moments == sorted(moments)
    assert all(at < 180 for at in moments)
    assert script.every > max(moments, default=0)


def test_dying_is_for_good() -> None:
    script = script_of(Character.DYING, Random(1))
    assert [moment.turn for moment in script.moments] == [Turn.DIE]
    assert script.every == float("inf")
