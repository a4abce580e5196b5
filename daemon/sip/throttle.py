"""How often somebody may fail: so many times at once, so many a minute. Pure; `now` is an argument.

A bucket of tokens per name, kept only while it is not full again. The names are bounded; with more of them than that
at once, the one that has been quiet longest is forgotten, which gives it a full bucket. Not here: what failing is, and
what happens to whoever failed too often (`authentication`).
"""

from __future__ import annotations

from collections import OrderedDict

# Addresses or users that failed lately. Each takes some 250 bytes, so 2.5 MB at most, whoever attacks.
MAX_NAMES = 10_000


class Throttle:
    """Tokens by name: `burst` at first, `per_minute` flow back."""

    def __init__(self, per_minute: float, burst: float) -> None:
        self.per_minute = per_minute
        self.burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, and when there were that many

    def __len__(self) -> int:
        return len(self._buckets)

    def left(self, name: str, now: float) -> float:
        """How many tokens there are."""
        tokens, at = self._buckets.get(name, (self.burst, now))
        return min(self.burst, tokens + max(0.0, now - at) * self.per_minute / 60)

    def take(self, name: str, now: float) -> float:
        """Take a token, if there is a whole one; how many there were before."""
        before = self.left(name, now)
        self._buckets[name] = (before - 1 if before >= 1 else before, now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > MAX_NAMES:
            self._buckets.popitem(last=False)
        return before
