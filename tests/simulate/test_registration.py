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


def test_over_tcp_nothing_is_sent_twice_until_it_is_given_up() -> None:
    registration = Registration("pbx", "2001", "c1", expires=120, retry=15.0, reliable=True)
    registration.begin(0.0)
    assert registration.send(0.0).cseq == 1
    assert registration.at == 32.0
    assert registration.send(32.0).cseq == 2


def test_when_its_connection_is_lost_it_registers_again_and_that_is_no_news(registration: Registration) -> None:
    registration.send(0.0)
    registration.answered(1, 200, 60, 0, 0.1)
    registration.connection_lost(again_at=5.0)
    assert registration.at == 5.0
    again = registration.send(5.0)
    assert again.cseq == 3
    assert registration.answered(3, 200, 60, 0, 5.1) is Outcome.NOTHING_NEW


def test_who_left_does_not_come_back_for_a_lost_connection(registration: Registration) -> None:
    registration.send(0.0)
    registration.answered(1, 200, 60, 0, 0.1)
    registration.leave(1.0)
    registration.send(1.0)
    registration.answered(3, 200, 0, 0, 1.1)
    registration.connection_lost(again_at=5.0)
    assert registration.at == math.inf


def test_leaving_asks_for_expiry_zero_and_then_rests(registration: Registration) -> None:
    registration.send(0.0)
    registration.answered(1, 200, 60, 0, 0.1)
    registration.leave(5.0)
    assert registration.send(5.0).expires == 0
    assert registration.answered(3, 200, 0, 0, 5.1) is Outcome.TAKEN_BACK
    assert registration.at == math.inf


CHALLENGE = ('Digest realm="r", nonce="n"',)
STALE = ('Digest realm="r", nonce="m", stale=true',)


@pytest.fixture
def protected() -> Registration:
    begun = Registration("pbx", "2001", "c1", expires=120, retry=15.0, password="rosebud")
    begun.begin(0.0)
    return begun


def counts(registration: Registration, now: float) -> tuple[int, int]:
    sent = registration.send(now)
    return sent.cseq, sent.proof.count if sent.proof else 0


def test_a_challenge_is_answered_at_once_and_its_nonce_used_until_it_is_stale(protected: Registration) -> None:
    assert counts(protected, 0.0) == (1, 0)
    assert protected.answered(1, 401, 0, 0, 0.1, CHALLENGE) is Outcome.NOTHING_NEW
    assert counts(protected, 0.1) == (2, 1)
    assert counts(protected, 0.6) == (2, 1)  # a retransmission is the same request
    assert protected.answered(2, 200, 60, 0, 0.7) is Outcome.REGISTERED
    assert counts(protected, 30.7) == (3, 2)
    assert protected.answered(3, 401, 0, 0, 30.8, STALE) is Outcome.NOTHING_NEW
    assert counts(protected, 30.8) == (4, 1)
    assert protected.answered(4, 200, 60, 0, 30.9) is Outcome.NOTHING_NEW


def test_a_wrong_password_is_tried_once_and_then_again_later(protected: Registration) -> None:
    protected.send(0.0)
    protected.answered(1, 401, 0, 0, 0.1, CHALLENGE)
    protected.send(0.1)
    assert protected.answered(2, 401, 0, 0, 0.2, CHALLENGE) is Outcome.REFUSED
    assert protected.at == pytest.approx(15.2)
    assert counts(protected, 15.2) == (3, 0)
    protected.answered(3, 401, 0, 0, 15.3, CHALLENGE)
    assert protected.at == 15.3


def test_without_a_password_a_challenge_is_a_refusal(registration: Registration) -> None:
    registration.send(0.0)
    assert registration.answered(1, 401, 0, 0, 0.1, CHALLENGE) is Outcome.REFUSED


def test_who_leaves_proves_it_too(protected: Registration) -> None:
    protected.send(0.0)
    protected.answered(1, 200, 60, 0, 0.1)
    protected.leave(1.0)
    assert protected.send(1.0).expires == 0
    assert protected.answered(3, 401, 0, 0, 1.1, CHALLENGE) is Outcome.NOTHING_NEW
    left = protected.send(1.1)
    assert (left.cseq, left.expires, left.proof is not None) == (4, 0, True)
    assert protected.answered(4, 200, 0, 0, 1.2) is Outcome.TAKEN_BACK
