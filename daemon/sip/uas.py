"""The user agent server: one request in, one reply or silence out. Pure, and the same for every transport.

Not here: sockets and waiting for the disk (`endpoint`).
"""

from __future__ import annotations

from daemon.sip.message import Header, Request, Source
from daemon.sip.publish import Publications
from daemon.sip.refusals import ALLOW, SUPPORTED, refusal_of
from daemon.sip.registrar import Registrar
from daemon.sip.responses import Reply, Responder

# Section 11.2. We take no calls: in an OPTIONS any type is accepted because none is looked at.
_OPTIONS_ANSWER: tuple[Header, ...] = (
    ALLOW,
    ("accept", "*/*"),
    ("accept-encoding", "identity"),
    ("accept-language", "en"),
    ("supported", ", ".join(SUPPORTED)),
)


class UserAgentServer:
    """Answers requests: OPTIONS, REGISTER and PUBLISH are served, everything else is turned down properly."""

    def __init__(self, registrar: Registrar, publications: Publications, responder: Responder) -> None:
        self._registrar = registrar
        self._publications = publications
        self._responder = responder

    def handle(self, request: Request, source: Source, now: float) -> Reply | None:
        """What to say to `request`; None for an ACK, which is never answered (section 17.1.1.3).

        `BadMessage` if there is no way to say anything ("via"), or the sender is to hear nothing ("flood").
        """
        request.top_via()
        if request.method == "ACK":
            return None
        if refusal := refusal_of(request):
            return self._responder.refuse(request, source, refusal.status, refusal.reason, *refusal.headers)
        if request.method == "REGISTER":
            return self._registrar.handle(request, Source(*source), now)
        if request.method == "PUBLISH":
            return self._publications.handle(request, Source(*source), now)
        return Reply(self._responder.respond(request, source, 200, *_OPTIONS_ANSWER))

    def unavailable(self, request: Request, source: Source, reason: str, retry_after: int) -> Reply:
        """503: ask again in so many seconds."""
        return self._responder.refuse(request, source, 503, reason, ("retry-after", str(retry_after)))
