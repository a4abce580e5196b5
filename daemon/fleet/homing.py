"""The alarm about a phone that is registered with another SIP server than the one it is assigned to.

Registrations come and go; the alarm stands while the phone's reachability is NO_STATUS for this reason, which every
other registration, the end of this one and the end of qualify move on. Not here: whose word counts
(`connector_events`), pinging.
"""

from __future__ import annotations

from daemon.fleet.alarms.catalogue import DEVICE_ON_WRONG_SERVER
from daemon.fleet.alarms.trouble import Trouble
from daemon.fleet.commands import Command
from daemon.fleet.device import Device
from daemon.fleet.model import Reachability
from daemon.fleet.parts import Parts


def settle(parts: Parts, device: Device, source: str, now: float) -> list[Command]:
    """Raise the alarm, change it, or end it, by where the phone is registered."""
    if not _astray(device):
        return parts.alarms.clear_kinds((DEVICE_ON_WRONG_SERVER,), device, source, now)
    trouble = Trouble.of(DEVICE_ON_WRONG_SERVER, f"{device.registered_server} instead of {device.record.server}")
    identity = trouble.identity(source)
    if parts.alarms.lasts(identity) and parts.alarms.active[identity].additional_info == trouble.info:
        return []  # it registers again and again, and that is nothing new
    return parts.alarms.report(trouble, device, source, now)


def _astray(device: Device) -> bool:
    record = device.record
    elsewhere = record.server and device.registered_server not in ("", record.server)
    return bool(elsewhere) and record.approved and device.reachability is Reachability.NO_STATUS
