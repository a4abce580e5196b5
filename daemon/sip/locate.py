"""Where a SIP URI leads: the rules of RFC 3263, without the questions themselves.

The transport is what the URI says, else what DNS prefers, else UDP (TLS for sips); the port is what the URI says, else
what SRV says, else 5060 (5061). `maddr` is not followed: it would send our requests wherever its writer likes. Not
here: asking DNS (`resolver`), choosing a random number (an argument).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from daemon.errors import BadMessage
from daemon.fleet.model import Contact
from daemon.sip.uri import SipUri

TRANSPORTS = ("udp", "tcp", "tls")  # those that we speak, in the order in which SRV is asked without a preference
_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061}
# The service of RFC 3263 section 4.1 by transport, as the name of its SRV record begins.
_SERVICES = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}
# NAPTR services of section 4.1; one that is not here (SCTP, WebSocket) is not spoken.
_NAPTR_TRANSPORTS = {"SIP+D2U": "udp", "SIP+D2T": "tcp", "SIPS+D2T": "tls"}
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\.?")


@dataclass(frozen=True, slots=True)
class Srv:
    """An SRV record: the smallest priority first, and within it by weight (RFC 2782)."""

    priority: int
    weight: int
    port: int
    host: str


@dataclass(frozen=True, slots=True)
class Naptr:
    """A NAPTR record, as far as SIP looks at it."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Service:
    """An SRV name to ask for, and the transport that its answers are reached over."""

    transport: str
    name: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host, numeric or to be asked for A and AAAA, with its port and transport."""

    host: str
    port: int
    transport: str


def is_numeric(host: str) -> bool:
    """Whether a host is an address already."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def transport_of(uri: SipUri) -> str:
    """The transport that the URI names, "" if it leaves that to DNS; `BadMessage` ("transport") for one not spoken."""
    named = uri.params.get("transport", "")
    if named and named not in TRANSPORTS:
        raise BadMessage("transport", f"the transport {named} is not spoken")
    if uri.scheme == "sips":
        if named == "udp":
            raise BadMessage("transport", "sips does not go over udp")
        return "tls"
    return named


def numeric_contact(uri: SipUri, text: str) -> Contact | None:
    """Where a URI with an address for a host leads; None for a name. `text` is the URI as requests name it."""
    if not is_numeric(uri.host):
        return None
    return contact_at(direct(uri), uri.host, text)


def direct(uri: SipUri) -> Endpoint:
    """The endpoint without SRV: section 4.2's last resort, and the only way with an address or a port."""
    transport = transport_of(uri) or "udp"
    return Endpoint(uri.host, uri.port or _PORTS[transport], transport)


def goes_by_srv(uri: SipUri) -> bool:
    """Whether SRV is to be asked: for a name without a port (section 4.2)."""
    return uri.port is None and not is_numeric(uri.host)


def services(uri: SipUri, naptr: Iterable[Naptr] = ()) -> tuple[Service, ...]:
    """The SRV names to ask for, most preferred first: what NAPTR offers that we speak, else one per transport."""
    chosen = transport_of(uri)
    if chosen:
        return (Service(chosen, f"{_SERVICES[chosen]}.{uri.host}"),)
    offered = tuple(
        Service(_NAPTR_TRANSPORTS[record.service.upper()], record.replacement)
        for record in sorted(naptr, key=lambda record: (record.order, record.preference))
        if record.flags.lower() == "s" and record.service.upper() in _NAPTR_TRANSPORTS
    )
    return offered or tuple(Service(transport, f"{_SERVICES[transport]}.{uri.host}") for transport in TRANSPORTS)


def in_order(records: Sequence[Srv], share: Callable[[], float]) -> list[Srv]:
    """SRV records in the order in which to try them (RFC 2782); `share` gives random numbers from 0 up to 1.

    A lone record whose host is the root says that the service is not offered: nothing is to be tried.
    """
    if len(records) == 1 and records[0].host in ("", "."):
        return []
    ordered: list[Srv] = []
    for priority in sorted({record.priority for record in records}):
        # Those without a weight stand first, so that they have a small chance while there are others.
        waiting = sorted((record for record in records if record.priority == priority), key=lambda each: each.weight)
        while waiting:
            ordered.append(waiting.pop(_drawn([record.weight for record in waiting], share())))
    return ordered


def contact_at(endpoint: Endpoint, address: str, text: str) -> Contact:
    """The contact at one of an endpoint's addresses. Requests go on naming the URI as it was written (section 4)."""
    return Contact(text, address, endpoint.port, None, endpoint.transport)


def is_name(host: str) -> bool:
    """Whether DNS can be asked for a host at all; underscores are tolerated, as resolvers do."""
    return bool(_NAME.fullmatch(host)) and not is_numeric(host)


def _drawn(weights: Sequence[int], share: float) -> int:
    """The index that a random share falls on, when each has room in proportion to its weight."""
    mark, running = int(share * (sum(weights) + 1)), 0
    for index, weight in enumerate(weights):
        running += weight
        if running >= mark:
            return index
    return len(weights) - 1
