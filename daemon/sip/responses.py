"""Answers to requests: what a response copies from its request, and where it goes.

Stateless: everything, the To tag included, derives from the request, so a retransmitted request gets the same
answer without a transaction being remembered (RFC 3261 section 8.2.6). Not here: which answer (`refusals`,
`registrar`), sockets.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2s

from daemon.errors import BadMessage
from daemon.fleet.events import Event
from daemon.sip.grammar import parse_name_addr, split_outside_quotes
from daemon.sip.message import Address, Header, Request, Response, Source

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    412: "Conditional Request Failed",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    423: "Interval Too Brief",
    439: "First Hop Lacks Outbound Support",
    489: "Bad Event",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "Version Not Supported",
}
DEFAULT_PORT = 5060


@dataclass(frozen=True, slots=True)
class Reply:
    """What is to be said to a request. The events are to be durable before it is said.

    `refused` is the reason the request was turned down, "" if it was not; it becomes a counter label.
    """

    response: Response
    events: tuple[Event, ...] = ()
    refused: str = ""


class Responder:
    """Makes responses in the name of one server. `key` (secret) keeps strangers from foretelling our To tags."""

    def __init__(self, key: bytes, server: str) -> None:
        self._key = key
        self.server = server

    def respond(self, request: Request, source: Source | Address, status: int, *headers: Header) -> Response:
        """A response that copies what section 8.2.6.2 wants copied; missing headers of a bad request stay missing."""
        copied = [*_vias(request, source)]
        copied += [("from", value) for value in request.all("from")[:1]]
        copied += [("to", self._tagged(request, value)) for value in request.all("to")[:1]]
        copied += [(name, value) for name in ("call-id", "cseq") for value in request.all(name)[:1]]
        return Response((*copied, *headers, ("server", self.server)), b"", status, REASONS[status])

    def key_for(self, purpose: bytes) -> bytes:
        """Another secret, made of ours: 32 bytes that tell nothing about it."""
        return blake2s(purpose, key=self._key).digest()

    def refuse(self, request: Request, source: Source | Address, status: int, reason: str, *headers: Header) -> Reply:
        """The same, as a reply that turns the request down."""
        return Reply(self.respond(request, source, status, *headers), refused=reason)

    def _tagged(self, request: Request, to: str) -> str:
        try:
            if "tag" in parse_name_addr(to).params:
                return to
        except BadMessage:
            return to  # a malformed To goes back as it came, with the 400 that says so
        parts = (request.first("call-id"), request.first("from"), request.first("via"))
        digest = blake2s("\0".join(parts).encode("utf-8", "surrogateescape"), key=self._key, digest_size=8)
        return f"{to};tag={digest.hexdigest()}"


def reply_address(request: Request, source: Address) -> Address:
    """Where a response over UDP goes (sections 18.2.2 and RFC 3581 section 4), always to the host it came from.

    `maddr` is not followed: it would let a forged request send our answer to somebody else.
    """
    via = request.top_via()
    if "rport" in via.params:
        return source
    return source[0], via.port or DEFAULT_PORT


def _vias(request: Request, source: Source | Address) -> list[Header]:
    """Every Via in order; the topmost says where the request really came from, and its port if it asked."""
    top, *rest = split_outside_quotes(request.first("via"), ",")
    marked = [_without(top, "received", "rport"), f"received={source[0]}"]
    if "rport" in request.top_via().params:
        marked.append(f"rport={source[1]}")
    first: Header = ("via", ", ".join([";".join(marked), *rest]))
    return [first, *(("via", value) for value in request.all("via")[1:])]


def _without(via: str, *names: str) -> str:
    """A Via value without some of its parameters: a `received` the sender wrote itself is not to be believed."""
    first, *params = split_outside_quotes(via, ";")
    return ";".join([first, *(param for param in params if param.partition("=")[0].strip().lower() not in names)])
