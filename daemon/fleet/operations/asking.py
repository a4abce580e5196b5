"""By which way a phone is told something: a check-sync by SIP, HTTP to its own server, or the answer to its report.

SIP comes first, since it reaches the phone now, is answered, and needs no login. Then its own server, if operators
switched that on, its maker's command is known, and the address is the phone's own. A phone that only calls us, from
behind NAT, is told in the answer to its report. When none of them is there, the reason says whether the phone is gone,
or is there and cannot be told this. Not here: what is changed on our side (`edits`), who is next
(`book`), whose an address is (`phone_address`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from daemon.config.settings import Requests
from daemon.fleet.device import Device
from daemon.fleet.model import Presence, Reachability
from daemon.fleet.operations.kinds import Manner
from daemon.fleet.operations.operation import Way
from daemon.fleet.phone_address import url_of, why_not_its_own
from daemon.fleet.phone_command import SendCommand
from daemon.fleet.roster import Roster
from daemon.provisioning.vendors import registry
from daemon.provisioning.vendors.vendor import Channel, PhoneCommand, Vendor

_DARK = frozenset({Reachability.UNREACHABLE, Reachability.UNKNOWN})
_SILENT = frozenset({Presence.DISCONNECTED, Presence.NEVER_SEEN})


@dataclass(frozen=True, slots=True)
class Reach:
    """How a phone can be told. Without a way, `reason` says why; `offline`: it may be there later."""

    way: Way
    reason: str = ""
    offline: bool = False


def reach(device: Device, manner: Manner, settings: Requests, roster: Roster) -> Reach:
    """The best way to this phone for this order."""
    by_sip = device.contact is not None and device.reachability not in _DARK
    calls_us = device.presence not in _SILENT and device.report is not None
    command = command_for(device, manner.action)
    if by_sip and manner.reboot is not None:
        return Reach(Way.SIP)
    if command is not None and command.channel is Channel.HTTP and settings.http_to_phones:
        return _by_http(device, command, settings, roster, offline=not by_sip)
    if calls_us and command is not None and command.channel is Channel.KEEP_ALIVE and permitted(command, settings):
        return Reach(Way.KEEP_ALIVE)
    if not by_sip and not calls_us:
        return Reach(Way.NONE, "it is offline: it has no contact that answers, and does not report", offline=True)
    if command is None:
        return Reach(Way.NONE, f"phones of this make know no {manner.action or 'such'} command that we know")
    if not permitted(command, settings):
        return Reach(Way.NONE, f"its command {manner.action} is unconfirmed: requests.unconfirmed permits it")
    if command.channel is Channel.HTTP:
        return Reach(Way.NONE, "its make takes this at the phone's own server only: requests.http_to_phones permits it")
    return Reach(Way.NONE, "it cannot be told by SIP, nor in an answer to a report")


def _by_http(device: Device, command: PhoneCommand, settings: Requests, roster: Roster, *, offline: bool) -> Reach:
    """Its own server, if the address is its own. `offline`: it may come back by SIP."""
    if not permitted(command, settings):
        return Reach(Way.NONE, f"its command {command.action} is unconfirmed: requests.unconfirmed permits it")
    why = why_not_its_own(device, roster.tenants.get(device.record.tenant), roster.is_alone)
    return Reach(Way.NONE, why, offline=offline) if why else Reach(Way.HTTP)


def http_order(device: Device, action: str, said: Mapping[str, str], settings: Requests) -> SendCommand | None:
    """The order to its own server; `said` is added to the body that its make wants."""
    command = command_for(device, action)
    if command is None:
        return None
    body = {**command.body, **said}
    url = url_of(device, settings.phone_scheme, settings.phone_port, command.path)
    written = json.dumps(body) if body else ""
    return SendCommand(device.mac, action, command.method, url, written, command.taken)


def vendor_of(device: Device) -> Vendor:
    """Whose phone it is, by its model or its MAC."""
    return registry.by_model(device.model) or registry.by_mac(device.mac) or registry.DEFAULT


def command_for(device: Device, action: str) -> PhoneCommand | None:
    """How its maker's phones are told this."""
    return vendor_of(device).commands.get(action)


def permitted(command: PhoneCommand, settings: Requests) -> bool:
    """Whether this command may be sent: it is public, or guesses are permitted."""
    return command.confirmed or settings.unconfirmed
