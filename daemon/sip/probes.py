"""Pings under way: which token belongs to whom, how long the answer took, and who gave none.

One datagram per ping, never repeated here (a second one is the fleet's decision), so every round trip is that of
one transmission (Karn's rule needs no exceptions). The timeout is the same for all, so the oldest ping is always
the next to expire and a queue does what elsewhere takes a heap. An answer that comes after its timeout is
recognised for as long as RFC 3261's Timer F, and counts as late. Not here: the datagram (`options`), the socket.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from daemon.fleet.events import ProbeMissed

TIMER_F = 32.0  # 64 * T1, RFC 3261 section 17.1.2.2: no answer can be expected after this
# A fleet of 300,000 at 5,000 pings a second loses 20,000 answers in the 4 s before it notices an outage; three
# times that. Beyond it the oldest go, and their late answers count as unmatched.
MAX_LATE = 65_536


class Probes:
    """The outstanding pings of one endpoint, by token. Times on the caller's axis, in seconds."""

    def __init__(self, timeout: float, new_token: Callable[[], str]) -> None:
        """`new_token` must be unguessable: whoever knows a token can answer for the phone."""
        self.timeout = timeout
        self._new_token = new_token
        self._waiting: dict[str, tuple[str, float]] = {}
        self._queue: deque[tuple[float, str]] = deque()  # in order of sending; answered tokens go when they surface
        self._late: dict[str, str] = {}
        self._late_queue: deque[tuple[float, str]] = deque()
        self._failed: list[str] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def start(self, key: str, now: float) -> str:
        """A ping leaves now; its token must come back in the answer."""
        token = self._new_token()
        self._waiting[token] = (key, now)
        self._queue.append((now, token))
        return token

    def failed(self, token: str) -> None:
        """The ping could not even be sent: the next `expire` says so."""
        key, _ = self._waiting.pop(token)
        self._failed.append(key)

    def answered(self, token: str, now: float) -> tuple[str, float | None] | None:
        """Who answered, and the round trip (None: too late to count); None if nobody waits for this token."""
        waiting = self._waiting.pop(token, None)
        if waiting is not None:
            return waiting[0], now - waiting[1]
        late = self._late.pop(token, None)
        return None if late is None else (late, None)

    def next_deadline(self) -> float:
        """When the oldest ping times out; infinity if none is under way."""
        if self._failed:
            return -math.inf
        queue, waiting = self._queue, self._waiting
        while queue and queue[0][1] not in waiting:
            queue.popleft()
        return queue[0][0] + self.timeout if queue else math.inf

    def expire(self, now: float) -> list[ProbeMissed]:
        """The pings that found no answer by now, oldest first."""
        missed = [ProbeMissed(key, "send failed") for key in self._failed]
        self._failed.clear()
        while self.next_deadline() <= now:
            sent_at, token = self._queue.popleft()
            key, _ = self._waiting.pop(token)
            self._late[token] = key
            self._late_queue.append((sent_at + TIMER_F, token))
            missed.append(ProbeMissed(key, "timeout"))
        self._forget(now)
        return missed

    def _forget(self, now: float) -> None:
        queue = self._late_queue
        while queue and (queue[0][0] <= now or len(queue) > MAX_LATE):
            self._late.pop(queue.popleft()[1], None)
