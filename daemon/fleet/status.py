"""One status per device, with the signal that decided it: the rules in their order.

Error before Unmonitored before Warning would be the customer's order; for a single device the worst signal wins.
Alarms that merely repeat reachability or presence are left out, or an UNKNOWN phone would stay an Error for ever.
Not here: customers and sites, which are rolled up from devices.
"""

from __future__ import annotations

from daemon.fleet.device import Device
from daemon.fleet.model import Presence, Reachability, Status
from daemon.fleet.notifications import Severity

_REACHABILITY_ERRORS = frozenset({Reachability.UNREACHABLE})
_PRESENCE_ERRORS = frozenset({Presence.DISCONNECTED, Presence.UNREGISTERED})
_NOBODY_LOOKS = frozenset({Reachability.UNMONITORED, Reachability.UNKNOWN})


def judge(device: Device, worst: Severity, worst_name: str) -> tuple[Status, str]:
    """Status and reason of a device, given its worst own alarm (severity CLEARED and "" if it has none)."""
    if not device.record.approved:
        return Status.UNMONITORED, "waits for approval"
    if device.blocked:
        return Status.UNMONITORED, device.blocked
    if device.reachability in _REACHABILITY_ERRORS:
        return Status.ERROR, device.reachability_reason
    if device.presence in _PRESENCE_ERRORS:
        return Status.ERROR, device.presence_reason
    if worst is Severity.CRITICAL:
        return Status.ERROR, f"critical alarm {worst_name}"
    if device.reachability is Reachability.LAGGED:
        return Status.WARNING, device.reachability_reason
    if worst >= Severity.WARNING:
        return Status.WARNING, f"{worst.name.lower()} alarm {worst_name}"
    return _calm(device)


def _calm(device: Device) -> tuple[Status, str]:
    """No signal is bad: OK, unless there is nobody to say so."""
    if device.presence is Presence.OFFLINE:
        return Status.UNMONITORED, device.presence_reason
    if device.reachability in _NOBODY_LOOKS:
        return Status.UNMONITORED, device.reachability_reason
    if device.reachability is Reachability.OK:
        return Status.OK, device.reachability_reason
    if device.presence is Presence.NEVER_SEEN:
        return Status.UNMONITORED, device.reachability_reason
    return Status.OK, device.presence_reason
