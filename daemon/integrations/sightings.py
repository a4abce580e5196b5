"""What a server says of one registered contact, in the words all servers share, and the contact that it becomes.

Not here: any server's own format (`ami_contacts`, `usrloc`); what the fleet makes of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from daemon.errors import BadMessage
from daemon.fleet.model import Contact, LearnedContact

# Reads a SIP URI as a contact that never expires, or raises `BadMessage`; SIP itself is spoken elsewhere.
ParseContact = Callable[[str], Contact]

# A SIP user of this length is none of a phone's; Kamailio's database column has 64 characters.
LONGEST_USER = 256
# RFC 3327 sets no limit; a request through more proxies than this runs into Max-Forwards and datagram sizes first.
_MOST_HOPS = 8
_LONGEST_PATH = 1024

_ROUTE = re.compile(r"\s*<([^<>]+)>[^,<>]*(?:,|\Z)")
_TRANSPORT = re.compile(r";transport=([a-z]{2,4})(?=[;?>]|\Z)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One contact of `user` as a server has it.

    `received` is the URI of the address the REGISTER really came from, `via` the address that the phone gave as its
    own; "" if not said. `path` is a Path header's value. Of several contacts the one with the greatest `freshness`
    counts: any number that grows with each registration at this server.
    """

    user: str
    uri: str
    received: str = ""
    via: str = ""
    path: str = ""
    freshness: float = 0.0


def learn(sighting: Sighting, parse: ParseContact) -> LearnedContact:
    """The contact of a sighting; `BadMessage` ("user", "uri", "path" or "contact-too-long") if it is none.

    Packets go to the first proxy of the path, else to where the REGISTER came from (the phone is behind NAT), else to
    where the contact's URI says, unless that is a name and the phone gave its address beside it.
    """
    if not sighting.user or len(sighting.user) > LONGEST_USER:
        raise BadMessage("user", f"{len(sighting.user)} characters")
    contact, route = parse(sighting.uri), _hops(sighting.path, parse)
    goes_to = route[0] if route else sighting.received or sighting.uri
    if goes_to is sighting.uri and sighting.via and not _is_address(contact.host):
        goes_to = f"sip:{sighting.via}{_transport_parameter(sighting.uri)}"
    where = contact if goes_to is sighting.uri else parse(goes_to)
    found = Contact(sighting.uri, where.host, where.port, math.inf, transport_of(goes_to, sighting.uri), route)
    return LearnedContact(sighting.user, found)


def newest(sightings: Iterable[Sighting]) -> dict[str, Sighting]:
    """Of each user the freshest contact; of equally fresh ones the last.

    A Kamailio tells times in whole seconds, and lists a newer contact of the same q behind the older.
    """
    found: dict[str, Sighting] = {}
    for sighting in sightings:
        known = found.get(sighting.user)
        if known is None or known.freshness <= sighting.freshness:
            found[sighting.user] = sighting
    return found


def transport_of(*uris: str) -> str:
    """The transport that the first of `uris` names that names one; "udp" if none does."""
    for uri in uris:
        if uri[:5].lower() == "sips:":
            return "tls"
        if named := _TRANSPORT.search(uri):
            return named[1].lower()
    return "udp"


def _hops(path: str, parse: ParseContact) -> tuple[str, ...]:
    """The URIs of a Path header's value, topmost first; each is fit to be written into a request."""
    if len(path) > _LONGEST_PATH:
        raise BadMessage("path", f"{len(path)} characters")
    hops: list[str] = []
    at = 0
    while at < len(path):
        match = _ROUTE.match(path, at)
        if match is None or len(hops) == _MOST_HOPS:
            raise BadMessage("path", f"not a list of {_MOST_HOPS} routes at most: {path[:60]!r}")
        parse(match[1])
        hops.append(match[1])
        at = match.end()
    return tuple(hops)


def _transport_parameter(uri: str) -> str:
    transport = transport_of(uri)
    return "" if transport == "udp" else f";transport={transport}"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
