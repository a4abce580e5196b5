"""Requests and answers so plain that h11 need not look at them: no body or one that is here, an answer sent at once.

Nearly all that phones fetch and report is of this kind, and h11 took two thirds of the server's time for it. The
grammar here is stricter than h11's: whatever it does not take is left to h11, which then judges it, and whatever it
takes h11 reads the same (a test compares them). Pure. Not here: everything else of HTTP (`wire`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

Headers = Sequence[tuple[bytes, bytes]]

# One request's head (RFC 9112 section 3): no folded lines. Possessive: nothing backtracks.
_REQUEST = re.compile(
    rb"(GET|HEAD|POST) ([\x21-\x7e]++) HTTP/1\.1\r\n"
    rb"((?:[A-Za-z0-9_-]++:(?:[\t\x20-\x7e]*+)\r\n)++)\r\n"
)
# An answer's fields as they stand on the wire; nothing that could end a line early.
_FIELDS = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]++: [\x21-\x7e\x80-\xff][\t\x20-\x7e\x80-\xff]*+\r\n)++")
# What says something about bodies or the connection's end is h11's to understand.
_NOT_PLAIN = frozenset((b"transfer-encoding", b"expect", b"upgrade", b"trailer", b"te"))
_ENDINGS = frozenset((b"connection", b"transfer-encoding", b"upgrade", b"trailer"))
_BODYLESS = frozenset((204, 304))  # RFC 9110 section 6.4.1


@dataclass(slots=True)
class PlainRequest:
    """A request, its head in h11's terms."""

    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""
    http_version: bytes = b"1.1"


def read_plain(data: bytes) -> PlainRequest | None:
    """The one request that `data` is, if it is a plain one."""
    found = _REQUEST.match(data)
    if found is None:
        return None
    method, target, fields = found.groups()
    headers, hosts, lengths = [], 0, list[bytes]()
    for line in fields[:-2].split(b"\r\n"):
        name, _, value = line.partition(b":")
        name, value = name.lower(), value.strip(b" \t")
        if name in _NOT_PLAIN or (name == b"connection" and value.lower() != b"keep-alive"):
            return None
        hosts += name == b"host"
        if name == b"content-length":
            lengths.append(value)
        headers.append((name, value))
    body = data[found.end() :]
    # Anything behind the request, or less than its whole body, and a body that is told in an unusual way.
    whole = lengths == [b"%d" % len(body)] if method == b"POST" else not lengths and not body
    return PlainRequest(method, target, headers, body) if hosts == 1 and whole else None


def plain_answer(status: int, headers: Headers, body: bytes, *, head_only: bool) -> bytes | None:
    """The whole answer as bytes, if its length is told, and it says nothing about the connection."""
    length = None
    for name, value in headers:
        lower = name.lower()
        if lower in _ENDINGS:
            return None
        if lower == b"content-length":
            length = value
    if head_only or status in _BODYLESS:
        body = b""
    elif length != b"%d" % len(body):
        return None
    fields = b"".join([b"%b: %b\r\n" % field for field in headers])
    if status < 200 or fields.count(b"\r\n") != len(headers) or not _FIELDS.fullmatch(fields):
        return None
    return b"HTTP/1.1 %d \r\n%b\r\n%b" % (status, fields, body)
