"""Which requests are turned down before their method looks at them, and in which order (RFC 3261 section 8.2).

A table of checks; the first that objects decides. Each answer is the same for everybody, derives from the request
alone and leaves nothing behind. Not here: what a method itself refuses (`registrar`, `publish`).

No body is read here, so a Content-Type is refused (415) only by the method that reads one (`publish`). We are no
proxy, so Max-Forwards 0 is fine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from daemon.errors import BadMessage
from daemon.sip.grammar import parse_number
from daemon.sip.message import Header, Request
from daemon.sip.uri import parse_scheme, parse_sip_uri

SERVED = ("OPTIONS", "REGISTER", "PUBLISH")
SUPPORTED = ("path", "outbound")  # option tags (RFC 3327, RFC 5626); both are the registrar's
ALLOW: Header = ("allow", ", ".join(SERVED))
# Methods we know and do not serve get 405; 501 is for those nobody has heard of (sections 21.4.6 and 21.5.2).
_CALLS = ("INVITE", "ACK", "BYE", "CANCEL", "PRACK", "UPDATE", "INFO", "REFER")
_PRESENCE = ("SUBSCRIBE", "NOTIFY", "MESSAGE")
KNOWN = frozenset((*SERVED, *_CALLS, *_PRESENCE))
SCHEMES = ("sip", "sips")
LARGEST_MAX_FORWARDS = 255  # section 20.22


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, as a status, a reason for the counters, and what else the answer must say."""

    status: int
    reason: str
    headers: tuple[Header, ...] = ()


def refusal_of(request: Request) -> Refusal | None:
    """The first objection to `request`; None if its method may look at it."""
    try:
        return next((refusal for check in CHECKS if (refusal := check(request))), None)
    except BadMessage as bad:
        return Refusal(bad.status, bad.reason)


def _version(request: Request) -> Refusal | None:
    return None if request.version == "SIP/2.0" else Refusal(505, "version")


def _required_headers(request: Request) -> Refusal | None:
    """Section 8.1.1: each of these exactly once, Via at least once, and each of them readable."""
    for name in ("from", "to", "call-id", "cseq"):
        if len(request.all(name)) != 1 or not request.first(name):
            return Refusal(400, name)
    request.vias()
    request.from_()
    request.to()
    if request.cseq().method != request.method:
        return Refusal(400, "cseq-method")
    return None


def _framing(request: Request) -> Refusal | None:
    """Section 18.3: over UDP a body may be longer than announced, never shorter."""
    length = request.content_length()
    if length is not None and length > len(request.body):
        return Refusal(400, "body-too-short")
    forwards = request.all("max-forwards")
    if len(forwards) > 1 or any(parse_number(value, LARGEST_MAX_FORWARDS) is None for value in forwards):
        return Refusal(400, "max-forwards")
    return None


def _method(request: Request) -> Refusal | None:
    if request.method in SERVED:
        return None
    if request.method in KNOWN:
        return Refusal(405, "method", (ALLOW,))
    return Refusal(501, "unknown-method", (ALLOW,))


def _uri_syntax(request: Request) -> Refusal | None:
    """What is no URI is a malformed request, whatever its method; headers belong into no Request-URI (19.1.1)."""
    if parse_scheme(request.uri) in SCHEMES and parse_sip_uri(request.uri).headers:
        return Refusal(400, "uri")
    return None


def _uri_scheme(request: Request) -> Refusal | None:
    return None if parse_scheme(request.uri) in SCHEMES else Refusal(416, "uri-scheme")


def _extensions(request: Request) -> Refusal | None:
    """Section 8.2.2.3."""
    wanted = [tag for tag in request.listed("require") if tag.lower() not in SUPPORTED]
    return Refusal(420, "require", (("unsupported", ", ".join(wanted)),)) if wanted else None


CHECKS: tuple[Callable[[Request], Refusal | None], ...] = (
    _version,
    _required_headers,
    _framing,
    _uri_syntax,
    _method,
    _uri_scheme,
    _extensions,
)
