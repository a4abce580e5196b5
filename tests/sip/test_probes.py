from __future__ import annotations

import math
from itertools import count

from daemon.fleet.events import ProbeMissed
from daemon.sip import probes as module
from daemon.sip.probes import Probes
from tests.support.sip_messages import ALICE, BOB


def numbered(timeout: float = 4.0) -> Probes:
    numbers = count(1)
    return Probes(timeout, lambda: f"t{next(numbers)}")


def test_an_answer_in_time_gives_the_round_trip_of_its_own_transmission() -> None:
    probes = numbered()
    first, second = probes.start(ALICE, 10.0), probes.start(ALICE, 12.0)
    assert probes.answered(second, 12.5) == (ALICE, 0.5)
    assert probes.answered(first, 12.5) == (ALICE, 2.5)


def test_an_answer_counts_once() -> None:
    probes = numbered()
    token = probes.start(ALICE, 0.0)
    probes.answered(token, 1.0)
    assert probes.answered(token, 1.1) is None
    assert len(probes) == 0


def test_nobody_waits_for_an_invented_token() -> None:
    assert numbered().answered("guessed", 1.0) is None


def test_silence_is_missed_at_its_timeout_and_not_before() -> None:
    probes = numbered()
    probes.start(ALICE, 0.0)
    probes.start(BOB, 1.0)
    assert probes.next_deadline() == 4.0
    assert probes.expire(3.9) == []
    assert probes.expire(4.0) == [ProbeMissed(ALICE, "timeout")]
    assert probes.next_deadline() == 5.0
    assert probes.expire(9.0) == [ProbeMissed(BOB, "timeout")]
    assert probes.next_deadline() == math.inf


def test_an_answered_ping_sets_no_deadline() -> None:
    probes = numbered()
    token = probes.start(ALICE, 0.0)
    probes.start(BOB, 3.0)
    probes.answered(token, 1.0)
    assert probes.next_deadline() == 7.0


def test_a_late_answer_counts_as_late_until_timer_f() -> None:
    probes = numbered()
    early, later = probes.start(ALICE, 0.0), probes.start(ALICE, 0.0)
    probes.expire(4.0)
    assert probes.answered(early, 5.0) == (ALICE, None)
    probes.expire(33.0)
    assert probes.answered(later, 33.0) is None


def test_the_memory_of_late_answers_is_bounded() -> None:
    probes = numbered()
    tokens = [probes.start(ALICE, 0.0) for _ in range(module.MAX_LATE + 10)]
    probes.expire(4.0)
    assert probes.answered(tokens[9], 5.0) is None
    assert probes.answered(tokens[10], 5.0) == (ALICE, None)


def test_a_ping_that_could_not_leave_is_missed_at_once_with_its_cause() -> None:
    probes = numbered()
    probes.failed(probes.start(ALICE, 7.0))
    assert probes.next_deadline() < 7.0
    assert probes.expire(7.0) == [ProbeMissed(ALICE, "send failed")]
    assert probes.next_deadline() == math.inf


def test_a_new_timeout_judges_the_pings_under_way() -> None:
    probes = numbered()
    probes.start(ALICE, 0.0)
    probes.timeout = 1.0
    assert probes.next_deadline() == 1.0
