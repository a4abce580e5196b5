from __future__ import annotations

import math

import pytest

from daemon.errors import BadMessage
from daemon.sip.message import Request, Source
from daemon.sip.parser import parse
from daemon.sip.transactions.server import BYTES_EACH, InProgress, New, Outcome, Replay, ServerTransactions, key_of
from tests.support.sip_messages import register, request

PHONE = Source("192.0.2.7", 5060)
OVER_TCP = Source("192.0.2.7", 49152, "tcp")
OLD_VIA = "SIP/2.0/UDP 192.0.2.7:5060"


def arrived(datagram: bytes) -> Request:
    message = parse(datagram)
    assert isinstance(message, Request)
    return message


def begun(outcome: Outcome) -> bytes:
    assert isinstance(outcome, New)
    return outcome.key


def same(one: bytes, other: bytes, source: Source = PHONE, other_source: Source = PHONE) -> bool:
    return key_of(arrived(one), source) == key_of(arrived(other), other_source)


def test_a_request_is_new_then_silent_while_it_is_served_then_answered_with_the_same_bytes() -> None:
    transactions, message = ServerTransactions(), arrived(register())
    key = begun(transactions.begin(message, PHONE, 0.0))
    assert transactions.begin(message, PHONE, 0.5) == InProgress()
    transactions.answered(key, PHONE, b"200 once", 1.0)
    assert transactions.begin(message, PHONE, 1.5) == Replay(b"200 once")
    assert transactions.begin(message, PHONE, 32.9) == Replay(b"200 once")


# now, what expires: row by row as in section 17.2.2
@pytest.mark.parametrize(
    ("answered_at", "source", "forgotten_at"),
    [(0.0, PHONE, 32.0), (3.0, PHONE, 35.0), (0.0, OVER_TCP, 0.0), (3.0, OVER_TCP, 3.0), (None, PHONE, 32.0)],
)
def test_what_was_answered_is_forgotten_32_seconds_later_over_udp_and_at_once_over_a_stream(
    answered_at: float | None, source: Source, forgotten_at: float
) -> None:
    transactions, message = ServerTransactions(), arrived(register())
    key = begun(transactions.begin(message, source, 0.0))
    if answered_at is not None:
        transactions.answered(key, source, b"200", answered_at)
    assert transactions.next_deadline() in (forgotten_at, math.inf)
    transactions.expire(forgotten_at - 0.001)
    assert len(transactions) == (source is PHONE)
    transactions.expire(forgotten_at)
    assert (len(transactions), transactions.next_deadline()) == (0, math.inf)
    assert isinstance(transactions.begin(message, source, forgotten_at), New)


def test_an_answer_that_was_given_up_is_not_kept_any_more() -> None:
    transactions = ServerTransactions()
    key = begun(transactions.begin(arrived(register()), PHONE, 0.0))
    transactions.expire(32.0)
    transactions.answered(key, PHONE, b"200", 33.0)
    assert len(transactions) == 0
    assert transactions.statistics().given_up == 1


def test_a_challenge_leaves_no_memory_behind() -> None:
    transactions, message = ServerTransactions(), arrived(register())
    transactions.forget(begun(transactions.begin(message, PHONE, 0.0)))
    assert (len(transactions), transactions.next_deadline()) == (0, math.inf)
    assert isinstance(transactions.begin(message, PHONE, 0.1), New)


def test_when_there_is_no_room_requests_are_served_without_being_remembered() -> None:
    transactions = ServerTransactions(limit=2)
    messages = [arrived(register(via=f"{OLD_VIA};branch=z9hG4bK{n}")) for n in range(3)]
    keys = [begun(transactions.begin(message, PHONE, 0.0)) for message in messages]
    for key in keys:
        transactions.answered(key, PHONE, b"200", 0.0)
    assert len(transactions) == 2
    assert isinstance(transactions.begin(messages[2], PHONE, 0.5), New)
    assert transactions.begin(messages[1], PHONE, 0.5) == Replay(b"200")
    assert transactions.statistics().stateless == 2
    transactions.expire(32.0)
    begun(transactions.begin(messages[2], PHONE, 32.0))
    assert len(transactions) == 1


