"""Whether the address a phone is heard from is the phone's own, so that its own server can be spoken to there.

Behind NAT the same address is somebody else: a router, which would be told to restart and be shown the phone's login.
So the address counts only if it lies within the networks of the phone's tenant, and nothing says that it is shared:
neither what the phone says of itself nor another phone that is heard from it. A name is never looked up. Not here: what
is sent there (`phone_command`).
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

from daemon.errors import BadMessage
from daemon.fleet.device import Device
from daemon.fleet.model import Tenant
from daemon.provisioning.first_contact import in_networks
from daemon.sip.uri import parse_sip_uri


def why_not_its_own(device: Device, tenant: Tenant | None, alone: Callable[[Device], bool]) -> str:
    """Why a phone's address is not taken for its own; "" if it is. `alone`: nobody else is heard from there."""
    source = device.source
    if not source:
        return "its address is not known: it has not fetched or reported anything"
    if tenant is None or not in_networks(tenant, source):
        return f"its address {source} is not within its tenant's networks"
    said = _says_it_has(device)
    if said and not _same(said, source):
        return f"it is behind NAT: it has {said}, and comes from {source}"
    if not said and not alone(device):
        return f"it may be behind NAT: another phone comes from {source}, too"
    return ""


def url_of(device: Device, scheme: str, port: int | None, path: str) -> str:
    """Where its own server has this path; `port` None is the scheme's own."""
    host = f"[{device.source}]" if ":" in device.source else device.source
    return f"{scheme}://{host}{f':{port}' if port else ''}{path}"


def _says_it_has(device: Device) -> str:
    """Its own idea of its address: what it reports, else what it registered; "" if it does neither."""
    if device.report and device.report.ip:
        return device.report.ip
    contact = device.contact
    if contact is None or contact.static or contact.learned:
        return ""
    try:
        return parse_sip_uri(contact.uri).host
    except BadMessage:
        return ""


def _same(one: str, other: str) -> bool:
    """Addresses have more than one spelling."""
    try:
        return ip_address(one) == ip_address(other)
    except ValueError:
        return False
