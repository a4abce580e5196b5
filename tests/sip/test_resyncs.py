"""From the order to what became of it, with phones in memory that challenge, and a network that loses."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from daemon.config.settings import Sip
from daemon.errors import BadMessage, StoreUnavailable
from daemon.fleet.commands import SendNotify
from daemon.fleet.events import ResyncEnded
from daemon.fleet.model import Contact, Mac
from daemon.sip.message import Response, Source
from daemon.sip.parser import parse
from daemon.sip.resyncs import Resyncs
from daemon.sip.transactions.client import LIMIT, SendMessage
from tests.support.builders import MAC, OTHER_MAC, contact
from tests.support.challenging_phone import ChallengingPhone, said
from tests.support.lossy_network import LossyNetwork, Weather

QUICK = Weather(longest=0.1)  # nothing has to be sent again
DELIVERED = ResyncEnded(MAC, reboot=False, delivered=True, outcome="answered 200")


def sealed_with_another_key(mac: Mac) -> str | None:
    raise StoreUnavailable("sealed with another key")


def order(to: Contact | None = None, *, reboot: bool = False) -> SendNotify:
    return SendNotify(MAC, to or contact(), "2041", reboot)


def not_delivered(outcome: str) -> ResyncEnded:
    return ResyncEnded(MAC, reboot=False, delivered=False, outcome=outcome)


class Edge:
    """What the endpoint does with the orders, on a clock of plain numbers; `answer` is the other side."""

    def __init__(
        self,
        answer: Callable[[bytes], bytes],
        weather: Weather | None = None,
        seed: int = 1,
        password: str | None = "s3cret",
        *,
        unreachable: bool = False,
        password_of: Callable[[Mac], str | None] | None = None,
    ) -> None:
        numbers = count(1)
        self.passwords: dict[Mac, str | None] = {MAC: password}
        self.resyncs = Resyncs(
            Sip(domain="pbx.example.net"),
            password_of=password_of or self.passwords.get,
            sent_by=lambda _to: None if unreachable else "192.0.2.1:5060",
            new_token=lambda: f"t{next(numbers)}",
        )
        self.network: LossyNetwork[bytes] = LossyNetwork(seed, weather or QUICK)
        self.sent: list[SendMessage] = []
        self.events: list[ResyncEnded] = []
        self.now = 0.0
        self._answer = answer

    def submit(self, order: SendNotify) -> None:
        self._perform(self.resyncs.submit(order, self.now))

    def run(self) -> list[ResyncEnded]:
        """Until nothing is left to do: the events."""
        while (now := min(self.network.next_arrival(), self.resyncs.next_deadline())) < math.inf:
            self.now = max(self.now, now)
            for to, packet in self.network.arrivals(self.now):
                if to == "phone":
                    self.network.send("us", self._answer(packet), self.now)
                    continue
                response = parse(packet)
                assert isinstance(response, Response)
                self._perform(self.resyncs.received(response, self.now))
            self._perform(self.resyncs.expire(self.now))
        return self.events

    def _perform(self, orders: list[SendMessage | ResyncEnded]) -> None:
        for one in orders:
            if isinstance(one, SendMessage):
                self.sent.append(one)
                self.network.send("phone", one.data, self.now)
            else:
                self.events.append(one)


def refusing(status: str) -> Callable[[bytes], bytes]:
    return lambda datagram: said(datagram.decode(), status)


@pytest.mark.parametrize("reboot", [False, True])
def test_a_phone_that_asks_for_nothing_is_told_at_once(reboot: bool) -> None:
    phone = ChallengingPhone()
    edge = Edge(phone.answer)
    edge.submit(order(reboot=reboot))
    assert edge.run() == [ResyncEnded(MAC, reboot, delivered=True, outcome="answered 200")]
    assert phone.heard == [f"check-sync;reboot={str(reboot).lower()}"]
    assert [message.to for message in edge.sent] == [Source("10.1.2.7", 5060)]


@pytest.mark.parametrize("status", [401, 407])
@pytest.mark.parametrize("algorithms", [("MD5",), ("SHA-256",), ("SHA-256", "MD5")])
def test_a_challenge_is_answered_once_with_the_phones_own_credentials(algorithms: tuple[str, ...], status: int) -> None:
    phone = ChallengingPhone(*algorithms, status=status)
    edge = Edge(phone.answer)
    edge.submit(order())
    assert edge.run() == [DELIVERED]
    assert phone.heard == ["check-sync;reboot=false"]
    first, second = (parse(message.data) for message in edge.sent)
    assert (first.cseq().number, second.cseq().number) == (1, 2)
    assert first.first("call-id") == second.first("call-id")
    assert first.from_() == second.from_()
    assert first.top_via().params["branch"] != second.top_via().params["branch"]


def test_a_stale_nonce_is_answered_once_more_and_no_further() -> None:
    once = Edge(ChallengingPhone("MD5", stale=1).answer)
    once.submit(order())
    assert once.run() == [DELIVERED]
    assert len(once.sent) == 3
    for_ever = Edge(ChallengingPhone("MD5", stale=100).answer)
    for_ever.submit(order())
    assert for_ever.run() == [not_delivered("refused with 401: it did not take its own password")]
    assert len(for_ever.sent) == 3


def test_a_phone_with_another_password_is_not_asked_twice() -> None:
    phone = ChallengingPhone("SHA-256", password="changed")
    edge = Edge(phone.answer)
    edge.submit(order())
    assert edge.run() == [not_delivered("refused with 401: it did not take its own password")]
    assert (len(edge.sent), phone.heard) == (2, [])


@pytest.mark.parametrize("password", [None, ""])
def test_without_a_password_a_challenge_ends_it(password: str | None) -> None:
    edge = Edge(ChallengingPhone("MD5").answer, password=password)
    edge.submit(order())
    assert edge.run() == [not_delivered("refused with 401: the SIP password is not known here")]


def test_a_password_that_cannot_be_opened_ends_it_and_says_so() -> None:
    edge = Edge(ChallengingPhone("MD5").answer, password_of=sealed_with_another_key)
    edge.submit(order())
    assert edge.run() == [not_delivered("refused with 401: the SIP password cannot be opened")]


@pytest.mark.parametrize(
    "challenges", [(), ("WWW-Authenticate: Basic realm=x",), ("WWW-Authenticate: Digest,,=",), ("WWW-Authenticate:",)]
)
def test_a_challenge_that_nobody_can_answer_ends_it(challenges: tuple[str, ...]) -> None:
    edge = Edge(lambda datagram: said(datagram.decode(), "401 Prove it", *challenges))
    edge.submit(order())
    assert edge.run() == [not_delivered("refused with 401: no digest that we know")]


@pytest.mark.parametrize("status", [403, 405, 481, 489, 503, 603])
def test_a_refusal_ends_it_with_its_code(status: int) -> None:
    edge = Edge(refusing(f"{status} No"))
    edge.submit(order())
    assert edge.run() == [not_delivered(f"refused with {status}")]


def test_silence_ends_it_after_32_seconds() -> None:
    edge = Edge(ChallengingPhone().answer, Weather(loss=1))
    edge.submit(order())
    assert edge.run() == [not_delivered("found no answer")]
    assert (edge.now, len(edge.sent)) == (32.0, 11)


@pytest.mark.parametrize("seed", range(20))
def test_on_a_bad_network_a_challenging_phone_is_told_all_the_same(seed: int) -> None:
    phone = ChallengingPhone("SHA-256", "MD5")
    edge = Edge(_once(phone.answer), Weather(loss=0.3, doubling=0.3), seed)
    edge.submit(order())
    assert edge.run() == [DELIVERED]
    assert phone.heard == ["check-sync;reboot=false"]


def _once(answer: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """A phone with a transaction layer of its own."""
    answers: dict[bytes, bytes] = {}

    def remembered(datagram: bytes) -> bytes:
        return answers.get(datagram) or answers.setdefault(datagram, answer(datagram))

    return remembered


def test_where_nothing_can_be_sent_that_is_said_with_the_next_turn_of_the_clock() -> None:
    edge = Edge(ChallengingPhone().answer, unreachable=True)
    edge.submit(order(replace(contact(), transport="tls")))
    assert (edge.events, edge.resyncs.next_deadline()) == ([], -math.inf)
    assert edge.run() == [not_delivered("could not be sent over tls")]
    assert edge.sent == []


def test_a_message_that_could_not_leave_ends_it_with_the_next_turn_of_the_clock() -> None:
    edge = Edge(ChallengingPhone().answer)
    (message,) = edge.resyncs.submit(order(), 0.0)
    assert isinstance(message, SendMessage)
    edge.resyncs.failed(message, 0.0)
    assert edge.run() == [not_delivered("could not be sent over udp")]


def test_too_many_at_once_are_told_so() -> None:
    edge = Edge(ChallengingPhone().answer, Weather(loss=1))
    for _ in range(LIMIT + 1):
        edge.resyncs.submit(order(), 0.0)
    assert edge.resyncs.expire(0.0) == [not_delivered("not sent: too many others are under way")]
    assert edge.resyncs.statistics().refused == 1


def test_two_phones_do_not_mix() -> None:
    edge = Edge(ChallengingPhone("MD5").answer)
    edge.submit(replace(order(), mac=OTHER_MAC))
    edge.submit(order())
    assert {event.mac: event.delivered for event in edge.run()} == {MAC: True, OTHER_MAC: False}


def test_an_answer_to_nothing_changes_nothing() -> None:
    edge = Edge(ChallengingPhone().answer)
    stray = parse(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKrn9\r\nCSeq: 1 NOTIFY\r\n\r\n")
    broken = parse(b"SIP/2.0 200 OK\r\n\r\n")
    assert isinstance(stray, Response)
    assert isinstance(broken, Response)
    assert edge.resyncs.received(stray, 0.0) == []
    with pytest.raises(BadMessage):
        edge.resyncs.received(broken, 0.0)


def test_no_message_holds_the_password() -> None:
    edge = Edge(ChallengingPhone("MD5").answer)
    edge.submit(order())
    edge.run()
    assert not any(b"s3cret" in message.data for message in edge.sent)
