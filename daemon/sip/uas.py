"""The user agent server: one request in, one reply or silence out. Pure, and the same for every transport.

Not here: sockets and waiting for the disk (`endpoint`).
"""

from __future__ import annotations

from daemon.sip.message import Address, Header, Request
from daemon.sip.refusals import ALLOW, refusal_of
from daemon.sip.registrar import Registrar
from daemon.sip.responses import Reply, Responder

# Section 11.2. We take no calls and read no bodies: any type is accepted because none is looked at.
_OPTIONS_ANSWER: tuple[Header, ...] = (
    ALLOW,
    ("accept", "*/*"),
    ("accept-encoding", "identity"),
    ("accept-language", "en"),
    ("supported", ""),
)


class UserAgentServer:
    """Answers requests: OPTIONS and REGISTER are served, everything else is turned down properly."""

    def __init__(self, registrar: Registrar, responder: Responder) -> None:
        self._registrar = registrar
        self._responder = responder

    def handle(self, request: Request, source: Address, now: float) -> Reply | None:
        """What to say to `request`; None for an ACK, which is never answered (section 17.1.1.3).

        `BadMessage` ("via") if there is no way to say anything.
        """
        request.top_via()
        if request.method == "ACK":
            return None
        if refusal := refusal_of(request):
            return self._responder.refuse(request, source, refusal.status, refusal.reason, *refusal.headers)
        if request.method == "REGISTER":
            return self._registrar.handle(request, source, now)
        return Reply(self._responder.respond(request, source, 200, *_OPTIONS_ANSWER))

    def unavailable(self, request: Request, source: Address, reason: str, retry_after: int) -> Reply:
        """503: ask again in so many seconds."""
        return self._responder.refuse(request, source, 503, reason, ("retry-after", str(retry_after)))
