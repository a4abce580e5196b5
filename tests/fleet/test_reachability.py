"""The six registration statuses, told as stories; time is a number, an hour costs nothing."""

from __future__ import annotations

import pytest

from daemon.config.settings import Qualify
from daemon.fleet.device import Device
from daemon.fleet.events import LifeSign, ProbeAnswered, ProbeMissed, ProbesAnswered
from daemon.fleet.model import Reachability
from daemon.fleet.reachability import EVERYWHERE, TABLE, Stimulus, accepts, judge, step
from tests.support.builders import MAC, NOW, record, settings
from tests.support.playbook import Playbook


def test_a_phone_that_never_registered_has_no_status() -> None:
    play = Playbook(record())
    play.run_to(7200)
    assert play.device().reachability is Reachability.NO_STATUS
    assert play.device().reachability_reason == "never registered"


def test_a_registered_phone_that_answers_is_ok() -> None:
    play = Playbook(record())
    play.answers[MAC] = 0.05
    play.registers()
    play.run_to(1)
    assert play.device().reachability is Reachability.OK
    assert play.device().reachability_reason == "answers pings in time: round trip 50 ms"


def test_one_lost_ping_changes_nothing() -> None:
    play = Playbook(record())
    play.answers[MAC] = 0.05
    play.registers()
    play.run_to(100)
    play.answers.clear()
    play.run_to(play.device().pinged_at - NOW + 60)  # the next regular ping is lost,
    play.answers[MAC] = 0.05
    play.run_to(600)  # its confirmation is answered
    assert play.moves("reachability") == ["NO_STATUS > OK"]


def test_silence_is_confirmed_before_it_counts_and_then_told_once() -> None:
    play = Playbook(record())
    play.answers[MAC] = 0.05
    play.registers()
    play.run_to(100)
    play.answers.clear()
    play.run_to(200)
    assert play.moves("reachability") == ["NO_STATUS > OK", "OK > UNREACHABLE"]
    assert play.device().reachability_reason == "stopped answering pings: 3 unanswered, timeout"
    assert play.told() == []  # its hold-down has begun
    play.run_to(260)
    assert play.told() == [(1, "deviceUnreachable", "MAJOR")]


def test_an_hour_of_silence_means_unknown_and_no_more_pings() -> None:
    play = Playbook(record())
    play.registers()
    play.run_to(5 * 3600)
    assert play.moves("reachability") == ["NO_STATUS > UNREACHABLE", "UNREACHABLE > UNKNOWN"]
    pinged_at = play.device().pinged_at
    assert pinged_at < NOW + 3700
    play.run_to(50 * 3600)
    assert play.device().pinged_at == pinged_at


def test_a_sign_of_life_wakes_an_unknown_phone() -> None:
    play = Playbook(record())
    play.registers()
    play.run_to(5 * 3600)
    play.answers[MAC] = 0.02
    play.hears(LifeSign(MAC, "crlf"))
    play.run_to(5 * 3600 + 1)
    assert play.device().reachability is Reachability.OK
    assert play.told()[-1] == (2, "deviceUnreachable", "CLEARED")


def test_unknown_phones_are_still_asked_seldom_where_the_operator_wants_it() -> None:
    play = Playbook(record(), settings=settings(qualify={"unknown_interval": "15m"}))
    play.registers()
    play.run_to(5 * 3600)
    play.answers[MAC] = 0.02
    play.run_to(5 * 3600 + 901)
    assert play.device().reachability is Reachability.OK


def test_a_slow_phone_is_lagged_and_leaves_only_well_below_the_limit() -> None:
    play = Playbook(record())
    play.registers()
    play.answers[MAC] = 3.0
    play.run_to(10)
    assert play.device().reachability is Reachability.LAGGED
    play.answers[MAC] = 1.9  # below the limit of 2 s, above the leaving limit of 1.6 s
    play.run_to(3600)
    assert play.device().reachability is Reachability.LAGGED
    play.answers[MAC] = 0.1
    play.run_to(4000)
    assert play.moves("reachability") == ["NO_STATUS > LAGGED", "LAGGED > OK"]


def test_one_slow_answer_of_a_quick_phone_is_forgiven() -> None:
    device = Device(record(), NOW)
    device.round_trips.add(0.05, 1.0)
    assert judge(device, 3.0, Qualify()) is Stimulus.ANSWERED
    assert judge(device, 3.0, Qualify()) is Stimulus.ANSWERED_SLOWLY


