from __future__ import annotations

import math

from daemon.simulate.characters import Moment, Script, Turn
from daemon.simulate.performance import Performance

MOMENTS = (Moment(10.0, Turn.MUTE), Moment(20.0, Turn.SPEAK))


def played(performance: Performance, turns: int) -> list[tuple[float, Turn]]:
    return [(performance.next_deadline(), performance.take()) for _ in range(turns)]


def test_a_script_begins_again_after_its_time() -> None:
    assert played(Performance(Script(MOMENTS, every=60.0), begin=1000.0, pace=1.0), 3) == [
        (1010.0, Turn.MUTE),
        (1020.0, Turn.SPEAK),
        (1070.0, Turn.MUTE),
    ]


def test_without_a_time_it_is_played_once_and_without_turns_never() -> None:
    once = Performance(Script(MOMENTS), begin=0.0, pace=1.0)
    played(once, 2)
    assert once.next_deadline() == math.inf
    assert Performance(Script(), begin=0.0, pace=1.0).next_deadline() == math.inf


def test_it_can_be_played_slower_and_faster() -> None:
    assert played(Performance(Script(MOMENTS), begin=100.0, pace=0.5), 1) == [(105.0, Turn.MUTE)]
