"""Check-syncs under way: sent, challenged, sent once more with the phone's own credentials, and what became of each.

A phone that challenges wants to know that whoever restarts it knows its password, so it is answered with its SIP user
and password (RFC 3261 section 22.2): once, and once more if it only says that its nonce was stale. Pure: what comes
out are messages to send and events for the fleet. Not here: how the NOTIFY looks (`notify`), retransmission
(`transactions.client`), the arithmetic of digests (`digest`), sockets.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

from daemon.authentication import digest
from daemon.config.settings import Sip
from daemon.errors import BadMessage, StoreUnavailable
from daemon.fleet.commands import SendNotify
from daemon.fleet.events import ResyncEnded
from daemon.fleet.model import Mac
from daemon.sip.message import Header, Response, Source
from daemon.sip.notify import CheckSync, destination
from daemon.sip.transactions import client
from daemon.sip.transactions.client import Answered, ClientStatistics, ClientTransactions, SendMessage, TimedOut

# Who challenges, and how it wants to be answered (sections 22.2 and 22.3).
_CHALLENGES = {401: ("www-authenticate", "authorization"), 407: ("proxy-authenticate", "proxy-authorization")}
_LAST_CSEQ = 3  # plain, with credentials, with credentials over a fresh nonce

Order = SendMessage | ResyncEnded


class _Resync:
    """One check-sync under way."""

    __slots__ = ("check_sync", "cseq", "order")

    def __init__(self, order: SendNotify, check_sync: CheckSync) -> None:
        self.order = order
        self.check_sync = check_sync
        self.cseq = 0


class Resyncs:
    """All of them, by their present transaction. Times on the caller's axis, in seconds."""

    def __init__(
        self,
        settings: Sip,
        password_of: Callable[[Mac], str | None],
        sent_by: Callable[[Source], str | None],
        new_token: Callable[[], str],
    ) -> None:
        """`password_of` gives a phone's SIP password, None if it has none; `StoreUnavailable` if it cannot be opened.

        `new_token` must be unguessable. `sent_by` says as what (`host:port`) we are reached by whoever is there; None
        if nothing can be sent there: no socket of that family, or a connection that is gone.
        """
        self.settings = settings
        self._password_of = password_of
        self._sent_by = sent_by
        self._new_token = new_token
        self._clients = ClientTransactions(new_token)
        self._resyncs: dict[str, _Resync] = {}
        self._failed: list[Order] = []

    def submit(self, order: SendNotify, now: float) -> list[Order]:
        """Begin one. What cannot even leave is told by the next `expire`, so that no order causes an event at once."""
        sent_by = self._sent_by(destination(order.contact))
        if sent_by is None:
            self._failed.append(_unsent(order))
            return []
        settings, token = self.settings, self._new_token()
        check_sync = CheckSync(order.contact, order.reboot, token, sent_by, settings.domain, settings.user_agent)
        first = self._send(_Resync(order, check_sync), now)
        if isinstance(first, SendMessage):
            return [first]
        self._failed.append(first)
        return []

    def received(self, response: Response, now: float) -> list[Order]:
        """An answer that is none to a ping; `BadMessage` if it cannot be told to what it is one."""
        return list(self._follow(self._clients.received(response, now), now))

    def failed(self, message: SendMessage, now: float) -> None:
        """A message could not leave: the next `expire` says what that ends."""
        self._failed += self._follow(self._clients.failed(message.transaction, now), now)

    def next_deadline(self) -> float:
        """When `expire` must be called; infinity if nothing is under way."""
        return -math.inf if self._failed else self._clients.next_deadline()

    def expire(self, now: float) -> list[Order]:
        """Time has passed: what is to be sent again, what was never answered, and what could not leave."""
        failed, self._failed = self._failed, []
        return [*failed, *self._follow(self._clients.expire(now), now)]

    def statistics(self) -> ClientStatistics:
        """What became of the messages, challenges included; the fleet counts the outcomes."""
        return self._clients.statistics()

    def _follow(self, orders: Iterable[client.Order], now: float) -> Iterator[Order]:
        for order in orders:
            if isinstance(order, SendMessage):
                yield order
                continue
            resync = self._resyncs.pop(order.transaction)
            if isinstance(order, Answered):
                yield self._answered(resync, order.response, now)
            elif isinstance(order, TimedOut):
                yield _ended(resync.order, False, "found no answer")
            else:
                yield _unsent(resync.order)

    def _answered(self, resync: _Resync, response: Response, now: float) -> Order:
        if response.status in _CHALLENGES:
            return self._challenged(resync, response, now)
        if response.status < 300:
            return _ended(resync.order, True, f"answered {response.status}")
        return _ended(resync.order, False, f"refused with {response.status}")

    def _challenged(self, resync: _Resync, response: Response, now: float) -> Order:
        asked, answered = _CHALLENGES[response.status]
        challenges = response.challenges(asked)
        if resync.cseq > 1 and not (resync.cseq < _LAST_CSEQ and any(map(_stale, challenges))):
            return _ended(resync.order, False, f"refused with {response.status}: it did not take its own password")
        try:
            password = self._password_of(resync.order.mac)
        except StoreUnavailable:
            return _ended(resync.order, False, f"refused with {response.status}: the SIP password cannot be opened")
        if not password:
            return _ended(resync.order, False, f"refused with {response.status}: the SIP password is not known here")
        uri, user = resync.check_sync.uri, resync.order.user
        credentials = digest.answer_challenge(challenges, "NOTIFY", uri, user, password, self._new_token())
        if credentials is None:
            return _ended(resync.order, False, f"refused with {response.status}: no digest that we know")
        return self._send(resync, now, (answered, credentials))

    def _send(self, resync: _Resync, now: float, *credentials: Header) -> Order:
        resync.cseq += 1
        check_sync, to = resync.check_sync, destination(resync.order.contact)
        message = self._clients.start(check_sync.request(resync.cseq, *credentials), to, check_sync.sent_by, now)
        if message is None:
            return _ended(resync.order, False, "not sent: too many others are under way")
        self._resyncs[message.transaction] = resync
        return message


def _stale(challenge: str) -> bool:
    """Whether only the nonce was too old (RFC 7616 section 3.3)."""
    try:
        return (digest.parse_digest(challenge) or {}).get("stale", "").lower() == "true"
    except BadMessage:
        return False


def _unsent(order: SendNotify) -> ResyncEnded:
    return _ended(order, False, f"could not be sent over {order.contact.transport}")


def _ended(order: SendNotify, delivered: bool, outcome: str) -> ResyncEnded:
    return ResyncEnded(order.mac, order.reboot, delivered, outcome)