def test_a_phone_that_only_answers_after_the_timeout_is_lagged_not_dead() -> None:
    play = Playbook(record())
    play.registers()
    for _ in range(10):
        play.hears(ProbeMissed(MAC, "timeout"))
        play.hears(ProbesAnswered((ProbeAnswered(MAC, 200, None),)))
    assert play.moves("reachability") == ["NO_STATUS > LAGGED"]
    assert play.device().reachability_reason == "answers pings, but slower than its limit: after the timeout"


def test_an_answer_that_a_newer_one_overtook_says_nothing_new() -> None:
    play = Playbook(record())
    play.registers()
    play.hears(ProbesAnswered((ProbeAnswered(MAC, 200, 0.05),)))
    play.hears(ProbeMissed(MAC, "timeout"))
    play.hears(ProbesAnswered((ProbeAnswered(MAC, 200, 0.05),)))  # its confirmation
    play.hears(ProbesAnswered((ProbeAnswered(MAC, 200, None),)))  # and now the answer to what was missed
    assert play.moves("reachability") == ["NO_STATUS > OK"]
    assert play.device().misses == 0


def test_a_late_answer_brings_a_woken_phone_back_though_nothing_is_missed_yet() -> None:
    play = Playbook(record())
    play.registers()
    play.run_to(300)
    play.hears(LifeSign(MAC, "keep-alive"))
    play.hears(ProbesAnswered((ProbeAnswered(MAC, 200, None),)))
    assert play.device().reachability is Reachability.LAGGED


def test_a_device_has_its_own_limit_where_it_is_set() -> None:
    play = Playbook(record(lagged_after=0.1))
    play.registers()
    play.answers[MAC] = 0.3
    play.run_to(5)
    assert play.device().reachability is Reachability.LAGGED


def test_qualify_off_is_unmonitored_and_never_pinged() -> None:
    play = Playbook(record(qualify=False))
    play.registers()
    play.run_to(7200)
    assert play.device().reachability is Reachability.UNMONITORED
    assert play.device().pinged_at == 0.0


def test_registering_with_another_server_shows_no_status_and_says_so() -> None:
    play = Playbook(record(server="pbx-a"))
    play.answers[MAC] = 0.05
    play.registers(domain="pbx-a.example.net")
    play.run_to(5)
    play.registers(domain="pbx-b.example.net")
    play.run_to(600)
    assert play.moves("reachability") == ["NO_STATUS > OK", "OK > NO_STATUS"]
    expected = "registered with another server than its own: pbx-b instead of pbx-a"
    assert play.device().reachability_reason == expected


def test_a_registration_that_is_not_renewed_means_unknown() -> None:
    play = Playbook(record())
    play.answers[MAC] = 0.05
    play.registers(expires=300)
    play.run_to(299)
    assert play.device().reachability is Reachability.OK
    play.run_to(301)
    assert play.device().reachability is Reachability.UNKNOWN
    assert play.device().contact is None


def test_a_static_contact_is_pinged_without_any_registration() -> None:
    play = Playbook(record(contact="sip:2041@10.1.2.7:5060"))
    assert play.device().status_reason == "has a contact, first ping under way"
    play.answers[MAC] = 0.05
    play.run_to(61)
    assert play.device().reachability is Reachability.OK


@pytest.mark.parametrize("state", Reachability)
@pytest.mark.parametrize("stimulus", Stimulus)
def test_every_stimulus_in_every_state_leads_to_a_state_with_its_reason(
    state: Reachability, stimulus: Stimulus
) -> None:
    device = Device(record(), NOW)
    device.reachability = state
    moved = step(device, stimulus, NOW + 1)
    expected = EVERYWHERE.get(stimulus) or TABLE[state].get(stimulus, state)
    assert device.reachability is expected
    assert (moved is None) == (expected is state)
    assert moved is None or moved.reason == str(stimulus)


@pytest.mark.parametrize(
    ("code", "accept", "alive"),
    [
        (200, ("any",), True),
        (404, ("any",), True),
        (486, ("2xx",), False),
        (204, ("2xx",), True),
        (404, ("2xx", "404"), True),
        (401, ("200",), False),
    ],
)
def test_which_answers_prove_life(code: int, accept: tuple[str, ...], *, alive: bool) -> None:
    assert accepts(code, accept) is alive
