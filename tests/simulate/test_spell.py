from __future__ import annotations

from daemon.simulate.spell import Spell


def test_a_spell_comes_once_and_goes() -> None:
    spell = Spell(at=10, lasts=5)
    assert [spell.on(at) for at in (0, 9.9, 10, 14.9, 15, 1000)] == [False, False, True, True, False, False]


def test_a_spell_that_comes_back_does_so_each_time() -> None:
    spell = Spell(at=10, lasts=5, every=100)
    assert [spell.on(at) for at in (0, 12, 20, 110, 114, 115, 512)] == [False, True, False, True, True, False, True]