def test_answers_take_no_more_room_than_there_is() -> None:
    transactions = ServerTransactions(limit=4)
    longest = b"x" * (4 * BYTES_EACH)
    for n in range(2):
        message = arrived(register(via=f"{OLD_VIA};branch=z9hG4bK{n}"))
        transactions.answered(begun(transactions.begin(message, PHONE, 0.0)), PHONE, longest, 0.0)
    statistics = transactions.statistics()
    assert (statistics.completed, statistics.bytes, statistics.stateless) == (1, len(longest), 1)
    transactions.expire(32.0)
    assert transactions.statistics().bytes == 0


def test_everything_is_counted() -> None:
    transactions, message = ServerTransactions(), arrived(register())
    key = begun(transactions.begin(message, PHONE, 0.0))
    transactions.begin(message, PHONE, 0.5)
    transactions.answered(key, PHONE, b"200", 1.0)
    transactions.begin(message, PHONE, 1.5)
    found = transactions.statistics()
    assert (found.new, found.silent, found.replayed, found.trying, found.completed) == (1, 1, 1, 0, 1)


@pytest.mark.parametrize(
    ("headers", "again"),
    [
        ({}, True),
        ({"call_id": "other"}, True),  # the branch decides
        ({"to": "<sip:other@pbx.example.net>"}, True),
        ({"via": "SIP/2.0/UDP 192.0.2.7:5060;rport;branch=z9hG4bK77"}, True),  # parameters in another order
        ({"via": "SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK78;rport"}, False),
        ({"via": "SIP/2.0/UDP 192.0.2.8:5060;branch=z9hG4bK77;rport"}, False),
        ({"via": "SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bK77;rport"}, False),
        ({"cseq": "2 REGISTER"}, False),  # a branch that was used again for the answer to a challenge
    ],
)
def test_branch_and_sent_by_and_cseq_make_two_requests_the_same(headers: dict[str, str], again: bool) -> None:
    assert same(register(), register(**headers)) is again


def test_another_method_is_another_request() -> None:
    assert not same(request("OPTIONS", cseq="1 X"), request("REGISTER", cseq="1 X"))


@pytest.mark.parametrize("other", [Source("198.51.100.9", 5060), Source("192.0.2.7", 5061), OVER_TCP])
def test_phones_of_two_homes_with_one_private_address_stay_apart(other: Source) -> None:
    assert not same(register(), register(), PHONE, other)


@pytest.mark.parametrize("branch", ["", ";branch=", ";branch=z9hG4bK", ";branch=1", ";branch"])
@pytest.mark.parametrize(
    ("headers", "again"),
    [
        ({}, True),
        ({"expires": "60"}, True),
        ({"call_id": "other"}, False),
        ({"cseq": "2 REGISTER"}, False),
        ({"from": "<sip:2041@pbx.example.net>;tag=f2"}, False),
        ({"to": "<sip:2041@pbx.example.net>;tag=t1"}, False),
    ],
)
def test_without_a_branch_that_means_anything_rfc_2543_decides(
    branch: str, headers: dict[str, str], again: bool
) -> None:
    via = f"{OLD_VIA}{branch}"
    assert same(register(via=via), register(via=via, **headers)) is again


def test_a_request_that_cannot_be_answered_is_none_of_ours() -> None:
    with pytest.raises(BadMessage, match="via"):
        ServerTransactions().begin(arrived(register(via=None)), PHONE, 0.0)


def test_a_key_stays_small_however_long_the_headers_are() -> None:
    assert len(key_of(arrived(register(via=OLD_VIA, call_id="x" * 8000)), PHONE)) == 16
