"""When a phone's slow answers are an alarm: not for a moment's lag, but when it has lasted for `alarms.lagged_for`.

The two limits that make a phone LAGGED and OK again are the hysteresis (`reachability`); here is only the patience.
Not here: what answers are slow, who is told and when (`alarms`).
"""

from __future__ import annotations

from daemon.fleet.alarms.catalogue import DEVICE_LAGGED
from daemon.fleet.alarms.trouble import Trouble
from daemon.fleet.commands import Command
from daemon.fleet.device import Device
from daemon.fleet.model import Reachability
from daemon.fleet.parts import Parts


def arm(parts: Parts, device: Device) -> None:
    """Set when a phone that lags will have lagged for long; nothing for any other."""
    if device.reachability is Reachability.LAGGED:
        parts.laggards.set(device.mac, device.reachability_since + parts.settings.alarms.lagged_for)
    else:
        parts.laggards.cancel(device.mac)


def follow(parts: Parts, device: Device, source: str, now: float) -> list[Command]:
    """A phone moved: it lags from now on, or no more."""
    arm(parts, device)
    if device.reachability is Reachability.LAGGED:
        return []
    return parts.alarms.clear_kinds((DEVICE_LAGGED,), device, source, now)


def lasted(parts: Parts, device: Device, source: str, now: float) -> list[Command]:
    """It has lagged for long."""
    if device.reachability is not Reachability.LAGGED or not device.record.approved:
        return []
    minutes = (now - device.reachability_since) / 60
    trouble = Trouble.of(DEVICE_LAGGED, f"for {minutes:.0f} minutes: {device.reachability_reason}")
    return parts.alarms.report(trouble, device, source, now)
