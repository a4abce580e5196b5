"""SIP URIs (RFC 3261 section 19.1): reading them, comparing them, and what they mean as a device's contact.

Not here: resolving a name (`locate`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address
from typing import NamedTuple
from urllib.parse import unquote

from daemon.errors import BadMessage
from daemon.fleet.model import Contact
from daemon.sip.grammar import parse_params

DEFAULT_PORTS = {"sip": 5060, "sips": 5061}  # section 19.1.2

# What may stand in a URI at all (section 25.1); in particular no space, quote, bracket, control or 8-bit character,
# so a URI that passed can be written into a request as it is.
_CHARACTERS = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/:@\[\]#]++|%[0-9A-Fa-f]{2})++")
_SIP_URI = re.compile(
    r"(?P<scheme>[Ss][Ii][Pp][Ss]?):"
    r"(?:(?P<user>[^@:]++)(?::[^@]*+)?@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9_.\-]++)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<params>(?:;[^;?@]*+)*+)"
    r"(?:\?(?P<headers>[^@]*+))?",
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
# Section 19.1.4: these must match when they stand in one of the two; others only when they stand in both.
_DECIDING = ("user", "ttl", "method", "maddr", "transport")
_LONGEST = 1024  # longreq of RFC 4475 has one of some 300 characters
# A contact stands twice in our OPTIONS, whose other parts are some 400 bytes; above 1,300 bytes a request may not go
# over UDP (section 18.1.1).
_LONGEST_CONTACT = 400


class SipUri(NamedTuple):
    """A sip: or sips: URI in comparable form: user unescaped, host in lower case and without brackets."""

    scheme: str
    user: str
    host: str
    port: int | None
    params: Mapping[str, str]
    headers: str

    def matches(self, other: SipUri) -> bool:
        """Whether both name the same resource by section 19.1.4."""
        return self._core() == other._core() and all(
            self.params.get(name) == other.params.get(name)
            for name in (*_DECIDING, *(self.params.keys() & other.params.keys()))
        )

    def _core(self) -> tuple[str, str, str, int | None, str]:
        return self.scheme, self.user, self.host, self.port, self.headers


def parse_scheme(text: str) -> str:
    """The scheme of any URI in lower case; `BadMessage` ("uri") if there is none."""
    match = _SCHEME.match(text)
    if match is None or not _CHARACTERS.fullmatch(text):
        raise BadMessage("uri", f"not a URI: {text[:60]!r}")
    return match[1].lower()


# A REGISTER names its phone in three headers, and the same phones come again and again.
@lru_cache(maxsize=1024)
def parse_sip_uri(text: str) -> SipUri:
    """A sip: or sips: URI -> `SipUri`; `BadMessage` ("uri") for everything else."""
    match = _SIP_URI.fullmatch(text) if len(text) <= _LONGEST and _CHARACTERS.fullmatch(text) else None
    if match is None:
        raise BadMessage("uri", f"not a SIP URI: {text[:60]!r}")
    scheme, user, host, port, params, headers = match.groups("")
    if "%" in user:
        user = unquote(user, errors="replace")
    lowered = {name: value.lower() for name, value in parse_params(params).items()} if params else {}
    return SipUri(scheme.lower(), user, _host(host), _port(port), lowered, headers)


def parse_contact_uri(text: str) -> SipUri:
    """The same for the URI of a contact, which has to fit into a ping; `BadMessage` ("uri" or "contact-too-long")."""
    if len(text) > _LONGEST_CONTACT:
        raise BadMessage("contact-too-long", f"{len(text)} characters")
    return parse_sip_uri(text)


def request_uri(contact_uri: str) -> str:
    """What stands in the request line for a contact: its URI without headers, which belong elsewhere (19.1.1)."""
    match = _SIP_URI.fullmatch(contact_uri) if "?" in contact_uri else None
    if match is None or match["headers"] is None:
        return contact_uri
    return contact_uri[: match.start("headers") - 1]


def contact_from_uri(text: str, expires_at: float | None = None) -> Contact:
    """A contact that is sent to where its URI says; `BadMessage` ("uri") if that is no SIP URI.

    `expires_at` None is a static contact, as an operator writes it in the inventory.
    """
    uri = parse_contact_uri(text)
    return Contact(text, uri.host, uri.port or DEFAULT_PORTS[uri.scheme], expires_at)


def _host(text: str) -> str:
    if not text.startswith("["):
        return text.lower()
    try:
        # Three colons before an IPv4 part are what RFC 3261's own grammar wants by mistake (RFC 5118 section 4.10).
        return str(IPv6Address(text[1:-1].replace(":::", "::")))
    except ValueError:
        raise BadMessage("uri", f"not an IPv6 address: {text}") from None


def _port(text: str) -> int | None:
    if not text:
        return None
    if not 1 <= int(text) <= 65535:
        raise BadMessage("uri", f"no such port: {text}")
    return int(text)
