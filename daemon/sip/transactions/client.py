"""Requests of our own, sent until somebody answers (RFC 3261 section 17.1.2).

`TABLE` says which state follows which; what it does not name is passed over. What has to be done goes with the
stimulus: timer E sends the request again, and what first ends the wait for an answer is told to the user, once.

Timer   over UDP                                      over a stream   meaning
-----   --------                                      -------------   -------
E       0.5, 1, 2, 4, 4 ... s; after a 1xx every 4 s  never           send again: 11 times altogether
F       32 s                                          32 s            nobody will answer any more
K       5 s                                           0 s             later copies of the answer have died out

Pings do not come here (`probes`): they are never repeated, and there are too many. Not here: sockets, answering a
challenge (`resyncs`), the server's side (`server`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from daemon.scheduler.deadlines import Deadlines
from daemon.sip.message import Header, Request, Response, Source
from daemon.sip.transactions import T1, T2, T4, UNRELIABLE

TIMER_F = 64 * T1
# The magic cookie of section 8.1.1.7, then our mark, which is another than that of pings: a random token follows.
BRANCH = "z9hG4bKrn"
# A mass resync at 100 a second, none of it answered, is 3,200 at once; some 1 KiB each.
LIMIT = 4096
_SPELLING = {"call-id": "Call-ID", "cseq": "CSeq"}


class State(Enum):
    """Figure 6 of the RFC."""

    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    TERMINATED = "terminated"


class Stimulus(Enum):
    """What moves a transaction."""

    TIMER_E = "timer E"
    PROVISIONAL = "1xx"
    FINAL = "200 to 699"
    TIMER_F = "timer F"
    FAILURE = "transport error"
    TIMER_K = "timer K"


_WAITING: Mapping[Stimulus, State] = {
    Stimulus.PROVISIONAL: State.PROCEEDING,
    Stimulus.FINAL: State.COMPLETED,
    Stimulus.TIMER_F: State.TERMINATED,
    Stimulus.FAILURE: State.TERMINATED,
}
TABLE: Mapping[State, Mapping[Stimulus, State]] = {
    State.TRYING: {**_WAITING, Stimulus.TIMER_E: State.TRYING},
    State.PROCEEDING: {**_WAITING, Stimulus.TIMER_E: State.PROCEEDING},
    State.COMPLETED: {Stimulus.TIMER_K: State.TERMINATED},
}


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Send these bytes there; over a stream, only over the connection that `to` names."""

    to: Source
    data: bytes
    transaction: str  # to be named if it cannot leave


