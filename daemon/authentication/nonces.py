"""Nonces that verify themselves: time, a serial number and a MAC over both, so that a challenge leaves nothing behind.

Only a nonce that came back with a *right* answer is remembered, with the counts (nc) it was used with: each count is
taken once, and one that was overtaken by others may be `WINDOW` behind (the anti-replay window of RFC 4303 section
3.4.3). So a replay is none the easier the longer a nonce lives. The memory is bounded, and what has aged out leaves it;
of whatever it lets go, every nonce as old or older that it does not hold is stale from then on, so that letting go
never lets a replay in. Not here: the sums (`digest`).
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import deque
from hashlib import blake2s
from hmac import compare_digest
from itertools import count

WINDOW = 32  # counts; a phone has one REGISTER under way at a time (section 10.2), so one is usual
# Nonces remembered: one for each phone of a quarter of a million, 125 bytes each (tracemalloc), 33 MB. Nobody without a
# password can fill that. Beyond it they only go stale sooner.
MAX_REMEMBERED = 262_144
_LET_GO_AT_ONCE = 2  # of those that have aged out, for each one that comes: more than come, so their number only falls
_STAMP = 12  # bytes: six of milliseconds, six of a serial number, so that no two nonces are the same
_MAC = 12  # bytes; with the stamp 32 characters of Base64 and no padding
_LENGTH = 32
_SEEN = (1 << WINDOW) - 1


class Nonces:
    """Makes nonces and says whether one may be used. `key` (secret, 16 to 32 bytes) is what makes them ours."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._serial = count()
        self._used: dict[bytes, int] = {}  # stamp -> highest count, and above which of the WINDOW below were seen
        self._in_order: deque[bytes] = deque()  # of first use
        self._floor = -1  # milliseconds: a nonce from then or before is stale unless it is remembered
        self.pushed_out = 0  # nonces that were still good and had to be let go of

    def __len__(self) -> int:
        return len(self._used)

    def make(self, algorithm: str, now: float) -> str:
        """A nonce for a challenge with this algorithm: text that needs no escapes."""
        stamp = int(now * 1000).to_bytes(6, "big") + (next(self._serial) & 0xFFFF_FFFF_FFFF).to_bytes(6, "big")
        return urlsafe_b64encode(stamp + self._mac(stamp, algorithm)).decode()

    def spend(self, nonce: str, algorithm: str, nc: int, now: float, lifetime: float) -> bool:
        """Use it for the `nc`th time; False if it is not ours, too old (`lifetime` in seconds) or used so before."""
        stamp = self._stamp_of(nonce, algorithm)
        if stamp is None:
            return False
        issued = int.from_bytes(stamp[:6], "big")
        if abs(now * 1000 - issued) > lifetime * 1000:
            return False
        if stamp in self._used:
            return self._count(stamp, nc)
        if issued <= self._floor:
            return False
        self._used[stamp] = nc << WINDOW | 1
        self._in_order.append(stamp)
        self._let_go((now - lifetime) * 1000)
        return True

    def _count(self, stamp: bytes, nc: int) -> bool:
        highest, seen = self._used[stamp] >> WINDOW, self._used[stamp] & _SEEN
        ahead = nc - highest
        if ahead > 0:
            seen = (seen << ahead | 1) & _SEEN if ahead < WINDOW else 1
            self._used[stamp] = nc << WINDOW | seen
            return True
        if -ahead >= WINDOW or seen >> -ahead & 1:
            return False
        self._used[stamp] |= 1 << -ahead
        return True

    def _let_go(self, good_since: float) -> None:
        """Of those first used longest ago: some that are older than `good_since` (milliseconds), or one too many."""
        for _ in range(_LET_GO_AT_ONCE):
            issued = int.from_bytes(self._in_order[0][:6], "big")
            good = issued >= good_since
            if good and len(self._used) <= MAX_REMEMBERED:
                return
            del self._used[self._in_order.popleft()]
            self._floor = max(self._floor, issued)
            self.pushed_out += good

    def _stamp_of(self, nonce: str, algorithm: str) -> bytes | None:
        if len(nonce) != _LENGTH:
            return None
        try:
            raw = urlsafe_b64decode(nonce.encode("ascii"))
        except ValueError:
            return None
        stamp, mac = raw[:_STAMP], raw[_STAMP:]
        return stamp if compare_digest(mac, self._mac(stamp, algorithm)) else None

    def _mac(self, stamp: bytes, algorithm: str) -> bytes:
        return blake2s(stamp + algorithm.encode(), key=self._key, digest_size=_MAC).digest()
