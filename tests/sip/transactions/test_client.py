from __future__ import annotations

import math
from collections.abc import Callable
from itertools import count, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import BadMessage
from daemon.sip.message import Request, Response, Source
from daemon.sip.parser import parse
from daemon.sip.transactions.client import (
    TABLE,
    TIMER_F,
    Answered,
    ClientTransactions,
    Ended,
    SendMessage,
    State,
    Stimulus,
    TimedOut,
    Unsent,
)
from daemon.sip.transactions.server import TIMER_J, New, Replay, ServerTransactions
from tests.support.challenging_phone import said
from tests.support.lossy_network import LossyNetwork, Weather

PHONE = Source("192.0.2.7", 5060)
OVER_TCP = Source("192.0.2.7", 49152, "tcp")
ON_UDP = [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


def numbered() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"t{next(numbers)}"


def notify(call_id: str = "c1") -> Request:
    headers = (("from", "<sip:us@pbx>;tag=f"), ("to", "<sip:2041@192.0.2.7>"), ("call-id", call_id))
    return Request((*headers, ("cseq", "1 NOTIFY")), b"", "NOTIFY", "sip:2041@192.0.2.7")


def started(transactions: ClientTransactions, to: Source = PHONE, now: float = 0.0) -> SendMessage:
    message = transactions.start(notify(), to, "192.0.2.1:5060", now)
    assert message is not None
    return message


def answer(message: SendMessage, status: str = "200 OK") -> Response:
    response = parse(said(message.data.decode(), status))
    assert isinstance(response, Response)
    return response


def sendings(transactions: ClientTransactions, until: float = math.inf) -> list[float]:
    """When the one transaction is sent again, to its end or to `until`."""
    times = []
    while (due := transactions.next_deadline()) <= min(until, 1e9):
        times += [due for order in transactions.expire(due) if isinstance(order, SendMessage)]
    return times


def ends(transactions: ClientTransactions, now: float) -> list[Ended]:
    return [order for order in transactions.expire(now) if not isinstance(order, SendMessage)]


def test_the_request_leaves_as_it_is_under_a_via_of_its_own() -> None:
    message = started(ClientTransactions(numbered()))
    assert message.to == PHONE
    assert message.data.decode().split("\r\n") == [
        "NOTIFY sip:2041@192.0.2.7 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKrnt1",
        "From: <sip:us@pbx>;tag=f",
        "To: <sip:2041@192.0.2.7>",
        "Call-ID: c1",
        "CSeq: 1 NOTIFY",
        "Content-Length: 0",
        "",
        "",
    ]


def test_over_a_stream_the_via_says_so() -> None:
    assert b"Via: SIP/2.0/TCP 192.0.2.1:5060;" in started(ClientTransactions(numbered()), OVER_TCP).data


# Section 17.1.2.2: when it is sent again, by what happened meanwhile.
def test_without_an_answer_it_is_sent_eleven_times_and_given_up_at_32_seconds() -> None:
    transactions = ClientTransactions(numbered())
    started(transactions)
    assert [0.0, *sendings(transactions, 31.9)] == ON_UDP
    assert transactions.next_deadline() == TIMER_F
    assert ends(transactions, TIMER_F) == [TimedOut("z9hG4bKrnt1")]
    assert (len(transactions), transactions.next_deadline()) == (0, math.inf)


@pytest.mark.parametrize(
    ("provisional_at", "times"),
    [
        (0.1, [0.5, 4.5, 8.5, 12.5, 16.5, 20.5, 24.5, 28.5]),
        (1.0, [1.5, 5.5, 9.5, 13.5, 17.5, 21.5, 25.5, 29.5]),
        (8.0, [11.5, 15.5, 19.5, 23.5, 27.5, 31.5]),
    ],
)
def test_a_provisional_answer_slows_it_down_to_every_four_seconds(provisional_at: float, times: list[float]) -> None:
    transactions = ClientTransactions(numbered())
    message = started(transactions)
    sendings(transactions, provisional_at)
    assert transactions.received(answer(message, "100 Trying"), provisional_at) == []
    assert sendings(transactions) == times
    assert transactions.statistics().timed_out == 1


def test_over_a_stream_nothing_is_sent_again() -> None:
    transactions = ClientTransactions(numbered())
    started(transactions, OVER_TCP)
    assert transactions.next_deadline() == TIMER_F
    assert ends(transactions, TIMER_F) == [TimedOut("z9hG4bKrnt1")]


@pytest.mark.parametrize("status", ["200 OK", "302 Moved", "481 Gone", "503 Later", "603 No"])
def test_a_final_answer_is_told_once_and_its_copies_are_passed_over(status: str) -> None:
    transactions = ClientTransactions(numbered())
    message = started(transactions)
    response = answer(message, status)
    assert transactions.received(response, 1.0) == [Answered(message.transaction, response)]
    assert transactions.received(response, 1.1) == []
    assert transactions.next_deadline() == 6.0  # timer K
    assert transactions.expire(6.0) == []
    assert len(transactions) == 0
    assert transactions.statistics().unmatched == 0


def test_over_a_stream_an_answered_request_is_forgotten_at_once() -> None:
    transactions = ClientTransactions(numbered())
    transactions.received(answer(started(transactions, OVER_TCP)), 1.0)
    assert (len(transactions), transactions.next_deadline()) == (0, math.inf)


def test_an_answer_after_the_end_is_dropped() -> None:
    transactions = ClientTransactions(numbered())
    message = started(transactions)
    transactions.expire(TIMER_F)
    assert transactions.received(answer(message), 33.0) == []
    assert transactions.statistics().unmatched == 1


def test_a_request_that_cannot_leave_ends_with_that() -> None:
    transactions = ClientTransactions(numbered())
    message = started(transactions)
    assert transactions.failed(message.transaction, 0.0) == [Unsent(message.transaction)]
    assert transactions.failed(message.transaction, 0.0) == []
    assert transactions.next_deadline() == math.inf


def test_an_answer_to_another_method_or_with_another_branch_is_none_of_ours() -> None:
    transactions = ClientTransactions(numbered())
    text = said(started(transactions).data.decode(), "200 OK")
    for strange in (text.replace(b"1 NOTIFY", b"1 REGISTER"), text.replace(b"rnt1", b"rnt2")):
        response = parse(strange)
        assert isinstance(response, Response)
        assert transactions.received(response, 0.1) == []
    assert transactions.statistics().unmatched == 2


@pytest.mark.parametrize("broken", [b"Via: nonsense", b"X: y"])
def test_an_answer_without_a_readable_via_is_a_bad_message(broken: bytes) -> None:
    response = parse(b"SIP/2.0 200 OK\r\n" + broken + b"\r\n\r\n")
    assert isinstance(response, Response)
    with pytest.raises(BadMessage, match="via"):
        ClientTransactions(numbered()).received(response, 0.0)


def test_no_more_are_started_than_there_is_room_for() -> None:
    transactions = ClientTransactions(numbered(), limit=1)
    started(transactions)
    assert transactions.start(notify(), PHONE, "192.0.2.1:5060", 0.0) is None
    found = transactions.statistics()
    assert (found.started, found.refused, found.open) == (1, 1, 1)


def test_the_table_names_every_state_but_the_last_and_only_waiting_ones_send() -> None:
    assert set(TABLE) == set(State) - {State.TERMINATED}
    assert {state for state, row in TABLE.items() if Stimulus.TIMER_E in row} == {State.TRYING, State.PROCEEDING}


class _Conversation:
    """Clients and a server with a bad network between them; the server's user thinks before it answers."""

    def __init__(self, seed: int, weather: Weather, thinking: float) -> None:
        self.network: LossyNetwork[bytes] = LossyNetwork(seed, weather)
        self.clients, self.server = ClientTransactions(numbered()), ServerTransactions()
        self.thinking = thinking
        self.thoughts: list[tuple[float, bytes, bytes]] = []  # when, the key, the answer
        self.seen: list[str] = []
        self.ended: dict[str, list[tuple[float, Ended]]] = {}

    def run(self) -> None:
        while (now := self._next()) < math.inf:
            self._think(now)
            for to, packet in self.network.arrivals(now):
                self._arrived(to, packet, now)
            self._perform(self.clients.expire(now), now)
            self.server.expire(now)

    def start(self, call_id: str, now: float) -> None:
        message = self.clients.start(notify(call_id), PHONE, "192.0.2.1:5060", now)
        assert message is not None
        self.network.send("server", message.data, now)

    def _next(self) -> float:
        thought = self.thoughts[0][0] if self.thoughts else math.inf
        return min(thought, self.network.next_arrival(), self.clients.next_deadline(), self.server.next_deadline())

    def _think(self, now: float) -> None:
        while self.thoughts and self.thoughts[0][0] <= now:
            _, key, response = self.thoughts.pop(0)
            self.server.answered(key, PHONE, response, now)
            self.network.send("client", response, now)

    def _arrived(self, to: str, packet: bytes, now: float) -> None:
        message = parse(packet)
        if to == "client":
            assert isinstance(message, Response)
            self._perform(self.clients.received(message, now), now)
            return
        assert isinstance(message, Request)
        outcome = self.server.begin(message, PHONE, now)
        if isinstance(outcome, New):
            self.seen.append(message.first("call-id"))
            self.thoughts.append((now + self.thinking, outcome.key, said(packet.decode(), "200 OK")))
        elif isinstance(outcome, Replay):
            self.network.send("client", outcome.response, now)

    def _perform(self, orders: list[SendMessage | Answered | TimedOut | Unsent], now: float) -> None:
        for order in orders:
            if isinstance(order, SendMessage):
                self.network.send("server", order.data, now)
            else:
                self.ended.setdefault(order.transaction, []).append((now, order))


# The delay stays below 0.5 s: the last transmission leaves at 31.5 s, and the server remembers for 32 s.
@given(
    seed=st.integers(0, 2**32),
    loss=st.floats(0, 0.95),
    doubling=st.floats(0, 1),
    longest=st.floats(0.001, 0.49),
    thinking=st.floats(0, 3),
)
@settings(max_examples=60, deadline=None)
def test_whatever_the_network_does_every_request_ends_in_time_and_is_seen_once(
    seed: int, loss: float, doubling: float, longest: float, thinking: float
) -> None:
    """Each ends within 32 s, the user at the server sees it once at most, the one at the client is told one end."""
    conversation = _Conversation(seed, Weather(loss, doubling, 0.0005, longest), thinking)
    for n in range(10):
        conversation.start(f"call-{n}", 0.0)
    conversation.run()
    assert len(conversation.ended) == 10
    for branch, told in conversation.ended.items():
        ((at, end),) = told
        assert at <= TIMER_F
        if isinstance(end, Answered):
            assert conversation.seen.count(end.response.first("call-id")) == 1
        else:
            assert end == TimedOut(branch)
    assert len(set(conversation.seen)) == len(conversation.seen)
    assert len(conversation.clients) == len(conversation.server) == 0


def test_on_a_good_network_everybody_is_answered_at_the_first_attempt() -> None:
    conversation = _Conversation(1, Weather(), 0.0)
    for n in range(10):
        conversation.start(f"call-{n}", 0.0)
    conversation.run()
    assert all(isinstance(told[0][1], Answered) for told in conversation.ended.values())
    assert sorted(conversation.seen) == sorted(f"call-{n}" for n in range(10))


def test_how_long_the_server_remembers_is_how_long_the_client_tries() -> None:
    assert TIMER_J == TIMER_F
    assert all(later - earlier <= 4 for earlier, later in pairwise(ON_UDP))