@dataclass(frozen=True, slots=True)
class Answered:
    """The final answer, whatever it says."""

    transaction: str
    response: Response


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Nobody answered within 32 s: to be taken like a 408."""

    transaction: str


@dataclass(frozen=True, slots=True)
class Unsent:
    """The request could not leave: to be taken like a 503."""

    transaction: str


Ended = Answered | TimedOut | Unsent
Order = SendMessage | Ended


@dataclass(frozen=True, slots=True)
class ClientStatistics:
    """What happened since start; `open` is of this moment."""

    started: int
    sent_again: int
    answered: int
    timed_out: int
    unsent: int
    refused: int  # there were too many already
    unmatched: int  # answers nobody waits for, or any more
    open: int


class _Transaction:
    """One request under way, or answered less than timer K ago."""

    __slots__ = ("data", "ends_at", "interval", "method", "resend_at", "state", "to")

    def __init__(self, method: str, data: bytes, to: Source, now: float) -> None:
        self.method = method
        self.data = data
        self.to = to
        self.state = State.TRYING
        self.interval = T1
        self.resend_at = now + T1 if to.transport == UNRELIABLE else math.inf
        self.ends_at = now + TIMER_F  # then timer K

    @property
    def due_at(self) -> float:
        return min(self.resend_at, self.ends_at)


class ClientTransactions:
    """Our requests, by branch. Times on the caller's axis, in seconds."""

    def __init__(self, new_token: Callable[[], str], limit: int = LIMIT) -> None:
        """`new_token` must be unguessable: whoever knows a branch can answer in another's name."""
        self._new_token = new_token
        self._limit = limit
        self._open: dict[str, _Transaction] = {}
        self._timers: Deadlines[str] = Deadlines()
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def start(self, request: Request, to: Source, sent_by: str, now: float) -> SendMessage | None:
        """Send `request`, which has no Via yet: ours goes on top, naming `sent_by` (`host:port`) as where we are.

        None if there are too many already.
        """
        if len(self._open) >= self._limit:
            self._counts["refused"] += 1
            return None
        branch = BRANCH + self._new_token()
        # rport (RFC 3581): the answer comes back to the very socket it left from, whatever NAT made of our address.
        via = ("via", f"SIP/2.0/{to.transport.upper()} {sent_by};rport;branch={branch}")
        transaction = _Transaction(request.method, _rendered(request, via), to, now)
        self._open[branch] = transaction
        self._timers.set(branch, transaction.due_at)
        self._counts["started"] += 1
        return SendMessage(to, transaction.data, branch)

    def received(self, response: Response, now: float) -> list[Order]:
        """An answer arrived; `BadMessage` ("via" or "cseq") if it cannot be told to what."""
        branch = response.top_via().params.get("branch", "")
        transaction = self._open.get(branch)
        if transaction is None or transaction.method != response.cseq().method:
            self._counts["unmatched"] += 1
            return []
        if response.status < 200:
            return self._step(branch, Stimulus.PROVISIONAL, now)
        return self._step(branch, Stimulus.FINAL, now, Answered(branch, response))

    def failed(self, transaction: str, now: float) -> list[Order]:
        """A request could not leave."""
        return self._step(transaction, Stimulus.FAILURE, now, Unsent(transaction))

    def next_deadline(self) -> float:
        """When `expire` must be called; infinity if nothing is under way."""
        return self._timers.next_deadline()

    def expire(self, now: float) -> list[Order]:
        """Time has passed: what is to be sent again, and what found no answer."""
        return [order for branch in self._timers.expire(now) for order in self._due(branch, now)]

    def statistics(self) -> ClientStatistics:
        """A snapshot."""
        counts = self._counts
        return ClientStatistics(
            started=counts["started"],
            sent_again=counts["sent-again"],
            answered=counts["answered"],
            timed_out=counts["timed-out"],
            unsent=counts["unsent"],
            refused=counts["refused"],
            unmatched=counts["unmatched"],
            open=len(self._open),
        )

    def _due(self, branch: str, now: float) -> list[Order]:
        transaction = self._open[branch]
        if transaction.state is State.COMPLETED:
            return self._step(branch, Stimulus.TIMER_K, now)
        if transaction.ends_at <= now:
            return self._step(branch, Stimulus.TIMER_F, now, TimedOut(branch))
        return self._step(branch, Stimulus.TIMER_E, now)

    def _step(self, branch: str, stimulus: Stimulus, now: float, end: Ended | None = None) -> list[Order]:
        """Move by the table; `end` is what the user is told if that moves it anywhere."""
        transaction = self._open.get(branch)
        state = TABLE[transaction.state].get(stimulus) if transaction else None
        if transaction is None or state is None:
            return []
        orders: list[Order] = [end] if end else []
        if stimulus is Stimulus.TIMER_E:
            orders.append(SendMessage(transaction.to, transaction.data, branch))
        self._count(orders)
        self._enter(branch, transaction, state, stimulus, now)
        return orders

    def _enter(self, branch: str, transaction: _Transaction, state: State, stimulus: Stimulus, now: float) -> None:
        transaction.state = state
        lingers = state is not State.COMPLETED or transaction.to.transport == UNRELIABLE
        if state is State.TERMINATED or not lingers:
            del self._open[branch]
            self._timers.cancel(branch)
            return
        if state is State.COMPLETED:
            transaction.data, transaction.resend_at, transaction.ends_at = b"", math.inf, now + T4
        elif stimulus is Stimulus.TIMER_E:
            transaction.interval = T2 if state is State.PROCEEDING else min(2 * transaction.interval, T2)
            transaction.resend_at = now + transaction.interval
        self._timers.set(branch, transaction.due_at)

    def _count(self, orders: list[Order]) -> None:
        for order in orders:
            self._counts[_COUNTED[type(order)]] += 1


_COUNTED: Mapping[type[Order], str] = {
    SendMessage: "sent-again",
    Answered: "answered",
    TimedOut: "timed-out",
    Unsent: "unsent",
}


def _rendered(request: Request, via: Header) -> bytes:
    """A request as bytes, under this Via; Content-Length is added."""
    lines = [f"{request.method} {request.uri} {request.version}"]
    lines += [f"{_SPELLING.get(name) or name.title()}: {value}" for name, value in (via, *request.headers)]
    lines += [f"Content-Length: {len(request.body)}", "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + request.body
