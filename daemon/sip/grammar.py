"""The pieces of RFC 3261's grammar (section 25) that several headers share: tokens, lists, parameters, name-addr.

Everything here is linear in the length of its input; a scanner's header of 8 KiB costs what a phone's does. The
patterns see to it with possessive quantifiers (`*+`): what one has taken it never gives back to try again.
Not here: what a whole message looks like (`parser`), URIs (`uri`), which headers exist (`message`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from daemon.errors import BadMessage

# A token (section 25.1) is letters, digits and ten marks; method and header names are tokens.
TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
# SIP-Version = "SIP" "/" 1*DIGIT "." 1*DIGIT, case-insensitive (section 7.1)
SIP_VERSION = re.compile(r"[Ss][Ii][Pp]/[0-9]{1,9}\.[0-9]{1,9}")
# Status-Code = 3DIGIT; section 21 knows the classes 1 to 6.
STATUS_CODE = re.compile(r"[1-6][0-9]{2}")

_QUOTED = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
# name-addr = [ display-name ] "<" addr-spec ">", then ";" parameters (section 20.10)
# A display name without quotes is read as people write it, but a comma would begin the next address.
_NAME_ADDR = re.compile(rf"(?:{_QUOTED}[ \t]*+|[^\"<,]*+)<([^<>\s]*+)>[ \t]*+(;.*+|)", re.DOTALL)
_MOST_DIGITS = 10  # of the largest number there is in a header, 2**32-1
_BARE_URI = re.compile(r"[^\s\",?]+")  # one with a comma or question mark must stand in brackets (section 20.10)
# Where a challenge begins: a scheme and its first parameter (RFC 7235 section 2.1), or a scheme alone.
_SCHEME = re.compile(rf"{TOKEN.pattern}(?:[ \t]++[^=\s]++[ \t]*+=|\Z)")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# From one separator to the next, or to the end; nothing matches where a quote or bracket is never closed.
_PIECES = {
    separator: re.compile(rf'(?:[^"<{separator}]++|{_QUOTED}|<[^>]*+>)*+(?={separator}|\Z)', re.DOTALL)
    for separator in (",", ";")
}


class NameAddr(NamedTuple):
    """A From, To or Contact value: the URI as written, and the header's own parameters by lower-case name."""

    uri: str
    params: Mapping[str, str]


def split_outside_quotes(value: str, separator: str) -> list[str]:
    """Pieces between `separator` ("," or ";"), which counts only outside quotes and angle brackets; empty ones go."""
    if '"' not in value and "<" not in value:
        pieces = value.split(separator)
    else:
        pieces, at = [], 0
        while at <= len(value):
            piece = _PIECES[separator].match(value, at)
            if piece is None:
                raise BadMessage("unbalanced", f"a quote or bracket is never closed in {value[:60]!r}")
            pieces.append(piece[0])
            at = piece.end() + 1
    return [piece for piece in map(str.strip, pieces) if piece]


def parse_params(text: str) -> dict[str, str]:
    """`;name=value;flag` -> values by lower-case name, "" for a flag; quotes come off, the first of two wins."""
    params: dict[str, str] = {}
    if not text:
        return params
    for piece in split_outside_quotes(text, ";"):
        name, _, value = piece.partition("=")
        params.setdefault(name.strip().lower(), unquoted(value.strip()) if '"' in value else value.strip())
    return params


def unquoted(text: str) -> str:
    """A quoted-string (section 25.1) without its quotes and backslashes; everything else comes back as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return _ESCAPED.sub(r"\1", text[1:-1])


def split_challenges(value: str) -> list[str]:
    """A WWW-Authenticate line -> its challenges; the commas between their parameters are no ends (RFC 7235 4.1)."""
    challenges: list[list[str]] = []
    for piece in split_outside_quotes(value, ","):
        if challenges and not _SCHEME.match(piece):
            challenges[-1].append(piece)
        else:
            challenges.append([piece])
    return [", ".join(pieces) for pieces in challenges]


@lru_cache(maxsize=64)  # From, To and Contact of one request are asked for again on its way
def parse_name_addr(value: str) -> NameAddr:
    """A From, To or Contact value -> its URI and parameters; `BadMessage` ("name-addr") for what is neither form.

    Without angle brackets, parameters belong to the header and not to the URI (section 20.10).
    """
    if "<" not in value and ">" not in value:
        uri, semicolon, rest = value.partition(";")
        if not _BARE_URI.fullmatch(uri := uri.strip()):
            raise BadMessage("name-addr", f"not an address: {value[:60]!r}")
        return NameAddr(uri, parse_params(semicolon + rest))
    match = _NAME_ADDR.fullmatch(value)
    if match is None:
        raise BadMessage("name-addr", f"not an address: {value[:60]!r}")
    return NameAddr(match[1], parse_params(match[2]))


def parse_number(text: str, largest: int) -> int | None:
    """Digits up to `largest` -> the number; None for everything else (sections 20.14, 20.16, 20.19, 20.22)."""
    if len(text) > _MOST_DIGITS or not (text.isascii() and text.isdigit()):
        return None
    number = int(text)
    return number if number <= largest else None
