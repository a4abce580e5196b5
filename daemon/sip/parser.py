"""Bytes of one datagram to a `Request` or a `Response`. Total: it returns one, or raises `BadMessage`, whatever comes.

It refuses only what cannot be represented (no start line, no end of headers, a header without a name) and what
exceeds a limit; a request that can be represented but is wrong gets a proper answer from `refusals`. Not here:
reading a single header's value, which `message` does when somebody asks.

A body longer than its Content-Length is cut there; a shorter one is the end of a response, and a 400 to a request
(section 18.3).
"""

from __future__ import annotations

import re
from contextlib import suppress

from daemon.errors import BadMessage
from daemon.sip.grammar import SIP_VERSION, STATUS_CODE, TOKEN
from daemon.sip.message import COMPACT_FORMS, Header, Request, Response, content_length

MAX_DATAGRAM = 65_535  # section 18.1.1: implementations must take messages up to the largest datagram
# The longest message of RFC 4475 (longreq) has 36 header lines; 256 leave room for a proxy chain of any real length.
MAX_HEADERS = 256
# The longest line of longreq is under 2 KiB; identity headers with certificates in them stay below 8 KiB.
MAX_LINE = 8192

_REQUEST_LINE = re.compile(rf"({TOKEN.pattern}) (.+) ({SIP_VERSION.pattern})", re.DOTALL)
# As nearly everybody spells what nearly everybody sends. Not worth more than time: other spellings are read as well.
_FULL_NAMES = {
    spelling: name.lower()
    for name in (
        *("Via", "Max-Forwards", "From", "To", "Call-ID", "CSeq", "Contact", "Content-Length", "Content-Type"),
        *("Expires", "User-Agent", "Server", "Allow", "Supported", "Require", "Accept", "Accept-Language", "Date"),
        *("Authorization", "WWW-Authenticate", "Route", "Record-Route", "Path", "Event", "Subscription-State"),
        *("Allow-Events", "Reason", "Warning", "Min-Expires", "Retry-After", "Proxy-Authorization"),
    )
    for spelling in (name, name.lower(), name.title())
}
_FOLD = re.compile(r"\r\n[ \t]+")
# Within quotes a backslash excuses a NUL (section 25.1, quoted-pair), but never a line end.
_STRAY = re.compile(r"\r(?!\n)|(?<!\r)\n|(?<!\\)\0")


def parse(datagram: bytes) -> Request | Response:
    """One datagram -> one message; `BadMessage` names the reason and what RFC 3261 would answer.

    Bytes that are no UTF-8 survive as surrogates and come out of `Response.render` as they were.
    """
    if len(datagram) > MAX_DATAGRAM:
        raise BadMessage("too-large", f"{len(datagram)} bytes")
    # Section 7.5: empty lines before the start line are to be ignored.
    head, end, body = datagram.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not end:
        raise BadMessage("unfinished", "no empty line after the headers")
    start, *lines = _unfolded_lines(head.decode("utf-8", "surrogateescape"))
    headers = _headers(lines)
    if start[:4].upper() == "SIP/":
        return _response(start, headers, body)
    return _request(start, headers, body)


def _unfolded_lines(head: str) -> list[str]:
    # Counting is ten times as fast as the search for the culprit, and finds nothing in all but the worst messages.
    ends = head.count("\r\n")
    suspicious = head.count("\r") != ends or head.count("\n") != ends or "\0" in head
    if suspicious and _STRAY.search(head):  # copied into an answer, it would be a header of the sender's making
        raise BadMessage("stray-control", "a bare CR, LF or NUL in the headers")
    if "\r\n " in head or "\r\n\t" in head:
        head = _FOLD.sub(" ", head)
    lines = head.split("\r\n")
    if len(lines) > MAX_HEADERS + 1:
        raise BadMessage("too-many-headers", str(len(lines)))
    if len(head) > MAX_LINE and max(map(len, lines)) > MAX_LINE:
        raise BadMessage("line-too-long", str(max(map(len, lines))))
    return lines


def _headers(lines: list[str]) -> tuple[Header, ...]:
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        full = _FULL_NAMES.get(name) or _full_name(name)
        if not colon or not full:
            raise BadMessage("header", f"not a header: {line[:60]!r}")
        headers.append((full, value.strip(" \t")))
    return tuple(headers)


def _full_name(name: str) -> str:
    """The name in lower case and not abbreviated; "" if it is none."""
    name = name.rstrip(" \t").lower()
    return COMPACT_FORMS.get(name, name) if TOKEN.fullmatch(name) else ""


def _request(start: str, headers: tuple[Header, ...], body: bytes) -> Request:
    """The URI is everything between the first and the last space, so that a URI with spaces in it gets its 400."""
    match = _REQUEST_LINE.fullmatch(start)
    if match is None:
        raise BadMessage("start-line", f"not a request: {start[:60]!r}")
    method, uri, version = match.groups()
    with suppress(BadMessage):  # a Content-Length that is no number is a wrong request, not an unreadable one
        body = body[: content_length(headers)]
    return Request(headers, body, method, uri, version.upper())


def _response(start: str, headers: tuple[Header, ...], body: bytes) -> Response:
    version, _, rest = start.partition(" ")
    status, _, reason = rest.partition(" ")
    if not SIP_VERSION.fullmatch(version) or not STATUS_CODE.fullmatch(status):
        raise BadMessage("start-line", f"not a response: {start[:60]!r}")
    length = content_length(headers)
    if length is not None and length > len(body):
        raise BadMessage("body-too-short", f"{len(body)} of {length} bytes")
    return Response(headers, body[:length], int(status), reason)
