"""Another engine's clock: forward, never back, and a window of 150 seconds."""

from __future__ import annotations

import pytest

from daemon.snmp.v3.message import Header
from daemon.snmp.v3.remote_engine import RemoteEngine, RemoteEngines
from daemon.snmp.v3.usm import MOST_BOOTS, user_of
from tests.support.snmp_v3 import NOW, THEIR_ID, a_header, a_user


def told(boots: int, time: int) -> Header:
    return a_header(engine_id=THEIR_ID, boots=boots, time=time)


@pytest.fixture
def engine() -> RemoteEngine:
    """One that said boots 3 and time 1000, a hundred seconds ago."""
    known = RemoteEngine(THEIR_ID)
    assert known.timely(told(3, 1000), NOW - 100)
    return known


@pytest.mark.parametrize(
    ("boots", "time", "timely"),
    [
        (3, 1100, True),
        (3, 1000, True),
        (3, 950, True),
        (3, 949, False),  # 151 seconds old
        (2, 1100, False),
        (4, 0, True),  # it was started again
        (3, 999_999, True),  # its clock is ahead of what we thought; whoever has its key may say so
        (MOST_BOOTS, 5, False),
    ],
)
def test_what_is_recent_and_what_is_a_replay(engine: RemoteEngine, boots: int, time: int, *, timely: bool) -> None:
    assert engine.timely(told(boots, time), NOW) is timely


def test_after_a_restart_what_was_said_before_is_old(engine: RemoteEngine) -> None:
    assert engine.timely(told(4, 7), NOW)
    assert not engine.timely(told(3, 1100), NOW)
    assert (engine.boots, engine.time(NOW + 3)) == (4, 10)


def test_its_clock_goes_on_while_it_is_silent(engine: RemoteEngine) -> None:
    assert engine.time(NOW) == 1100
    assert RemoteEngine(THEIR_ID).time(NOW) == 0


def test_what_is_known_to_be_new_may_put_the_clock_back(engine: RemoteEngine) -> None:
    engine.learn(told(1, 5), NOW)
    assert engine.timely(told(1, 6), NOW + 1)


def test_keys_are_made_once_and_anew_after_users_changed(engine: RemoteEngine) -> None:
    user = user_of(a_user())
    keys = engine.keys(user)
    assert engine.keys(user) is keys
    assert engine.keys(user_of(a_user(algorithm="SHA-512"))) != keys
    engines = RemoteEngines()
    engines.keep(engine)
    engines.forget_keys()
    assert engine.keys(user) == keys
    assert engine.keys(user) is not keys


def test_engines_are_bounded_and_the_one_heard_longest_ago_goes() -> None:
    engines = RemoteEngines(limit=2)
    first, second, third = (RemoteEngine(bytes(5) + bytes((number,))) for number in range(3))
    for engine in (first, second, first, third):
        engines.keep(engine)
    assert (len(engines), engines.forgotten) == (2, 1)
    assert engines.get(first.id) is first
    assert engines.get(second.id) is not second


def test_asking_for_an_engine_remembers_nothing() -> None:
    engines = RemoteEngines()
    assert engines.get(THEIR_ID).id == THEIR_ID
    assert len(engines) == 0
