"""The timing wheel, against a model that looks at every member, and with a fleet of 60,000."""

from __future__ import annotations

import math
from collections import Counter
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from daemon.scheduler.ring import GRAIN, PLACES, Ring
from tests.support.builders import NOW

MEMBERS = "abcdef"
SHARES = dict(zip(MEMBERS, (0.0, 0.1, 0.1, 0.5, 0.95, 0.9999999), strict=True))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(("add", "discard")), st.sampled_from(MEMBERS), st.just(0.0)),
        st.tuples(st.just("expire"), st.just(""), st.floats(0, 25)),
    ),
    max_size=40,
)


def ring_of(*shares: float, period: float = 60.0, now: float = NOW) -> Ring[float]:
    ring: Ring[float] = Ring(period, now)
    for share in shares:
        ring.add(share, share)
    return ring


def dues(ring: Ring[float], until: float) -> list[tuple[float, list[float]]]:
    """When somebody is due until then, and who."""
    found = []
    while (at := ring.next_deadline()) <= until:
        found.append((at, ring.expire(at)))
    return found


def test_everybody_is_due_once_a_period_each_at_a_place_of_its_own() -> None:
    turns = dues(ring_of(0.25, 0.75, now=NOW), NOW + 180)
    assert [members for _, members in turns] == [[0.25], [0.75]] * 3
    assert [round(at - NOW, 3) for at, _ in turns] == [15, 45, 75, 105, 135, 165]


def test_a_restart_finds_everybody_at_the_same_place() -> None:
    before = [at for at, _ in dues(ring_of(0.1, 0.4, 0.8), NOW + 120)]
    after = [at for at, _ in dues(ring_of(0.8, 0.1, 0.4, now=NOW + 33.3333), NOW + 120)]
    assert after == [at for at in before if at > NOW + 33.3333]


def test_after_a_long_pause_nobody_is_due_twice_and_then_everybody_at_the_usual_place() -> None:
    ring = ring_of(0.1, 0.4, 0.8)
    assert sorted(ring.expire(NOW + 1000)) == [0.1, 0.4, 0.8]
    assert [(round(at - NOW, 3), who) for at, who in dues(ring, NOW + 1030)] == [(1008, [0.8]), (1026, [0.1])]


def test_a_pause_of_less_than_a_period_costs_nobody_anything() -> None:
    ring = ring_of(0.1, 0.4, 0.8)
    assert ring.expire(NOW + 30) == [0.1, 0.4]
    assert ring.expire(NOW + 70) == [0.8, 0.1]  # in the order of their places, over the end of the period
    assert ring.expire(NOW + 70) == []


def test_whoever_is_taken_away_is_not_due_any_more() -> None:
    ring = ring_of(0.1, 0.4)
    ring.discard(0.4, 0.4)
    ring.discard(0.4, 0.4)
    ring.discard(0.7, 0.7)
    assert (len(ring), ring.expire(NOW + 59)) == (1, [0.1])
    ring.discard(0.1, 0.1)
    assert (len(ring), ring.next_deadline()) == (0, math.inf)


def test_who_joins_twice_is_there_once() -> None:
    ring = ring_of(0.1, 0.1)
    assert (len(ring), ring.expire(NOW + 59)) == (1, [0.1])


def test_time_that_stands_still_or_steps_back_makes_nobody_due() -> None:
    ring = ring_of(0.1)
    assert ring.expire(NOW + 6) == [0.1]
    assert ring.expire(NOW + 6) == ring.expire(NOW - 1000) == []


def test_an_empty_ring_has_no_deadline_however_long_it_was_empty() -> None:
    ring = ring_of()
    assert ring.next_deadline() == math.inf
    assert ring.expire(NOW + 1e6) == []
    ring.add(0.5, 0.5)
    assert NOW + 1e6 < ring.next_deadline() <= NOW + 1e6 + 60


@given(st.floats(0.01, 86400), st.floats(0, 0.999999), st.floats(1e9, 4e9))
def test_whoever_looks_at_the_deadline_finds_somebody_due(period: float, share: float, now: float) -> None:
    ring = ring_of(share, period=period, now=now)
    for _ in range(5):
        at = ring.next_deadline()
        assert now - 1e-3 < at < now + period * 1.001 + GRAIN
        assert ring.expire(at) == [share]
        now = at


@given(STEPS)
def test_it_says_what_a_look_at_every_member_would_say(steps: list[tuple[str, str, float]]) -> None:
    period, looked, places = 10.0, NOW, 0
    ring: Ring[str] = Ring(period, NOW)
    there: set[str] = set()
    for what, member, seconds in steps:
        if what == "add":
            ring.add(member, SHARES[member])
            there.add(member)
        elif what == "discard":
            ring.discard(member, SHARES[member])
            there.discard(member)
        else:
            places += round(seconds / GRAIN)
            now = NOW + (places + 0.5) * GRAIN  # between two places, so that rounding decides nothing
            assert sorted(ring.expire(now)) == sorted(name for name in there if came(SHARES[name], period, looked, now))
            looked = now
        assert len(ring) == len(there)
        assert (ring.next_deadline() == math.inf) == (not there)


def came(share: float, period: float, after: float, until: float) -> bool:
    """Whether the place came between two times."""
    place = int(share * 500) / 500
    return math.floor(until / period - place) > math.floor(after / period - place)


def test_sixty_thousand_a_minute_leave_evenly() -> None:
    ring: Ring[str] = Ring(60.0, NOW)
    for index in range(60_000):
        mac = f"00908f{index:06x}"
        ring.add(mac, crc32(mac.encode()) / 2**32)
    tenths = Counter[int]()
    for turn in range(1, 601):
        tenths[turn] = len(ring.expire(NOW + turn / 10))
    assert tenths.total() == 60_000
    assert max(tenths.values()) < 1.5 * 100
    assert min(tenths.values()) > 0.5 * 100


def test_a_thousand_shares_of_a_second_have_places_for_all() -> None:
    ring = ring_of(*(index / 1000 for index in range(1000)), period=1.0)
    assert len(ring.expire(NOW + 1)) == 1000
    assert len(ring_of(0.0, 0.5, 0.99, period=GRAIN / 2).expire(NOW + 1)) == 3


def test_a_ring_of_a_year_costs_no_more_than_its_members() -> None:
    year = 365 * 86400.0
    ring = ring_of(0.1, 0.5, period=year)
    assert ring._count == PLACES
    assert [who for _, who in dues(ring, NOW + year)] in ([[0.1], [0.5]], [[0.5], [0.1]])
    ring.discard(0.1, 0.1)
    ring.discard(0.5, 0.5)
    assert (ring._places, ring._occupied) == ({}, [])
