"""A fleet whose pings and answers get lost, doubled, delayed and overtaken; what it then believes of its phones.

The real rules and the real book of pings under way, on a clock of plain numbers and a network in memory.
"""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from daemon.config.settings import Qualify
from daemon.fleet.commands import Command, SendProbes
from daemon.fleet.events import Event, ProbesAnswered
from daemon.fleet.model import Mac, Reachability
from daemon.fleet.qualify import LONGEST_TURN
from daemon.fleet.reachability import ALIVE
from daemon.fleet.store_commands import AppendTransition
from daemon.sip import probes
from daemon.sip.probes import Probes
from tests.support.builders import NOW, record
from tests.support.lossy_network import LossyNetwork, Weather
from tests.support.playbook import Playbook

QUALIFY = Qualify()
US = "us"
MINUTE = 60.0
SEEDS = st.integers(0, 2**32)
# A silent phone is asked at most five minutes after the last time, and one live interval later by the grids' mismatch.
SLOWEST = QUALIFY.unreachable_interval + QUALIFY.interval + LONGEST_TURN
# How long a death may go unnoticed: a whole interval, then three timeouts with a pause between each two of them.
# Timeouts are looked at in grains, and regular pings leave in turns.
NOTICED = (
    QUALIFY.interval
    + LONGEST_TURN
    + QUALIFY.misses * (QUALIFY.timeout + probes.GRAIN)
    + (QUALIFY.misses - 1) * QUALIFY.confirm_after
)


class World:
    """Phones that answer every ping that reaches them, as long as they live."""

    def __init__(self, seed: int, weather: Weather, phones: int = 10) -> None:
        tokens = count(1)
        self.macs = [Mac(f"00908f{index:06x}") for index in range(phones)]
        self.play = Playbook(*(record(mac, number=str(1000 + index)) for index, mac in enumerate(self.macs)))
        self.probes = Probes(QUALIFY.timeout, lambda wanted: [f"t{next(tokens)}" for _ in range(wanted)])
        self.network: LossyNetwork[str] = LossyNetwork(seed, weather)
        self.dead: set[Mac] = set()
        self.sent: dict[str, list[tuple[float, str]]] = defaultdict(list)  # by phone: when, and which token
        self.answered: dict[str, float] = {}  # by token: when its first answer came
        self.moves: dict[str, list[tuple[float, str, str]]] = defaultdict(list)  # by phone: when, from, to
        self.rounds = 0  # pings of a phone that was thought alive and had missed nothing
        for mac in self.macs:
            self.play.registers(mac)

    def run_to(self, second: float) -> None:
        """Let time pass until so long after the start."""
        while (due := self._next()) <= NOW + second:
            self.play.now = max(self.play.now, due)
            self._step(self.play.now)
        self.play.now = NOW + second

    def state(self, mac: Mac) -> Reachability:
        return self.play.device(mac).reachability

    def given_up(self, mac: Mac) -> list[float]:
        """When the phone became UNREACHABLE."""
        return [at for at, _, new in self.moves[mac] if new == Reachability.UNREACHABLE]

    def _next(self) -> float:
        return min(self.play.fleet.next_deadline(), self.probes.next_deadline(), self.network.next_arrival())

    def _step(self, now: float) -> None:
        for to, token in self.network.arrivals(now):
            if to != US:
                if to not in self.dead:
                    self.network.send(US, token, now)
            else:
                self.answered.setdefault(token, now)
                [answer], _ = self.probes.answered([(200, token)], [now])
                if answer:
                    self._hears(ProbesAnswered((answer,)))
        for missed in self.probes.expire(now):
            self._hears(missed)
        self._follow(self.play.fleet.expire(now))

    def _hears(self, event: Event) -> None:
        self._follow(self.play.hears(event))

    def _follow(self, orders: list[Command]) -> None:
        for order in orders:
            if isinstance(order, SendProbes):
                self._send(order)
            elif isinstance(order, AppendTransition) and order.transition.axis == "reachability":
                moved = order.transition
                self.moves[moved.key].append((moved.at, moved.old, moved.new))

    def _send(self, order: SendProbes) -> None:
        now = self.play.now
        tokens = self.probes.start([target.key for target in order.targets], now)
        for target, token in zip(order.targets, tokens, strict=True):
            self.sent[target.key].append((now, token))
            self.network.send(target.key, token, now)
            self.rounds += target.reachability in ALIVE and target.misses == 0


def in_vain(world: World, sent: tuple[float, str], until: float) -> bool:
    """Whether no answer to this ping came within its timeout, which had passed by then."""
    at, token = sent
    return at + QUALIFY.timeout <= until and world.answered.get(token, math.inf) > at + QUALIFY.timeout


