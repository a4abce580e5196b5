"""A phone's registration as it sees it: when to send REGISTER, what the answer means.

Retransmission after RFC 3261 17.1.2 (0.5 s doubling to 4 s, given up after 32 s; over TCP none). A granted
registration is renewed at half its time. Who is asked for a password proves it, once per challenge; a nonce is used
until it is stale. Pure: `now` is an argument. Not here: text or sockets (`sip_text`, `sip_side`), the proof itself
(`credentials`).
"""

from __future__ import annotations

import math
from dataclasses import replace
from enum import Enum

from daemon.simulate.acts import SendRegister
from daemon.simulate.credentials import Proof

T1, T2, TIMER_F = 0.5, 4.0, 32.0


class Outcome(Enum):
    """What an answer meant to the phone."""

    NOTHING_NEW = 0
    REGISTERED = 1  # for the first time since it began
    REFUSED = 2  # for the first time since it was registered, or since it began
    TAKEN_BACK = 3


class Registration:
    """One account's registration."""

    def __init__(
        self,
        domain: str,
        user: str,
        call_id: str,
        *,
        expires: int,
        retry: float,
        password: str = "",
        reliable: bool = False,
    ) -> None:
        """`expires` is asked for, `retry` is how long to wait after a refusal (seconds); `reliable` is TCP."""
        self.active = False
        self.refused = False  # the last word was a refusal
        self.at = math.inf  # when `send` is due
        self.domain = domain
        self.user = user
        self._call_id = call_id
        self._wanted = expires
        self._retry = retry
        self._reliable = reliable
        self._cseq = 0
        self._begun_at = -math.inf  # the open request was first sent then; -infinity: none is open
        self._pause = T1
        self._leaving = False
        self._proof = Proof((), password, 0)
        self._proving = False  # the open request answers a challenge

    def begin(self, now: float) -> None:
        """Register (again) now."""
        self._leaving = False
        self._open(now)

    def leave(self, now: float) -> None:
        """Take the registration back."""
        self.active = False
        self._leaving = True
        self._open(now)

    def connection_lost(self, again_at: float) -> None:
        """The connection it went over is gone: register again at `again_at`, unless it was on its way out."""
        if not self._leaving:
            self._open(again_at)

    def send(self, now: float) -> SendRegister:
        """The request that is due; plans its own retransmission."""
        if now >= self._begun_at + TIMER_F:
            self._open(now)
        self.at = now + (TIMER_F if self._reliable else self._pause)
        self._pause = min(2 * self._pause, T2)
        if self.at >= self._begun_at + TIMER_F and not self._reliable:
            self.at = now + self._retry
        proof = self._proof if self._proof.challenges else None
        expires = 0 if self._leaving else self._wanted
        return SendRegister(self.domain, self.user, self._call_id, self._cseq, expires, proof)

    def answered(  # noqa: PLR0917 - what an answer says, in its order
        self, cseq: int, code: int, granted: int, min_expires: int, now: float, challenges: tuple[str, ...] = ()
    ) -> Outcome:
        """A final answer came; `granted` and `min_expires` in seconds, 0 when not said."""
        if cseq != self._cseq or self.at == math.inf or code < 200:
            return Outcome.NOTHING_NEW
        if code == 401 and self._prove(challenges):
            self._open(now)
            return Outcome.NOTHING_NEW
        self._proving = False
        if self._leaving:
            self.at = math.inf
            return Outcome.TAKEN_BACK
        if code < 300:
            return self._granted(granted or self._wanted, now)
        if code == 423 and min_expires > self._wanted:
            self._wanted = min_expires
            self._open(now)
            return Outcome.NOTHING_NEW
        was_refused, self.refused, self.active = self.refused, True, False
        self._open(now + self._retry)
        return Outcome.NOTHING_NEW if was_refused else Outcome.REFUSED

    def _granted(self, seconds: int, now: float) -> Outcome:
        was_active, self.active, self.refused = self.active, True, False
        self._open(now + seconds / 2)
        return Outcome.NOTHING_NEW if was_active else Outcome.REGISTERED

    def _prove(self, challenges: tuple[str, ...]) -> bool:
        """Take up a challenge; not if the last one was answered and that was wrong, which it was unless it is stale."""
        stale = any("stale=true" in challenge.lower() for challenge in challenges)
        self._proving = bool(challenges and self._proof.password) and (stale or not self._proving)
        self._proof = Proof(challenges if self._proving else (), self._proof.password, 0)
        return self._proving

    def _open(self, at: float) -> None:
        """A new request, due at `at`."""
        self._proof = replace(self._proof, count=self._proof.count + 1)
        self._cseq += 1
        self._pause = T1
        self._begun_at = self.at = at
