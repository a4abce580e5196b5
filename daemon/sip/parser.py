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
from daemon.sip.message import COMPACT_FORMS, Header, Message, Request, Response

MAX_DATAGRAM = 65_535  # section 18.1.1: implementations must take messages up to the largest datagram
# The longest message of RFC 4475 (longreq) has 36 header lines; 256 leave room for a proxy chain of any real length.
MAX_HEADERS = 256
# The longest line of longreq is under 2 KiB; identity headers with certificates in them stay below 8 KiB.
MAX_LINE = 8192

_FOLD = re.compile(r"\r\n[ \t]+")
_STRAY = re.compile(r"\r(?!\n)|(?<!\r)\n|\0")


def parse(datagram: bytes) -> Request | Response:
    """One datagram -> one message; `BadMessage` names the reason and what RFC 3261 would answer.

    Bytes that are no UTF-8 survive as surrogates and come out of `Response.render` as they were.
    """
    if len(datagram) > MAX_DATAGRAM:
        raise BadMessage("too-large", f"{len(datagram)} bytes", 513)
    # Section 7.5: empty lines before the start line are to be ignored.
    head, end, body = datagram.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not end:
        raise BadMessage("unfinished", "no empty line after the headers")
    start, *lines = _unfolded_lines(head.decode("utf-8", "surrogateescape"))
    headers = tuple(map(_header, lines))
    if start[:4].upper() == "SIP/":
        return _response(start, headers, body)
    return _request(start, headers, body)


def _unfolded_lines(head: str) -> list[str]:
    if _STRAY.search(head):  # copied into an answer, it would be a header of the sender's making
        raise BadMessage("stray-control", "a bare CR, LF or NUL in the headers")
    if "\r\n " in head or "\r\n\t" in head:
        head = _FOLD.sub(" ", head)
    lines = head.split("\r\n")
    if len(lines) > MAX_HEADERS + 1:
        raise BadMessage("too-many-headers", str(len(lines)), 513)
    if max(map(len, lines)) > MAX_LINE:
        raise BadMessage("line-too-long", str(max(map(len, lines))), 513)
    return lines


def _header(line: str) -> Header:
    name, colon, value = line.partition(":")
    name = name.rstrip(" \t").lower()
    if not colon or not TOKEN.fullmatch(name):
        raise BadMessage("header", f"not a header: {line[:60]!r}")
    return COMPACT_FORMS.get(name, name), value.strip(" \t")


def _request(start: str, headers: tuple[Header, ...], body: bytes) -> Request:
    """The URI is everything between the first and the last space, so that a URI with spaces in it gets its 400."""
    method, _, rest = start.partition(" ")
    uri, _, version = rest.rpartition(" ")
    if not TOKEN.fullmatch(method) or not uri or not SIP_VERSION.fullmatch(version):
        raise BadMessage("start-line", f"not a request: {start[:60]!r}")
    with suppress(BadMessage):  # a Content-Length that is no number is a wrong request, not an unreadable one
        body = body[: Message(headers).content_length()]
    return Request(headers, body, method, uri, version.upper())


def _response(start: str, headers: tuple[Header, ...], body: bytes) -> Response:
    version, _, rest = start.partition(" ")
    status, _, reason = rest.partition(" ")
    if not SIP_VERSION.fullmatch(version) or not STATUS_CODE.fullmatch(status):
        raise BadMessage("start-line", f"not a response: {start[:60]!r}")
    length = Message(headers).content_length()
    if length is not None and length > len(body):
        raise BadMessage("body-too-short", f"{len(body)} of {length} bytes")
    return Response(headers, body[:length], int(status), reason)