@given(SEEDS, st.sampled_from([0.05, 0.3, 0.6]))
@hypothesis_settings(max_examples=15)
def test_a_live_phone_is_only_given_up_after_three_pings_in_a_row_were_lost(seed: int, loss: float) -> None:
    world = World(seed, Weather(loss=loss, doubling=0.1))
    world.run_to(40 * MINUTE)
    for mac in world.macs:
        for given_up in world.given_up(mac):
            before = [sent for sent in world.sent[mac] if sent[0] < given_up][-QUALIFY.misses :]
            assert len(before) == QUALIFY.misses
            assert all(in_vain(world, sent, given_up) for sent in before)
            pauses = [later - earlier for (earlier, _), (later, _) in pairwise(before)]
            assert min(pauses) >= QUALIFY.timeout + QUALIFY.confirm_after


@pytest.mark.parametrize("loss", [0.05, 0.1, 0.3])
def test_live_phones_are_given_up_no_more_often_than_three_losses_in_a_row_happen(loss: float) -> None:
    world = World(seed=1, weather=Weather(loss=loss), phones=100)
    world.run_to(40 * MINUTE)
    # A ping is in vain if it is lost, or its answer; three in a row by chance, and four deviations for bad luck.
    in_a_row = (1 - (1 - loss) ** 2) ** QUALIFY.misses
    deviation = math.sqrt(in_a_row * (1 - in_a_row) / world.rounds)
    given_up = sum(len(world.given_up(mac)) for mac in world.macs)
    assert world.rounds > 1000
    first_rounds = len(world.macs) * in_a_row  # whose phone was not thought alive yet
    assert given_up <= world.rounds * (in_a_row + 4 * deviation) + first_rounds


@given(SEEDS, st.floats(10, 20))
@hypothesis_settings(max_examples=15)
def test_a_dead_phone_is_unreachable_in_time_and_stays_so(seed: int, minutes: float) -> None:
    weather = Weather(loss=0.3, doubling=0.2)
    world = World(seed, weather)
    world.run_to(minutes * MINUTE)
    world.dead.update(world.macs[::2])
    noticed = minutes * MINUTE + 2 * weather.longest + NOTICED
    world.run_to(noticed)
    assert {world.state(mac) for mac in world.dead} == {Reachability.UNREACHABLE}
    moves = {mac: len(world.moves[mac]) for mac in world.dead}
    world.run_to(noticed + 20 * MINUTE)
    assert {mac: len(world.moves[mac]) for mac in world.dead} == moves


@given(SEEDS)
@hypothesis_settings(max_examples=15)
def test_when_the_weather_is_fine_again_the_fleet_knows_the_truth(seed: int) -> None:
    world = World(seed, Weather(loss=0.5, doubling=0.3, longest=1.5))
    world.run_to(10 * MINUTE)
    world.dead.update(world.macs[:3])
    world.run_to(20 * MINUTE)
    world.dead.remove(world.macs[0])  # it was only restarted
    world.network.weather = Weather()
    # A phone that was slow needs some answers more until its smoothed round trip is fine: each halves what is too much.
    world.run_to(20 * MINUTE + SLOWEST + 4 * MINUTE)
    for mac in world.macs:
        assert world.state(mac) is (Reachability.UNREACHABLE if mac in world.dead else Reachability.OK)
    moves = {mac: len(moves) for mac, moves in world.moves.items()}
    world.run_to(40 * MINUTE)
    assert {mac: len(moves) for mac, moves in world.moves.items()} == moves


@given(SEEDS, st.sampled_from([0.5, 1.0]))
@hypothesis_settings(max_examples=10)
def test_doubled_and_overtaken_packets_move_nothing(seed: int, doubling: float) -> None:
    world = World(seed, Weather(doubling=doubling, longest=0.9))
    world.run_to(30 * MINUTE)
    assert {mac: [move[1:] for move in world.moves[mac]] for mac in world.macs} == {
        mac: [("NO_STATUS", "OK")] for mac in world.macs
    }


@given(SEEDS)
@hypothesis_settings(max_examples=10)
def test_where_nothing_is_lost_a_phone_is_slow_at_worst_though_many_answers_come_too_late(seed: int) -> None:
    world = World(seed, Weather(doubling=0.2, longest=2.9))  # a round trip of up to 5.8 s, of which 4 s are waited
    world.run_to(30 * MINUTE)
    assert any(world.state(mac) is Reachability.LAGGED for mac in world.macs)
    assert not [mac for mac in world.macs if world.given_up(mac)]


def test_the_same_weather_twice_is_the_same_story() -> None:
    one, other = World(7, Weather(loss=0.3)), World(7, Weather(loss=0.3))
    one.run_to(20 * MINUTE)
    other.run_to(20 * MINUTE)
    assert one.moves == other.moves
