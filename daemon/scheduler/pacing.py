"""Pacing by arithmetic on `now`: a token bucket. Not here: any clock, any sleep."""

from __future__ import annotations


class TokenBucket:
    """`rate` tokens a second, `burst` at most in store; full at the start."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = 0.0

    @classmethod
    def per_minute(cls, tokens: int) -> TokenBucket:
        """So many a minute, at once or spread over it."""
        return cls(tokens / 60, tokens)

    def take(self, now: float) -> bool:
        """Take one token, if there is one."""
        self._fill(now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def level(self, now: float) -> int:
        """How many whole tokens there are."""
        self._fill(now)
        return int(self._tokens)

    def spend(self, tokens: int) -> None:
        """Take `tokens`, which `level` said are there."""
        self._tokens -= tokens

    def _fill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._at) * self._rate)
        self._at = max(self._at, now)
