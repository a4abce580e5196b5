"""What an AMI packet says of a contact: PJSIP's and chan_sip's lists and live events -> sightings.

chan_sip knows one contact per peer and tells its address only, so its URI is made of that. Not here: asking for
lists and knowing when they are whole (`ami_session`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from daemon.integrations.ami_protocol import Packet
from daemon.integrations.sightings import Sighting


@dataclass(frozen=True, slots=True)
class Gone:
    """A contact of `user` is no longer registered; `uri` "" means whichever it was."""

    user: str
    uri: str = ""


def listed(packet: Packet) -> Sighting | None:
    """An entry of a list; None for a peer that has not registered, and for whatever else it may be."""
    read = _LISTED.get(packet.get("Event"))
    return read(packet) if read else None


def happened(packet: Packet) -> Sighting | Gone | None:
    """A live event; None if it says nothing of a registration."""
    read = _LIVE.get(packet.get("Event"))
    return read(packet) if read else None


def _contact_list(packet: Packet) -> Sighting | None:
    """ContactList, of PJSIPShowContacts: an object as it is stored, named "<aor>;@<hash>"."""
    user = packet.get("ObjectName").partition(";@")[0] or packet.get("Endpoint")
    via = _socket(packet.get("ViaAddr"), packet.get("ViaPort"))
    return _pjsip(user, packet.get("Uri"), via, packet.get("Path"), packet.get("ExpirationTime"))


def _status_detail(packet: Packet) -> Sighting | None:
    """ContactStatusDetail, of PJSIPShowRegistrationInboundContactStatuses."""
    via = packet.get("ViaAddress")
    return _pjsip(packet.get("AOR"), packet.get("URI"), via, packet.get("Path"), packet.get("RegExpire"))


def _contact_status(packet: Packet) -> Sighting | Gone | None:
    """ContactStatus, live. Reachable or not, a contact is registered until it is removed; we ping it ourselves."""
    if packet.get("ContactStatus") == "Removed":
        return Gone(packet.get("AOR"), _unescaped(packet.get("URI")))
    return _status_detail(packet)


def _pjsip(user: str, uri: str, via: str, path: str, expires: str) -> Sighting | None:
    if not user or not uri:
        return None
    freshness = float(expires) if expires.isascii() and expires.isdigit() and len(expires) < 16 else 0.0
    return Sighting(user, _unescaped(uri), via=via, path=_unescaped(path), freshness=freshness)


def _peer_entry(packet: Packet) -> Sighting | None:
    """PeerEntry, of SIPpeers. A peer that is not dynamic is a trunk with an address of its own: nobody registered."""
    if packet.get("Dynamic").lower() != "yes":
        return None
    return _peer(packet.get("ObjectName"), _socket(packet.get("IPaddress"), packet.get("IPport")))


def _peer_status(packet: Packet) -> Sighting | Gone | None:
    """PeerStatus, live; PJSIP sends it, too, of whole endpoints, and says the same by ContactStatus."""
    technology, _, user = packet.get("Peer").partition("/")
    if technology != "SIP" or not user:
        return None
    match packet.get("PeerStatus"):
        case "Registered":
            return _peer(user, packet.get("Address"))
        case "Unregistered":
            return Gone(user)
        case _:
            return None  # Reachable, Lagged, Unreachable: Asterisk's own pings; no word of who is registered where


def _peer(user: str, address: str) -> Sighting | None:
    return Sighting(user, f"sip:{user}@{address}") if user and address else None


def _socket(host: str, port: str) -> str:
    """Address and port as a URI has them; "" if the address is none ("-none-", "(null)") or the port is 0."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return ""
    if not port.isascii() or not port.isdigit() or port == "0":
        return ""
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def _unescaped(text: str) -> str:
    """Asterisk keeps a ";" as "^3B" where its configuration would take it for a comment; URIs have no "^"."""
    return text.replace("^3B", ";").replace("^3b", ";")


_LISTED: Mapping[str, Callable[[Packet], Sighting | None]] = {
    "ContactList": _contact_list,
    "ContactStatusDetail": _status_detail,
    "PeerEntry": _peer_entry,
}
_LIVE: Mapping[str, Callable[[Packet], Sighting | Gone | None]] = {
    "ContactStatus": _contact_status,
    "PeerStatus": _peer_status,
}
