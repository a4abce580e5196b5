"""Browser sessions: who signed in, until when. In memory only: after a restart everybody signs in again.

Pure but for the random names. A session is kept under the hash of its name, so looking one up tells nothing by its
timing, and it holds the hash of the token it came by: a new token for an operator ends the old one's sessions. Not
here: cookies.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256

# Ten browsers for each of a hundred operators; beyond it the oldest session goes.
MAX_SESSIONS = 1000


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser."""

    operator: str
    token_hash: str
    expires_at: float


class Sessions:
    """The table of sessions, oldest first."""

    def __init__(self, limit: int = MAX_SESSIONS) -> None:
        self._limit = limit
        self._by_hash: OrderedDict[str, Session] = OrderedDict()
        self.pushed_out = 0

    def __len__(self) -> int:
        return len(self._by_hash)

    def begin(self, operator: str, token_hash: str, expires_at: float) -> str:
        """Start a session and give its name, which only the browser keeps."""
        name = secrets.token_urlsafe(32)
        self._by_hash[_hashed(name)] = Session(operator, token_hash, expires_at)
        if len(self._by_hash) > self._limit:
            self._by_hash.popitem(last=False)
            self.pushed_out += 1
        return name

    def find(self, name: str, now: float) -> Session | None:
        """The session of that name, unless it is over."""
        session = self._by_hash.get(_hashed(name))
        if session is not None and session.expires_at <= now:
            self.end(name)
            return None
        return session

    def end(self, name: str) -> None:
        """Forget a session; nothing happens if there is none."""
        self._by_hash.pop(_hashed(name), None)


def _hashed(name: str) -> str:
    return sha256(name.encode()).hexdigest()
