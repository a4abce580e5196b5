"""SIP messages as values: `Request` and `Response`, typed views of the headers we use, and their bytes.

Views read their header when asked and raise `BadMessage` if it will not do, so a message nobody looks into costs
nothing. Unknown headers are kept. Not here: bytes to messages (`parser`), which message deserves which answer
(`refusals`, `responses`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from daemon.errors import BadMessage
from daemon.sip.grammar import (
    SPACES,
    TOKEN,
    NameAddr,
    parse_name_addr,
    parse_number,
    parse_params,
    split_outside_quotes,
)

Header = tuple[str, str]  # lower-case full name, value without the spaces around it
Address = tuple[str, int]  # where a datagram came from or goes to: numeric host, port


class Source(NamedTuple):
    """Where a message came from: a numeric host and its port, over "udp", "tcp" or "tls".

    Over a stream this names the connection itself, and an answer goes back over that one.
    """

    host: str
    port: int
    transport: str = "udp"


# Section 7.3.3 and the registry at IANA; every compact form there is.
COMPACT_FORMS = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
# via-parm (section 25.1); spaces may stand around each slash and the colon (RFC 4475 section 3.1.1.1), and were
# reduced to one before this looks, so that no run of them can make it backtrack.
_VIA = re.compile(
    rf"SIP ?/ ?(?:{TOKEN.pattern}) ?/ ?(?P<transport>{TOKEN.pattern}) "
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.\-]+) ?(?:: ?(?P<port>[0-9]{1,5}) ?)?(?P<params>;.*|)",
    re.IGNORECASE,
)
_SPELLING = {"call-id": "Call-ID", "cseq": "CSeq", "www-authenticate": "WWW-Authenticate"}

LARGEST_CSEQ = 2**31 - 1  # section 8.1.1.5
LARGEST_EXPIRES = 2**32 - 1  # section 20.19
LARGEST_CONTENT_LENGTH = 65_535  # no datagram holds more


@dataclass(frozen=True, slots=True)
class Via:
    """One Via value: who sent the request, and what it wants to know about the way back."""

    transport: str
    host: str
    port: int | None
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CSeq:
    """A request's number within its Call-ID, and its method once more."""

    number: int
    method: str


@dataclass(frozen=True, slots=True)
class Message:
    """What requests and responses share."""

    headers: tuple[Header, ...] = ()
    body: bytes = b""

    def all(self, name: str) -> list[str]:
        """Every value of the header, as the lines stand."""
        return [value for key, value in self.headers if key == name]

    def first(self, name: str) -> str:
        """The header's first value, "" if there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def listed(self, name: str) -> list[str]:
        """Every value of a header that takes comma lists: one line with two values equals two lines (section 7.3.1)."""
        return [item for value in self.all(name) for item in split_outside_quotes(value, ",")]

    def top_via(self) -> Via:
        """The first Via; `BadMessage` ("via") if there is none or it is malformed."""
        values = split_outside_quotes(self.first("via"), ",")
        if not values:
            raise BadMessage("via", "no Via")
        return parse_via(values[0])

    def cseq(self) -> CSeq:
        """`BadMessage` ("cseq") unless there is a number below 2**31 and a method."""
        number, _, method = SPACES.sub(" ", self.first("cseq")).partition(" ")
        value = parse_number(number, LARGEST_CSEQ)
        if value is None or not TOKEN.fullmatch(method):
            raise BadMessage("cseq", f"not a CSeq: {self.first('cseq')[:60]!r}")
        return CSeq(value, method)

    def from_(self) -> NameAddr:
        """The From; `BadMessage` ("name-addr")."""
        return parse_name_addr(self.first("from"))

    def to(self) -> NameAddr:
        """The To; `BadMessage` ("name-addr")."""
        return parse_name_addr(self.first("to"))

    def contacts(self) -> list[NameAddr]:
        """Every Contact; the star alone is the URI "*"."""
        return [parse_name_addr(value) for value in self.listed("contact")]

    def content_length(self) -> int | None:
        """None if there is none; `BadMessage` ("content-length") if it is no number, or if two contradict."""
        values = set(self.all("content-length"))
        if not values:
            return None
        length = parse_number(values.pop(), LARGEST_CONTENT_LENGTH)
        if length is None or values:
            raise BadMessage("content-length", "not one number")
        return length


@dataclass(frozen=True, slots=True)
class Request(Message):
    """What somebody wants of us; `uri` and `version` as written."""

    method: str = ""
    uri: str = ""
    version: str = "SIP/2.0"


@dataclass(frozen=True, slots=True)
class Response(Message):
    """What somebody answered, or what we will."""

    status: int = 200
    reason: str = "OK"

    def render(self) -> bytes:
        """The response as bytes; Content-Length is added."""
        lines = [f"SIP/2.0 {self.status} {self.reason}"]
        lines += [f"{_SPELLING.get(name) or name.title()}: {value}" for name, value in self.headers]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        # Bytes that were not UTF-8 when they came in go out as they were: a Call-ID must come back unchanged.
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body


def parse_via(value: str) -> Via:
    """`SIP/2.0/UDP host:port;params` -> `Via`; `BadMessage` ("via")."""
    match = _VIA.fullmatch(SPACES.sub(" ", value))
    if match is None:
        raise BadMessage("via", f"not a Via: {value[:60]!r}")
    port = parse_number(match["port"], 65535) if match["port"] else None
    if match["port"] and not port:
        raise BadMessage("via", f"no such port: {match['port']}")
    return Via(match["transport"].upper(), match["host"], port, parse_params(match["params"]))
