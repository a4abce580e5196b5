"""How phones are told no: the one 404, the 401, the 400 that names its reason, the 503. Counted, logged sparingly.

Every refusal that has to do with who is asking looks the same, so nobody learns from it which MAC exists.
Not here: deciding to refuse.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable

import structlog
from starlette.responses import Response

from daemon.errors import BadMessage
from daemon.http.asgi import problem
from daemon.scheduler.pacing import TokenBucket

log = structlog.get_logger("phones")

_PROBLEM = "application/problem+json"
# A scanner or a broken firmware would otherwise fill the log; the counters miss nothing.
LINES_PER_MINUTE = 30
# A full disk takes a person some minutes; phones that come back every half minute find out soon enough.
RETRY_AFTER = "30"


class Refusals:
    """Makes the refusing responses, and keeps count of them. `now` gives UTC seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.by_reason: Counter[str] = Counter()
        self._now = now
        self._lines = TokenBucket.per_minute(LINES_PER_MINUTE)

    def not_found(self, reason: str, source: str, detail: str = "") -> Response:
        """404, the same for every reason."""
        self._note(reason, source, detail)
        return Response(problem(404), 404, media_type=_PROBLEM)

    def log_in(self, reason: str, source: str, challenges: Iterable[str]) -> Response:
        """401, the same for every reason, with the ways to log in (RFC 9110 section 11.6.1), the best first."""
        self._note(reason, source)
        response = Response(problem(401), 401, media_type=_PROBLEM)
        response.raw_headers += [(b"www-authenticate", each.encode()) for each in challenges]
        return response

    def bad(self, error: BadMessage, source: str) -> Response:
        """The status and reason of a message we cannot use."""
        self._note(error.reason, source, error.detail)
        said = {"type": "about:blank", "title": "Bad Request", "status": error.status, "detail": str(error)}
        return Response(json.dumps(said).encode(), error.status, media_type=_PROBLEM)

    def unavailable(self) -> Response:
        """503: nothing can be kept now, so nothing is promised."""
        self.by_reason["store"] += 1
        return Response(problem(503), 503, {"retry-after": RETRY_AFTER}, media_type=_PROBLEM)

    def _note(self, reason: str, source: str, detail: str = "") -> None:
        self.by_reason[reason] += 1
        if self._lines.take(self._now()):
            log.warning("refused a phone", event_name="phone-refused", reason=reason, source=source, detail=detail)
