"""Pings under way, on plain numbers."""

from __future__ import annotations

import math
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from daemon.fleet.events import ProbeAnswer, ProbeMissed
from daemon.sip import probes as module
from daemon.sip.probes import GRAIN, TIMER_F, Probes
from tests.support.sip_messages import ALICE, BOB


def numbered(timeout: float = 4.0) -> Probes:
    numbers = count(1)
    return Probes(timeout, lambda wanted: [f"t{next(numbers)}" for _ in range(wanted)])


def answered(probes: Probes, match: tuple[int, str], at: float) -> ProbeAnswer | None:
    """What becomes of one answer."""
    [answer], others = probes.answered([match], [at])
    assert others == []
    return answer


def test_what_is_no_answer_is_given_back_by_its_place_among_those_that_are() -> None:
    probes = numbered()
    token = probes.start([ALICE], 1.0)[0]
    assert probes.answered([None, (200, token), None], [2.0, 2.0, 2.0]) == ([None, (ALICE, 200, 1.0), None], [0, 2])


def test_an_answer_in_time_gives_the_round_trip_of_its_own_transmission() -> None:
    probes = numbered()
    (first,), (second,) = probes.start([ALICE], 10.0), probes.start([ALICE], 12.0)
    assert answered(probes, (200, second), 12.5) == (ALICE, 200, 0.5)
    assert answered(probes, (404, first), 12.5) == (ALICE, 404, 2.5)


def test_pings_that_leave_together_have_a_token_each_in_their_order() -> None:
    probes = numbered()
    alices, bobs = probes.start([ALICE, BOB], 10.0)
    assert len(probes) == 2
    assert answered(probes, (200, bobs), 11.0) == (BOB, 200, 1.0)
    assert answered(probes, (200, alices), 12.0) == (ALICE, 200, 2.0)
    assert len(probes) == 0


def test_an_answer_counts_once() -> None:
    probes = numbered()
    (token,) = probes.start([ALICE], 0.0)
    answered(probes, (200, token), 1.0)
    assert answered(probes, (200, token), 1.1) is None
    assert len(probes) == 0


def test_nobody_waits_for_an_invented_token() -> None:
    assert answered(numbered(), (200, "guessed"), 1.0) is None


def test_silence_is_missed_at_its_timeout_and_not_before() -> None:
    probes = numbered()
    probes.start([ALICE], 0.0)
    probes.start([BOB], 1.0)
    assert probes.next_deadline() == 4.0
    assert probes.expire(3.9) == []
    assert probes.expire(4.0) == [ProbeMissed(ALICE, "timeout")]
    assert probes.next_deadline() == 5.0
    assert probes.expire(9.0) == [ProbeMissed(BOB, "timeout")]
    assert probes.next_deadline() == math.inf


def test_timeouts_are_looked_at_four_times_a_second_and_never_early() -> None:
    probes = numbered()
    probes.start([ALICE], 0.01)
    assert probes.next_deadline() == 4.25
    assert probes.expire(4.0) == []
    assert probes.expire(4.25) == [ProbeMissed(ALICE, "timeout")]


def test_of_pings_that_left_together_only_the_unanswered_are_missed() -> None:
    probes = numbered()
    tokens = probes.start([ALICE, BOB, ALICE], 0.0)
    answered(probes, (200, tokens[1]), 1.0)
    assert probes.expire(4.0) == [ProbeMissed(ALICE, "timeout")] * 2


def test_an_answered_ping_is_not_missed() -> None:
    probes = numbered()
    (token,) = probes.start([ALICE], 0.0)
    answered(probes, (200, token), 1.0)
    assert probes.expire(5.0) == []
    assert probes.next_deadline() == math.inf


def test_a_late_answer_counts_as_late_until_timer_f() -> None:
    probes = numbered()
    early, later = probes.start([ALICE, ALICE], 0.0)
    probes.expire(4.0)
    assert answered(probes, (200, early), 5.0) == (ALICE, 200, None)
    assert answered(probes, (200, early), 5.0) is None
    probes.expire(TIMER_F + 1)
    assert answered(probes, (200, later), TIMER_F + 1) is None


def test_the_memory_of_late_answers_is_bounded() -> None:
    probes = numbered()
    tokens = probes.start([ALICE] * (module.MAX_LATE + 10), 0.0)
    probes.expire(4.0)
    assert answered(probes, (200, tokens[9]), 5.0) is None
    assert answered(probes, (200, tokens[10]), 5.0) == (ALICE, 200, None)
    assert probes.pushed_out == 10
    probes.expire(TIMER_F + 5)
    assert probes.pushed_out == 10  # of the others too much time has passed, which is no want of room


def test_a_ping_that_got_nowhere_is_missed_at_once_with_its_cause_and_only_once() -> None:
    probes = numbered()
    lost, other = probes.start([ALICE, BOB], 7.0)
    assert probes.failed(lost, "send failed")
    assert not probes.failed(lost, "icmp: port unreachable")
    assert probes.next_deadline() < 7.0
    assert probes.expire(7.0) == [ProbeMissed(ALICE, "send failed")]
    assert probes.next_deadline() == 11.0
    assert answered(probes, (200, lost), 7.5) is None
    assert answered(probes, (200, other), 7.5) == (BOB, 200, 0.5)
    assert probes.expire(11.0) == []


def test_nothing_fails_that_nobody_waits_for() -> None:
    probes = numbered()
    assert not probes.failed("guessed", "icmp: host unreachable")
    assert (probes.next_deadline(), probes.expire(99.0)) == (math.inf, [])


def test_a_new_timeout_judges_the_pings_under_way() -> None:
    probes = numbered()
    probes.start([ALICE], 0.0)
    probes.timeout = 1.0
    assert probes.next_deadline() == 1.0


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 4), st.floats(0.001, 8) | st.none()), max_size=30))
def test_every_ping_has_one_outcome(turns: list[tuple[float, int, float | None]]) -> None:
    """It is answered in time or missed, whatever the order; of those missed some are answered late."""
    probes, now, arrivals, outcomes, sent = numbered(), 0.0, list[tuple[float, str]](), 0, 0
    for pause, many, delay in turns:
        now += pause
        tokens = probes.start([ALICE] * many, now)
        sent += many
        if delay is not None:
            arrivals.append((now + delay, tokens[0]))
    events = sorted(arrivals)
    while events or probes.next_deadline() < math.inf:
        due = probes.next_deadline()
        if events and events[0][0] < due:
            at, token = events.pop(0)
            answer = answered(probes, (200, token), at)
            assert answer is not None
            if answer[2] is not None:
                assert answer[2] <= 4.0 + GRAIN
                outcomes += 1
        else:
            outcomes += len(probes.expire(due))
    assert (outcomes, len(probes)) == (sent, 0)


def test_a_silent_site_is_told_in_steps_and_nobody_is_left_out() -> None:
    probes = numbered()
    for moment in range(10):
        probes.start([f"phone-{moment}-{number}" for number in range(50)], moment / 100)
    probes.failed("t1", "refused")
    told = [probes.expire(10.0) for _ in range(5)]
    assert max(map(len, told)) < module.AT_ONCE + 50
    assert len({miss.key for step in told for miss in step}) == 500
    assert probes.next_deadline() == math.inf
