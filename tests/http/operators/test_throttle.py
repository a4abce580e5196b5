from __future__ import annotations

from daemon.http.operators.throttle import MAX_SOURCES, WINDOW, WRONG_TOKENS, Throttle


def test_within_its_share_a_source_need_not_wait() -> None:
    throttle = Throttle()

    assert [throttle.note_wrong("10.0.0.1", 5.0) for _ in range(WRONG_TOKENS)] == [0.0] * WRONG_TOKENS
    assert throttle.wrong == WRONG_TOKENS


def test_beyond_it_the_source_waits_for_the_end_of_its_window_and_others_do_not() -> None:
    throttle = Throttle()
    for _ in range(WRONG_TOKENS):
        throttle.note_wrong("10.0.0.1", 5.0)

    assert throttle.note_wrong("10.0.0.1", 15.0) == WINDOW - 10.0
    assert throttle.note_wrong("10.0.0.2", 15.0) == 0.0
    assert throttle.note_wrong("10.0.0.1", 5.0 + WINDOW) == 0.0


def test_the_table_of_sources_is_bounded() -> None:
    throttle = Throttle()
    for number in range(MAX_SOURCES + 5):
        throttle.note_wrong(str(number), 0.0)

    assert len(throttle._sources) == MAX_SOURCES
