"""Invariant: no datagram raises in agent, receiver or sender, takes a place longer than 50 ms or half a megabyte, or
goes uncounted: each is answered, acted on, or refused by a named reason."""

from __future__ import annotations

import gc
import random
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.snmp_corpus import Places, as_alice, corpus, datagram_in, spoilt, torture
from tests.support.snmp_traps import in_v2c, keep_alive, notification
from tests.support.trap_desk import SBC, People, trap_desk

SEED, DATAGRAMS, OVER_A_SOCKET = 161, 4000, 1000
SECONDS, OCTETS = 0.05, 2**19
CORPUS, EVERYDAY = corpus(), corpus("everyday")


@pytest.fixture(autouse=True)
def _undisturbed() -> Iterator[None]:
    """The collector's pauses are those of the whole test run, and not what a datagram takes."""
    gc.disable()
    yield
    gc.enable()


def made_of(place: Callable[[bytes], str], datagram: bytes) -> str:
    """What a place makes of a datagram, in time."""
    before = time.thread_time()
    try:
        reason = place(datagram)
    except Exception as error:
        raise AssertionError(f"{place.__name__} raised {error!r} for {datagram.hex()}") from error
    assert time.thread_time() - before < SECONDS, f"{place.__name__} took too long for {datagram.hex()}"
    assert reason
    return reason


@pytest.mark.parametrize("path", torture(), ids=lambda path: path.stem)
def test_each_torture_datagram_meets_its_verdict(path: Path) -> None:
    verdict, datagram = datagram_in(path)
    assert Places().verdict(datagram) == verdict


def test_datagrams_cut_short_anywhere_or_with_something_behind_them_are_survived() -> None:
    places = Places()
    for datagram in CORPUS:
        for place in (places.agent, places.receiver, places.sender):
            whole = made_of(place, datagram)
            followed = made_of(place, datagram + b"\x30\x03abc")
            assert whole in {followed, "truncated"}
            for end in range(0, len(datagram), 1 + len(datagram) // 150):
                made_of(place, datagram[:end])


def test_half_a_datagram_is_never_taken_for_a_whole_one() -> None:
    places = Places()
    for datagram in EVERYDAY:
        for end in range(0, len(datagram), 1 + len(datagram) // 300):
            for place in (places.agent, places.receiver, places.sender):
                assert made_of(place, datagram[:end]) in {"truncated", "wrong_digest"}


def test_spoilt_datagrams_are_survived_by_every_place() -> None:
    dice, places = random.Random(SEED), Places()
    met: dict[str, Counter[str]] = {}
    for _ in range(DATAGRAMS):
        datagram = spoilt(dice, CORPUS)
        for place in (places.agent, places.receiver, places.sender):
            met.setdefault(place.__name__, Counter())[made_of(place, datagram)] += 1
    statistics = places.responder.statistics()
    assert sum(statistics.answered.values()) + sum(statistics.ignored.values()) == statistics.received == DATAGRAMS
    assert {name: len(reasons) > 12 for name, reasons in met.items()} == dict.fromkeys(met, True)  # many a branch
    assert met["agent"]["answered"] > 20
    assert met["receiver"]["taken"] > 20
    assert met["sender"]["acknowledged"] > 5


def test_no_datagram_costs_much_memory() -> None:
    places = Places()
    largest = notification((1, 3, 6, 1, 4, 1, 9), *[b"\x30\x3a\x06\x36" + b"\x2b" * 54 + b"\x05\x00"] * 990)
    for place in (places.agent, places.receiver, places.sender):
        for datagram in (*CORPUS, as_alice(largest), as_alice(bytes(60_000))):
            place(datagram)  # what is remembered of it is remembered once
            tracemalloc.start()
            place(datagram)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < OCTETS, f"{place.__name__}: {peak} octets for {datagram[:200].hex()}"


async def test_spoilt_datagrams_over_a_socket_are_each_counted_and_the_next_is_heard() -> None:
    dice = random.Random(SEED)
    async with trap_desk(People(at={"127.0.0.1": SBC}), max_rate=10**9) as desk:
        for number in range(OVER_A_SOCKET):
            await desk.say(spoilt(dice, CORPUS))
            if number % 20 == 19:
                await desk.settled(number + 1)
        await desk.say(in_v2c(keep_alive()))
        await desk.settled(OVER_A_SOCKET + 1)
        statistics = desk.receiver.statistics()
        assert "internal" not in statistics.ignored
        assert sum(statistics.ignored.values()) + sum(statistics.taken.values()) == statistics.received
        assert desk.heard[-1].keep_alive
