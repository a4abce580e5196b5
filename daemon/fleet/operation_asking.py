"""By which way a phone is told something: a check-sync by SIP, or the answer to its next report.

SIP comes first, since it reaches the phone now and is answered. A phone that only calls us, from behind NAT, is told
in the answer to its report. When neither is there, the reason says whether the phone is gone, or is there and cannot
be told this. Not here: what is changed on our side
(`operation_edits`), who is next (`operations`).
"""

from __future__ import annotations

from dataclasses import dataclass

from daemon.config.settings import Requests
from daemon.fleet.device import Device
from daemon.fleet.model import Presence, Reachability
from daemon.fleet.operation import Way
from daemon.fleet.operation_kinds import Manner
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


def reach(device: Device, manner: Manner, settings: Requests) -> Reach:
    """The best way to this phone for this order."""
    by_sip = device.contact is not None and device.reachability not in _DARK
    calls_us = device.presence not in _SILENT and device.report is not None
    command = command_for(device, manner.action)
    if by_sip and manner.reboot is not None:
        return Reach(Way.SIP)
    if calls_us and command is not None and command.channel is Channel.KEEP_ALIVE and permitted(command, settings):
        return Reach(Way.KEEP_ALIVE)
    if not by_sip and not calls_us:
        return Reach(Way.NONE, "it is offline: it has no contact that answers, and does not report", offline=True)
    if command is None:
        return Reach(Way.NONE, f"phones of this make know no {manner.action or 'such'} command that we know")
    if not permitted(command, settings):
        return Reach(Way.NONE, f"its command {manner.action} is unconfirmed: requests.unconfirmed permits it")
    return Reach(Way.NONE, "it cannot be told by SIP, nor in an answer to a report")


def vendor_of(device: Device) -> Vendor:
    """Whose phone it is, by its model or its MAC."""
    return registry.by_model(device.model) or registry.by_mac(device.mac) or registry.DEFAULT


def command_for(device: Device, action: str) -> PhoneCommand | None:
    """How its maker's phones are told this."""
    return vendor_of(device).commands.get(action)


def permitted(command: PhoneCommand, settings: Requests) -> bool:
    """Whether this command may be sent: it is public, or guesses are permitted."""
    return command.confirmed or settings.unconfirmed
