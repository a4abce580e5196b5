"""When phones are pinged: spread, confirmation, back-off, and when an answer changes nothing."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config.settings import Qualify
from daemon.fleet.acts import InventoryApplied, SettingsChanged
from daemon.fleet.commands import Decided
from daemon.fleet.events import (
    NOT_BACK,
    OVERFLOWN,
    LifeSign,
    ProbeAnswered,
    ProbeMissed,
    ProbesAnswered,
    Unregistered,
)
from daemon.fleet.model import Mac, Reachability, Transition
from daemon.fleet.qualify import LONGEST_TURN, SETTLE, SHORTEST_TURN, Pinging, slot
from daemon.fleet.reachability import Stimulus
from daemon.fleet.target import Target
from tests.support.builders import ACME, MAC, NOW, contact, inventory, record, settings
from tests.support.playbook import Playbook, pinged

PHONE = "00908f000001"


class Lone:
    """The rules with one phone, which the test pings, answers and silences by hand."""

    def __init__(self, settings: Qualify | None = None, key: str = PHONE, now: float = NOW) -> None:
        self.now = now
        self.pinging = Pinging(settings or Qualify(), now)
        self.phone = Target(key, now)
        self.phone.contact = contact(expires_at=None)
        self.pinging.watch(self.phone, now)

    def answers(self, rtt: float | None = 0.02, code: int = 200) -> Transition | Decided | None:
        """It answers now; None as well if the fast path took the answer in."""
        unusual = self.pinging.unusual([(self.phone.key, code, rtt)])
        return self.pinging.answered(self.phone, unusual[0], self.now) if unusual else None

    def misses(self, cause: str = "timeout") -> Transition | Decided:
        return self.pinging.missed(self.phone, cause, self.now)

    def next_ping(self) -> float:
        """Seconds until it is pinged next; time passes meanwhile. Infinity for never."""
        before = self.now
        while (due := self.pinging.next_deadline()) < math.inf:
            self.now = max(self.now, due)
            if self.pinging.due(self.now):
                return self.now - before
        return math.inf

    def falls_silent(self) -> None:
        while self.phone.reachability is not Reachability.UNREACHABLE:
            self.misses()


def fleet(count: int, **qualify: float | str) -> Playbook:
    """So many phones of headquarters, registered and answering."""
    macs = [Mac(f"00908f{index:06x}") for index in range(count)]
    play = Playbook(
        *(record(mac, number=str(1000 + index)) for index, mac in enumerate(macs)), settings=settings(qualify=qualify)
    )
    play.answers = dict.fromkeys(macs, 0.01)
    for mac in macs:
        play.registers(mac)
    return play


def _ping_times(play: Playbook, until: float) -> list[float]:
    """Seconds after the start at which the one phone is pinged."""
    times = []
    for second in range(int(until)):
        before = len(pinged(play.orders))
        play.run_to(second)
        times += [float(second)] * (len(pinged(play.orders)) - before)
    return times


def gaps(play: Playbook, until: float) -> set[int]:
    """Seconds between the regular pings of the one phone."""
    return {round(later - earlier) for earlier, later in pairwise(_ping_times(play, until)[2:])}


@given(st.floats(0, 4e9), st.sampled_from([5.0, 60.0, 300.0]), st.floats(0, 1))
def test_a_slot_lies_ahead_within_one_period_and_always_at_the_same_place(
    now: float, period: float, share: float
) -> None:
    due = slot(now, period, share)
    assert now < due <= now + period * 1.002
    assert abs((slot(due, period, share) - due) - period) < 0.001


def test_the_fleet_is_spread_over_the_interval() -> None:
    play = fleet(600)
    play.run_to(60)
    seconds = Counter[int]()
    for second in range(60, 120):
        before = len(pinged(play.orders))
        play.run_to(second + 1)
        seconds[second] = len(pinged(play.orders)) - before
    assert seconds.total() == 600
    assert max(seconds.values()) < 25  # ten a second on average


def test_who_is_due_is_collected_for_a_turn_and_never_kept_for_longer() -> None:
    play = fleet(600)
    play.run_to(60)
    turns = []
    while (due := play.fleet.next_deadline()) < NOW + 70:
        turns.append(due)
        play.run_to(due - NOW)
    assert min(later - earlier for earlier, later in pairwise(turns)) > SHORTEST_TURN - 1e-6
    assert len(turns) < 10 / 0.09  # ten a second: each turn lasts as long as one may


def test_a_healthy_phone_is_pinged_once_an_interval() -> None:
    play = Playbook(record())
    play.answers[MAC] = 0.01
    play.registers()
    assert gaps(play, 3000) <= {59, 60, 61}


def test_a_silent_phone_is_pinged_ever_more_seldom_and_never_more_often_than_a_live_one() -> None:
    play = Playbook(record())
    play.registers()
    times = [second for second in _ping_times(play, 3600) if second > 60]
    assert len(times) < 3600 / 60 / 2
    assert times[-1] - times[-2] >= 299


def test_the_rate_of_all_pings_together_is_capped() -> None:
    play = fleet(100, max_rate=10)
    sent = [len(pinged(play.fleet.expire(NOW + 1 + turn / 100))) for turn in range(1000)]
    assert max(sent) == 1
    assert 80 <= sum(sent) <= 100


def test_one_sites_phones_are_pinged_at_the_rate_its_line_bears() -> None:
    macs = [Mac(f"00908f{index:06x}") for index in range(100)]
    records = [record(mac, number=str(1000 + index), site="hq") for index, mac in enumerate(macs)]
    play = Playbook(*records, settings=settings(qualify={"site_rate": 20}))
    for mac in macs:
        play.registers(mac)
    assert play.device(macs[0]).place == "acme/hq"
    sent = [len(pinged(play.fleet.expire(NOW + 1 + turn / 100))) for turn in range(100)]
    assert sent[0] == 10
    assert 28 <= sum(sent) <= 31


def test_a_restart_finds_every_phone_at_its_old_place() -> None:
    before, after = Lone(), Lone(now=NOW + 12345.678)
    before.next_ping()
    after.next_ping()
    assert (after.now - before.now) % 60 == pytest.approx(0, abs=0.001)


def test_a_registration_earns_a_ping_when_its_own_answer_is_there() -> None:
    play = Playbook(record())
    play.registers()
    play.run_to(SETTLE - 0.01)
    assert not pinged(play.orders)
    play.run_to(SETTLE + 0.01)
    assert len(pinged(play.orders)) == 1


def test_a_power_cut_does_not_keep_a_fleet_in_step() -> None:
    play = fleet(200)
    play.run_to(1)
    assert len(pinged(play.orders)) >= 200
    play.run_to(120)
    before = len(pinged(play.orders))
    play.run_to(121)
    assert len(pinged(play.orders)) - before < 20


def test_the_answers_of_a_steady_phone_are_taken_in_without_being_looked_at() -> None:
    lone = Lone()
    assert lone.pinging.unusual([(PHONE, 200, 0.02)]) == [ProbeAnswered(PHONE, 200, 0.02)]
    moved = lone.answers()
    assert isinstance(moved, Transition)
    assert moved.new == Reachability.OK
    assert lone.pinging.unusual([(PHONE, 200, 0.04), (PHONE, 404, 0.04)]) == []
    assert len(lone.phone.round_trips) == 3
    assert lone.phone.round_trips.smoothed == pytest.approx(0.035)


@pytest.mark.parametrize(("code", "rtt"), [(200, 2.5), (200, None)])
def test_a_slow_or_late_answer_of_a_steady_phone_is_looked_at(code: int, rtt: float | None) -> None:
    lone = Lone()
    lone.answers()
    assert lone.pinging.unusual([(PHONE, code, rtt)]) == [ProbeAnswered(PHONE, code, rtt)]


def test_where_not_every_answer_counts_each_is_looked_at() -> None:
    lone = Lone(Qualify(accept=("2xx",)))
    lone.answers()
    assert lone.phone.steady
    assert lone.pinging.unusual([(PHONE, 404, 0.02)]) == [ProbeAnswered(PHONE, 404, 0.02)]
    assert lone.answers(code=404) == Decided("qualify", "miss to be confirmed", PHONE)
    assert lone.phone.misses == 1


def test_an_answer_of_nobody_we_know_is_handed_on() -> None:
    assert Lone().pinging.unusual([("00908f999999", 200, 0.02)]) == [ProbeAnswered("00908f999999", 200, 0.02)]


def test_a_miss_ends_the_steady_state_until_the_next_answer() -> None:
    lone = Lone()
    lone.answers()
    lone.misses()
    assert len(lone.pinging.unusual([(PHONE, 200, 0.02)])) == 1
    assert lone.answers() is None
    assert lone.phone.misses == 0
    assert lone.pinging.unusual([(PHONE, 200, 0.02)]) == []


def test_a_lagged_phone_is_never_steady() -> None:
    lone = Lone()
    lone.answers(rtt=3.0)
    assert lone.phone.reachability is Reachability.LAGGED
    assert len(lone.pinging.unusual([(PHONE, 200, 0.02)])) == 1


def test_a_lower_limit_is_in_force_with_the_next_answer() -> None:
    lone = Lone()
    lone.answers(rtt=1.0)
    lone.phone.lagged_after = 0.3
    lone.pinging.watch(lone.phone, lone.now)
    lone.answers(rtt=0.2)
    assert lone.phone.reachability is Reachability.LAGGED


def test_a_miss_is_confirmed_by_quick_pings_before_it_counts() -> None:
    lone = Lone()
    lone.answers()
    for miss in (1, 2):
        assert lone.misses() == Decided("qualify", "miss to be confirmed", PHONE)
        assert lone.phone.misses == miss
        assert lone.next_ping() == pytest.approx(2.0)
    moved = lone.misses()
    assert isinstance(moved, Transition)
    assert (moved.new, moved.reason) == ("UNREACHABLE", "stopped answering pings: 3 unanswered, timeout")


def test_the_first_ping_of_a_phone_is_no_sooner_than_its_place_after_a_confirmed_miss() -> None:
    lone = Lone()
    lone.next_ping()
    place = lone.now
    lone.answers()
    lone.misses()
    lone.next_ping()
    lone.answers()
    lone.next_ping()
    assert (lone.now - place) % 60 == pytest.approx(0, abs=0.001)


KEYS = st.text("0123456789abcdef", min_size=12, max_size=12)


@given(KEYS, st.floats(0, 120))
def test_no_regular_ping_falls_into_a_confirmation(key: str, later: float) -> None:
    lone = Lone(key=key, now=NOW + later)
    lone.pinging.registered(lone.phone, lone.now)
    assert lone.next_ping() == pytest.approx(SETTLE)
    lone.now += 4
    lone.misses()
    assert lone.next_ping() == pytest.approx(2.0)
    lone.now += 4
    lone.misses()
    assert lone.next_ping() == pytest.approx(2.0)


def test_a_ping_whose_outcome_nobody_tells_is_followed_by_a_regular_one() -> None:
    lone = Lone()
    lone.next_ping()
    place = lone.now
    lone.misses()
    assert lone.next_ping() == pytest.approx(2.0)
    assert 59 < lone.next_ping() < 120
    assert (lone.now - place) % 60 < 0.1


@given(KEYS, st.floats(0, 3600))
def test_a_dead_phone_is_pinged_ever_more_seldom_at_its_place_until_it_answers(key: str, later: float) -> None:
    lone = Lone(key=key, now=NOW + later)
    lone.next_ping()
    lone.falls_silent()
    pauses = []
    for _ in range(8):
        pauses.append(lone.next_ping())
        assert lone.misses() == Decided("qualify", "still silent", key)
    assert min(pauses[1:]) > 59
    assert pauses[-3:] == pytest.approx([300] * 3, abs=0.001)
    lone.answers()
    assert lone.next_ping() <= 60.1
    assert lone.next_ping() == pytest.approx(60, abs=LONGEST_TURN)  # those that are due are collected so long


def test_a_dead_phone_with_a_long_interval_is_not_pinged_more_often_than_a_live_one() -> None:
    lone = Lone()
    lone.phone.period = 900.0
    lone.pinging.watch(lone.phone, lone.now)
    lone.falls_silent()
    lone.next_ping()
    lone.misses()
    assert lone.next_ping() == pytest.approx(900, abs=0.001)


def test_two_answers_in_a_row_are_asked_for_where_one_is_not_believed() -> None:
    lone = Lone(Qualify(answers=2))
    assert isinstance(lone.answers(), Transition)  # it never was given up
    lone.falls_silent()
    assert lone.answers() == Decided("qualify", "answer to be confirmed", PHONE)
    assert lone.next_ping() == pytest.approx(2.0)
    assert lone.phone.reachability is Reachability.UNREACHABLE
    moved = lone.answers()
    assert isinstance(moved, Transition)
    assert (moved.old, moved.new) == ("UNREACHABLE", "OK")


def test_a_miss_between_two_answers_begins_the_count_anew() -> None:
    lone = Lone(Qualify(answers=2))
    lone.answers()
    lone.falls_silent()
    for _ in range(3):
        assert lone.answers() == Decided("qualify", "answer to be confirmed", PHONE)
        lone.misses()
    assert lone.phone.reachability is Reachability.UNREACHABLE


def test_a_phone_whose_connection_ended_with_our_last_run_has_not_missed_anything() -> None:
    lone = Lone()
    lone.answers()
    for _ in range(10):
        assert lone.misses(NOT_BACK) == Decided("qualify", NOT_BACK, PHONE)
        assert lone.next_ping() <= 60.1
    assert (lone.phone.misses, lone.phone.reachability) == (0, Reachability.OK)
    assert lone.phone.round_trips.loss() == 0.0


def test_what_our_own_buffer_lost_is_no_miss_and_does_not_end_a_confirmation() -> None:
    lone = Lone()
    lone.answers()
    assert lone.misses(OVERFLOWN) == Decided("qualify", OVERFLOWN, PHONE)
    lone.misses()
    lone.next_ping()
    lone.misses(OVERFLOWN)
    assert lone.phone.misses == 1
    assert lone.next_ping() == pytest.approx(2.0)


def test_what_icmp_said_is_the_reason_an_operator_reads() -> None:
    play = Playbook(record())
    play.registers()
    for _ in range(3):
        play.hears(ProbeMissed(MAC, "icmp: port unreachable"))
    assert play.device().reachability_reason == "stopped answering pings: 3 unanswered, icmp: port unreachable"


def test_a_device_has_the_interval_of_its_own_else_of_its_tenant_else_of_the_settings() -> None:
    play = Playbook(record(interval=30.0))
    play.answers[MAC] = 0.01
    play.registers()
    assert gaps(play, 400) == {30}
    plain = inventory(record(interval=None))
    own = replace(plain, tenants=(replace(ACME, interval=20.0, lagged_after=0.5),))
    play.hears(InventoryApplied(own, "ops"))
    assert (play.device().period, play.device().lagged_after) == (20.0, 0.5)
    play.hears(InventoryApplied(plain, "ops"))
    play.hears(SettingsChanged(settings(qualify={"interval": "45s", "lagged_after": "1s"})))
    assert (play.device().period, play.device().lagged_after) == (45.0, 1.0)


def test_an_interval_below_the_timeout_is_raised_to_it() -> None:
    play = Playbook(record(interval=1.0), settings=settings(qualify={"timeout": "5s"}))
    play.answers[MAC] = 0.01
    play.registers()
    assert play.device().period == 5.0
    assert gaps(play, 100) == {5}


def test_phones_with_different_intervals_do_not_disturb_each_other() -> None:
    slow, quick = Mac("00908f000001"), Mac("00908f000002")
    play = Playbook(record(slow, number="1", interval=60.0), record(quick, number="2", interval=10.0))
    play.answers = {slow: 0.01, quick: 0.01}
    play.registers(slow)
    play.registers(quick)
    play.run_to(660)
    count = Counter(target.key for target in pinged(play.orders))
    assert 11 <= count[slow] <= 13
    assert 65 <= count[quick] <= 68


def test_a_live_phone_is_not_woken_and_a_silent_one_at_most_once_in_a_while() -> None:
    lone = Lone()
    lone.answers()
    assert lone.pinging.wake(lone.phone, lone.now) is None
    lone.falls_silent()
    assert lone.pinging.wake(lone.phone, lone.now) == Decided("qualify", "sign of life, pinged at once", PHONE)
    assert lone.next_ping() == 0
    lone.now += 1
    assert lone.pinging.wake(lone.phone, lone.now) == Decided("qualify", "sign of life, pinged a moment ago", PHONE)


def test_waking_does_not_move_a_phones_place() -> None:
    lone = Lone()
    lone.next_ping()
    place = lone.now
    lone.answers()
    lone.falls_silent()
    lone.pinging.wake(lone.phone, lone.now + 10)
    lone.next_ping()
    lone.answers()
    lone.next_ping()
    assert (lone.now - place) % 60 == pytest.approx(0, abs=0.001)


def test_an_answer_after_qualify_was_switched_off_does_not_switch_it_on_again() -> None:
    lone = Lone(Qualify(answers=2))
    lone.answers()
    lone.misses()  # its confirmation is under way
    lone.phone.monitored = False
    lone.pinging.watch(lone.phone, lone.now)
    assert lone.answers() == Decided("qualify", "answer of what is no longer watched", PHONE)
    assert lone.misses() == Decided("qualify", "miss of what is no longer watched", PHONE)
    assert lone.phone.reachability is Reachability.UNMONITORED
    assert lone.next_ping() == math.inf


def test_an_answer_after_the_registration_ended_does_not_bring_the_phone_back() -> None:
    play = Playbook(record())
    play.answers[MAC] = 0.01
    play.registers()
    play.run_to(1)
    play.hears(Unregistered(MAC))
    play.hears(ProbesAnswered((ProbeAnswered(MAC, 200, 0.02),)))
    assert play.device().reachability is Reachability.UNKNOWN
    assert play.device().reachability_reason == str(Stimulus.UNREGISTERED)


def test_a_phone_that_leaves_while_it_waits_for_its_turn_is_not_pinged() -> None:
    play = fleet(3, max_rate=1)
    play.run_to(SETTLE + 0.01)
    assert len(pinged(play.orders)) == 1
    for index in range(3):
        play.hears(Unregistered(Mac(f"00908f{index:06x}")))
    play.run_to(10)
    assert len(pinged(play.orders)) == 1


def test_a_forgotten_phone_is_never_pinged_again() -> None:
    lone = Lone()
    lone.pinging.forget(PHONE)
    lone.pinging.forget(PHONE)
    assert lone.next_ping() == math.inf


def test_given_up_means_no_pings_unless_the_operator_wants_slow_ones() -> None:
    for interval, expected in ((math.inf, math.inf), (900.0, 900.0)):
        lone = Lone(Qualify(unknown_interval=interval))
        lone.falls_silent()
        lone.pinging.silent_for_long(lone.phone, lone.now)
        assert lone.phone.reachability is Reachability.UNKNOWN
        lone.next_ping()
        if expected < math.inf:
            lone.misses()
            assert lone.next_ping() == pytest.approx(expected, abs=0.001)
        else:
            assert lone.pinging.next_deadline() == math.inf


def test_a_sign_of_life_of_a_live_phone_orders_nothing() -> None:
    play = Playbook(record())
    play.answers[MAC] = 0.01
    play.registers()
    play.run_to(1)
    assert play.hears(LifeSign(MAC, "keep-alive")) == []


def test_loss_and_percentiles_are_those_of_the_pings() -> None:
    lone = Lone()
    for rtt in (0.01, 0.02, 0.03):
        lone.answers(rtt=rtt)
    lone.misses()
    assert lone.phone.round_trips.loss() == pytest.approx(0.25)
    assert lone.phone.round_trips.percentiles((0.5, 1.0)) == pytest.approx([0.02, 0.03])


def test_an_interval_of_never_means_no_regular_pings() -> None:
    lone = Lone()
    lone.phone.period = math.inf
    lone.pinging.watch(lone.phone, lone.now)
    assert lone.next_ping() == math.inf
    lone.pinging.registered(lone.phone, lone.now)
    assert lone.next_ping() == pytest.approx(SETTLE)
    lone.answers()
    assert lone.phone.reachability is Reachability.OK
    assert lone.next_ping() == math.inf
