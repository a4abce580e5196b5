from __future__ import annotations

import math

import pytest

from daemon.simulate.registration import Outcome, Registration


@pytest.fixture
def registration() -> Registration:
    begun = Registration("pbx", "2001", "c1", expires=120, retry=15.0)
    begun.begin(0.0)
    return begun


def test_an_unanswered_register_is_sent_again_at_the_times_of_the_rfc(registration: Registration) -> None:
    times = []
    while registration.at < 32.0:
        times.append(registration.at)
        assert registration.send(registration.at).cseq == 1
    assert times == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert registration.send(registration.at).cseq == 2


def test_a_granted_registration_is_renewed_at_half_its_time(registration: Registration) -> None:
    registration.send(0.0)
    assert registration.answered(1, 200, 60, 0, 0.1) is Outcome.REGISTERED
    assert registration.active
    assert registration.at == pytest.approx(30.1)
    assert registration.send(30.1).cseq == 2
    assert registration.answered(2, 200, 0, 0, 30.2) is Outcome.NOTHING_NEW
    assert registration.at == pytest.approx(90.2)


def test_too_brief_is_asked_again_at_once_with_what_the_server_wants(registration: Registration) -> None:
    registration.send(0.0)
    assert registration.answered(1, 423, 0, 300, 0.1) is Outcome.NOTHING_NEW
    assert registration.at == 0.1
    assert registration.send(0.1).expires == 300


def test_a_refusal_is_told_once_and_tried_again_later(registration: Registration) -> None:
    registration.send(0.0)
    assert registration.answered(1, 404, 0, 0, 1.0) is Outcome.REFUSED
    assert registration.at == 16.0
    registration.send(16.0)
    assert registration.answered(2, 404, 0, 0, 17.0) is Outcome.NOTHING_NEW
    registration.send(32.0)
    assert registration.answered(3, 200, 60, 0, 33.0) is Outcome.REGISTERED


def test_answers_to_earlier_requests_and_provisional_ones_change_nothing(registration: Registration) -> None:
    registration.send(0.0)
    assert registration.answered(1, 100, 0, 0, 0.1) is Outcome.NOTHING_NEW
    assert registration.answered(9, 200, 60, 0, 0.1) is Outcome.NOTHING_NEW
    assert not registration.active


def test_leaving_asks_for_expiry_zero_and_then_rests(registration: Registration) -> None:
    registration.send(0.0)
    registration.answered(1, 200, 60, 0, 0.1)
    registration.leave(5.0)
    assert registration.send(5.0).expires == 0
    assert registration.answered(3, 200, 0, 0, 5.1) is Outcome.TAKEN_BACK
    assert registration.at == math.inf
