"""Pings under way: which token belongs to whom, how long the answer took, and who gave none.

One datagram per ping, never repeated here (a second one is the fleet's decision), so every round trip is that of
one transmission (Karn's rule needs no exceptions). The timeout is the same for all, so the oldest ping is always
the next to expire and a queue does what elsewhere takes a heap. Pings that leave together are one entry of it. An
answer that comes after its timeout is recognised for as long as RFC 3261's Timer F, and counts as late. Not here:
the datagram (`options`), the socket.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat

from daemon.fleet.events import ProbeAnswer, ProbeMissed

TIMEOUT = "timeout"  # the cause of a miss that nothing else explains
TIMER_F = 32.0  # 64 * T1, RFC 3261 section 17.1.2.2: no answer can be expected after this
# A fleet of 300,000 at 5,000 pings a second loses 20,000 answers in the 4 s before it notices an outage; three
# times that. Beyond it the oldest go, and their late answers count as unmatched.
MAX_LATE = 65_536
# Timeouts are looked at this often: a miss is noticed a quarter of a second late at most, and a healthy fleet does not
# wake anybody up for each handful of pings that were all answered long ago.
GRAIN = 0.25
# Misses told in one step, and somewhat more when those of one moment are told together: what follows from each may
# take 0.1 ms, and a site that falls silent has hundreds within a quarter of a second.
AT_ONCE = 128


class Probes:
    """The outstanding pings of one endpoint, by token. Times on the caller's axis, in seconds."""

    def __init__(self, timeout: float, new_tokens: Callable[[int], list[str]]) -> None:
        """`new_tokens(n)` must be unguessable: whoever knows a token can answer for the phone."""
        self.timeout = timeout
        self._new_tokens = new_tokens
        self._waiting: dict[str, tuple[str, float]] = {}
        self._queue: deque[tuple[float, list[str]]] = deque()  # in order of sending
        self._late: dict[str, str] = {}
        self._late_queue: deque[tuple[float, str]] = deque()
        self._failed: list[ProbeMissed] = []
        self.pushed_out = 0  # missed pings whose late answer will not be recognised: there were too many others

    def __len__(self) -> int:
        return len(self._waiting)

    def start(self, keys: Sequence[str], now: float) -> list[str]:
        """Pings leave now; the token at each key's place must come back in the answer."""
        tokens = self._new_tokens(len(keys))
        self._waiting.update(zip(tokens, zip(keys, repeat(now)), strict=True))
        self._queue.append((now, tokens))
        return tokens

    def failed(self, token: str, cause: str) -> bool:
        """The ping could not even be sent, or is known to have got nowhere: the next `expire` says so.

        False if nobody waits for this token.
        """
        waiting = self._waiting.pop(token, None)
        if waiting is not None:
            self._failed.append(ProbeMissed(waiting[0], cause))
        return waiting is not None

    def answered(
        self, matches: Sequence[tuple[int, str] | None], arrived: Sequence[float]
    ) -> tuple[list[ProbeAnswer | None], list[int]]:
        """What answers with these status codes and tokens mean, and the places of those that are None themselves.

        At each other place stands the answer, or None if nobody waits for it.
        """
        answers, others = list[ProbeAnswer | None](), list[int]()
        waiting = self._waiting.pop
        for place, match in enumerate(matches):
            if match is None:
                others.append(place)
                answers.append(None)
                continue
            code, token = match
            known = waiting(token, None)
            if known is not None:
                key, sent_at = known
                answers.append((key, code, arrived[place] - sent_at))
            else:
                late = self._late.pop(token, None)
                answers.append(None if late is None else (late, code, None))
        return answers, others

    def next_deadline(self) -> float:
        """When to look for pings that timed out; infinity if none is under way."""
        if self._failed:
            return -math.inf
        if not self._queue:
            return math.inf
        return math.ceil((self._queue[0][0] + self.timeout) / GRAIN) * GRAIN

    def expire(self, now: float) -> list[ProbeMissed]:
        """The pings that found no answer by now, oldest first; if there are too many, the rest at the next call."""
        missed, self._failed = self._failed[:AT_ONCE], self._failed[AT_ONCE:]
        queue, waiting = self._queue, self._waiting
        while queue and queue[0][0] + self.timeout <= now and len(missed) < AT_ONCE:
            sent_at, tokens = queue.popleft()
            for token in tokens:
                if token in waiting:
                    key, _ = waiting.pop(token)
                    self._late[token] = key
                    self._late_queue.append((sent_at + TIMER_F, token))
                    missed.append(ProbeMissed(key, TIMEOUT))
        self._forget(now)
        return missed

    def _forget(self, now: float) -> None:
        queue, late = self._late_queue, self._late
        while queue and queue[0][0] <= now:
            late.pop(queue.popleft()[1], None)
        while len(queue) > MAX_LATE:
            self.pushed_out += late.pop(queue.popleft()[1], None) is not None
