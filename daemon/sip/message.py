"""SIP messages as values: `Request` and `Response`, typed views of the headers we use, and their bytes.

Views read their header when asked and raise `BadMessage` if it will not do, so a message nobody looks into costs
nothing. Unknown headers are kept. Not here: bytes to messages (`parser`), which message deserves which answer
(`refusals`, `responses`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from daemon.errors import BadMessage
from daemon.sip.grammar import (
    TOKEN,
    NameAddr,
    parse_name_addr,
    parse_number,
    parse_params,
    split_challenges,
    split_outside_quotes,
)

Header = tuple[str, str]  # lower-case full name, value without the spaces around it
Address = tuple[str, int]  # where a datagram came from or goes to: numeric host, port


STREAMS = ("tcp", "tls")
"""The transports that are connections; the one other that we speak is "udp"."""


class Source(NamedTuple):
    """Where a message came from: a numeric host and its port, over "udp", "tcp" or "tls".

    Over a stream this names the connection itself, and an answer goes back over that one. Over UDP `listener` is the
    one of ours that it came in by, as `Contact` has it; "" is any that leads there.
    """

    host: str
    port: int
    transport: str = "udp"
    listener: str = ""


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
_LWS = r"[ \t]*+"  # once lines are unfolded; wherever it may stand, its amount means nothing
# via-parm (section 25.1); spaces may stand around each slash and the colon (RFC 4475 section 3.1.1.1).
_VIA = re.compile(
    rf"[Ss][Ii][Pp]{_LWS}/{_LWS}{TOKEN.pattern}{_LWS}/{_LWS}({TOKEN.pattern})[ \t]{_LWS}"
    rf"(\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9_.\-]++){_LWS}(?::{_LWS}([0-9]{{1,5}}){_LWS})?+(;.*+|)",
    re.DOTALL,
)
_CSEQ = re.compile(rf"([0-9]{{1,10}})[ \t]++({TOKEN.pattern})")
_SPELLING = {"call-id": "Call-ID", "cseq": "CSeq", "sip-etag": "SIP-ETag", "www-authenticate": "WWW-Authenticate"}

LARGEST_CSEQ = 2**31 - 1  # section 8.1.1.5
LARGEST_EXPIRES = 2**32 - 1  # section 20.19
LARGEST_CONTENT_LENGTH = 65_535  # no datagram holds more


class Via(NamedTuple):
    """One Via value: who sent the request, and what it wants to know about the way back."""

    transport: str
    host: str
    port: int | None
    params: Mapping[str, str]


class CSeq(NamedTuple):
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
        for key, value in self.headers:
            if key == name:
                return value
        return ""

    def listed(self, name: str) -> list[str]:
        """Every value of a header that takes comma lists: one line with two values equals two lines (section 7.3.1).

        Not for Authorization and its kin, whose commas stand between parameters; see `challenges` and `all`.
        """
        return [item for value in self.all(name) for item in split_outside_quotes(value, ",")]

    def top_via(self) -> Via:
        """The first Via; `BadMessage` ("via") if there is none or it is malformed."""
        text = self.first("via")
        values = split_outside_quotes(text, ",") if "," in text else [text]
        if not text or not values:
            raise BadMessage("via", "no Via")
        return parse_via(values[0])

    def vias(self) -> list[Via]:
        """Every Via, the topmost first; `BadMessage` ("via") if there is none or one is malformed."""
        return [parse_via(value) for value in self.listed("via")] or [self.top_via()]

    def cseq(self) -> CSeq:
        """`BadMessage` ("cseq") unless there is a number below 2**31 and a method."""
        text = self.first("cseq")
        match = _CSEQ.fullmatch(text)
        number = parse_number(match[1], LARGEST_CSEQ) if match else None
        if match is None or number is None:
            raise BadMessage("cseq", f"not a CSeq: {text[:60]!r}")
        return CSeq(number, match[2])

    def from_(self) -> NameAddr:
        """The From; `BadMessage` ("name-addr")."""
        return parse_name_addr(self.first("from"))

    def to(self) -> NameAddr:
        """The To; `BadMessage` ("name-addr")."""
        return parse_name_addr(self.first("to"))

    def contacts(self) -> list[NameAddr]:
        """Every Contact; the star alone is the URI "*"."""
        return [parse_name_addr(value) for value in self.listed("contact")]

    def challenges(self, name: str) -> list[str]:
        """Every challenge of a WWW-Authenticate or Proxy-Authenticate, one to an item, however they share lines."""
        return [challenge for value in self.all(name) for challenge in split_challenges(value)]

    def media_type(self) -> str:
        """The Content-Type in lower case and without its parameters, "" if there is none."""
        return self.first("content-type").partition(";")[0].strip().lower()

    def content_length(self) -> int | None:
        """None if there is none; `BadMessage` ("content-length") if it is no number, or if two contradict."""
        return content_length(self.headers)


@dataclass(frozen=True, slots=True)
class Request(Message):
    """What somebody wants of us; `uri` and `version` as written."""

    method: str = ""
    uri: str = ""
    version: str = "SIP/2.0"

    def render(self) -> bytes:
        """The request as bytes; Content-Length is added, or set right."""
        return _rendered(f"{self.method} {self.uri} {self.version}", self)


@dataclass(frozen=True, slots=True)
class Response(Message):
    """What somebody answered, or what we will."""

    status: int = 200
    reason: str = "OK"

    def render(self) -> bytes:
        """The response as bytes; Content-Length is added, or set right."""
        return _rendered(f"SIP/2.0 {self.status} {self.reason}", self)


def _rendered(start: str, message: Message) -> bytes:
    lines = [start]
    lines += [
        f"{_SPELLING.get(name) or name.title()}: {value}" for name, value in message.headers if name != "content-length"
    ]
    lines += [f"Content-Length: {len(message.body)}", "", ""]
    # Bytes that were not UTF-8 when they came in go out as they were: a Call-ID must come back unchanged.
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + message.body


def content_length(headers: Iterable[Header]) -> int | None:
    """See `Message.content_length`."""
    values = [value for name, value in headers if name == "content-length"]
    if not values:
        return None
    length = parse_number(values[0], LARGEST_CONTENT_LENGTH)
    if length is None or len(set(values)) > 1:
        raise BadMessage("content-length", "not one number")
    return length


# One request's Via is asked for four times on its way (refusal, transaction, answer, way back); 9 µs each.
@lru_cache(maxsize=64)
def parse_via(value: str) -> Via:
    """`SIP/2.0/UDP host:port;params` -> `Via`; `BadMessage` ("via")."""
    match = _VIA.fullmatch(value)
    if match is None:
        raise BadMessage("via", f"not a Via: {value[:60]!r}")
    transport, host, digits, params = match.groups()
    port = parse_number(digits, 65535) if digits else None
    if digits and not port:
        raise BadMessage("via", f"no such port: {digits}")
    return Via(transport.upper(), host, port, parse_params(params))
