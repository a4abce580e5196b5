"""Requests that were sent to us, each handled once however often it arrives (RFC 3261 section 17.2.2).

State        what comes                  what happens                    next state
-----        ----------                  ------------                    ----------
(none)       the request                 handed to whoever serves it     Trying
Trying       the request again           silence                         Trying
Trying       the answer                  kept                            Completed; over a stream (none)
Trying       the answer, not to be kept                                  (none)
Trying       64 * T1                     given up                        (none)
Completed    the request again           the same bytes once more        Completed
Completed    timer J, 64 * T1                                            (none)

There is no Proceeding, since RFC 4320 wants no provisional answers to these requests. Each state is one mapping in the
order of entering it, and all stay equally long, so the oldest is always the next to go and nothing needs a heap. A
request that finds no room is served all the same, without being remembered, as section 8.2.7 allows. Not here: what is
answered, sockets, the client's side (`client`).
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from daemon.sip.message import Request, Source
from daemon.sip.transactions import T1, UNRELIABLE

TIMER_J = 64 * T1  # 32 s, over UDP
# 2,000 REGISTERs a second, each kept for 32 s.
LIMIT = 65_536
# An answer to a REGISTER with its headers is some 500 bytes; what is longer takes the room of others.
BYTES_EACH = 1024
_COOKIE = "z9hg4bk"  # section 8.1.1.7, in lower case
_KEY_BYTES = 16


class New(NamedTuple):
    """A request not seen before: serve it, then say `answered` or `forget` with this key."""

    key: bytes


class Replay(NamedTuple):
    """A request that was answered: send these bytes once more."""

    response: bytes


class InProgress(NamedTuple):
    """A request that is being served: say nothing, the answer is on its way."""


Outcome = New | Replay | InProgress
_IN_PROGRESS = InProgress()


@dataclass(frozen=True, slots=True)
class ServerStatistics:
    """What happened since start; `trying`, `completed` and `bytes` are of this moment."""

    new: int  # requests seen for the first time
    silent: int  # repetitions while the answer was being made
    replayed: int  # repetitions that got the same answer again
    stateless: int  # requests or answers that found no room
    given_up: int  # requests without an answer after 32 s
    trying: int
    completed: int
    bytes: int  # of the answers that are kept


class ServerTransactions:
    """The requests of the last half minute. Times on the caller's axis, in seconds."""

    def __init__(self, limit: int = LIMIT) -> None:
        """At most `limit` requests, and `BYTES_EACH` times as many bytes of answers."""
        self._limit = limit
        self._trying: OrderedDict[bytes, float] = OrderedDict()  # when each is given up
        self._completed: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()  # when each goes, and its answer
        self._bytes = 0
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._trying) + len(self._completed)

    def begin(self, request: Request, source: Source, now: float) -> Outcome:
        """A request arrived; `BadMessage` ("via") if nothing could be answered anyway."""
        key = key_of(request, source)
        if completed := self._completed.get(key):
            self._counts["replayed"] += 1
            return Replay(completed[1])
        if key in self._trying:
            self._counts["silent"] += 1
            return _IN_PROGRESS
        self._counts["new"] += 1
        if len(self) < self._limit:
            self._trying[key] = now + TIMER_J
        else:
            self._counts["stateless"] += 1
        return New(key)

    def answered(self, key: bytes, source: Source, response: bytes, now: float) -> None:
        """The request of `key`, which came from `source`, has this final answer; it is sent by whoever says so."""
        if self._trying.pop(key, None) is None or source.transport != UNRELIABLE:
            return
        if self._bytes + len(response) > self._limit * BYTES_EACH:
            self._counts["stateless"] += 1
            return
        self._completed[key] = (now + TIMER_J, response)
        self._bytes += len(response)

    def forget(self, key: bytes) -> None:
        """The answer changed nothing and can be made again, as a challenge can: no memory for whoever provokes it."""
        self._trying.pop(key, None)

    def next_deadline(self) -> float:
        """When the oldest is to be forgotten; infinity if there is none."""
        trying = next(iter(self._trying.values()), math.inf)
        completed = next(iter(self._completed.values()), None)
        return min(trying, completed[0]) if completed else trying

    def expire(self, now: float) -> tuple[()]:
        """Forget what is due by `now`; nothing has to be done about it."""
        while self._trying and next(iter(self._trying.values())) <= now:
            self._trying.popitem(last=False)
            self._counts["given-up"] += 1
        while self._completed and next(iter(self._completed.values()))[0] <= now:
            _, (_, response) = self._completed.popitem(last=False)
            self._bytes -= len(response)
        return ()

    def statistics(self) -> ServerStatistics:
        """A snapshot."""
        counts = self._counts
        return ServerStatistics(
            new=counts["new"],
            silent=counts["silent"],
            replayed=counts["replayed"],
            stateless=counts["stateless"],
            given_up=counts["given-up"],
            trying=len(self._trying),
            completed=len(self._completed),
            bytes=self._bytes,
        )


def key_of(request: Request, source: Source) -> bytes:
    """What makes two arrivals the same request (section 17.2.3), as 16 bytes, however long its headers are.

    By the RFC: branch, sent-by and method. Two more, because phones count their branches from one after a start: where
    it came from, so that the phones of two homes with one private address stay apart (and nobody is told another's
    answer), and the number in CSeq, for those that repeat their branch when they answer a challenge.
    """
    via = request.top_via()
    branch = via.params.get("branch", "")
    parts: tuple[object, ...] = (request.method, request.first("cseq"), *source)
    if branch[: len(_COOKIE)].lower() == _COOKIE and len(branch) > len(_COOKIE):
        parts = (*parts, branch, via.host.lower(), via.port)
    else:  # an RFC 2543 client, or one that left the branch at its cookie
        told = (request.first(name) for name in ("to", "from", "call-id", "via"))
        parts = (*parts, request.uri, *told)
    text = "\n".join(map(str, parts))  # which none of them holds
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=_KEY_BYTES).digest()
