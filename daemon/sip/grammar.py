"""The pieces of RFC 3261's grammar (section 25) that several headers share: tokens, lists, parameters, name-addr.

Everything here is linear in the length of its input; a scanner's header of 8 KiB costs what a phone's does.
Not here: what a whole message looks like (`parser`), URIs (`uri`), which headers exist (`message`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from daemon.errors import BadMessage

# A token (section 25.1) is letters, digits and ten marks; method and header names are tokens.
TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
# SIP-Version = "SIP" "/" 1*DIGIT "." 1*DIGIT, case-insensitive (section 7.1)
SIP_VERSION = re.compile(r"SIP/\d{1,9}\.\d{1,9}", re.IGNORECASE)
# Status-Code = 3DIGIT; section 21 knows the classes 1 to 6.
STATUS_CODE = re.compile(r"[1-6][0-9]{2}", re.ASCII)
# Section 20.14, 20.16, 20.19, 20.22: these headers hold nothing but digits.
DIGITS = re.compile(r"[0-9]{1,10}", re.ASCII)
SPACES = re.compile(r"[ \t]+")  # LWS once lines are unfolded; wherever it may stand, its amount means nothing

# name-addr = [ display-name ] "<" addr-spec ">", then ";" parameters (section 20.10)
_NAME_ADDR = re.compile(r'(?:"(?:[^"\\]|\\.)*"[ \t]*|[^"<]*)<([^<>]*)>[ \t]*(;.*|)')
_BARE_URI = re.compile(r"[^\s\",?]+")  # one with a comma or question mark must stand in brackets (section 20.10)
_MARKS = re.compile(r'\\.|["<>,;]')
_CLOSERS = {'"': '"', "<": ">"}


@dataclass(frozen=True, slots=True)
class NameAddr:
    """A From, To or Contact value: the URI as written, and the header's own parameters by lower-case name."""

    uri: str
    params: Mapping[str, str]


def split_outside_quotes(value: str, separator: str) -> list[str]:
    """Pieces between `separator` ("," or ";"), which counts only outside quotes and angle brackets; empty ones go."""
    pieces, start, closer = [], 0, ""
    for mark in _MARKS.finditer(value):
        char = mark[0]
        if closer:
            closer = "" if char == closer else closer
        elif char == separator:
            pieces.append(value[start : mark.start()])
            start = mark.end()
        else:
            closer = _CLOSERS.get(char, "")
    if closer:
        raise BadMessage("unbalanced", f"no closing {closer} in {value[:60]!r}")
    pieces.append(value[start:])
    return [piece for piece in map(str.strip, pieces) if piece]


def parse_params(text: str) -> dict[str, str]:
    """`;name=value;flag` -> values by lower-case name, "" for a flag; quotes come off, the first of two wins."""
    params: dict[str, str] = {}
    for piece in split_outside_quotes(text, ";"):
        name, _, value = piece.partition("=")
        params.setdefault(name.strip().lower(), value.strip().strip('"'))
    return params


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
    """Digits up to `largest` -> the number; None for everything else."""
    if not DIGITS.fullmatch(text) or int(text) > largest:
        return None
    return int(text)
