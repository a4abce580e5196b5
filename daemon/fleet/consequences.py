"""What follows when a device's state moved: its timeline, its alarm, its number, its status.

The only place where one rule's outcome becomes another rule's input, so no rule knows of another. Not here: why a
state moves.
"""

from __future__ import annotations

from daemon.fleet import homing, lagging, presence, status
from daemon.fleet.alarms.catalogue import DEVICE_DISCONNECTED, DEVICE_UNREACHABLE
from daemon.fleet.alarms.kind import Kind
from daemon.fleet.alarms.trouble import Trouble
from daemon.fleet.commands import Command, Decided
from daemon.fleet.device import Device
from daemon.fleet.model import Mac, Presence, Reachability, Transition
from daemon.fleet.parts import Parts
from daemon.fleet.presence import Sign
from daemon.fleet.reachability import ALIVE
from daemon.fleet.store_commands import AppendTransition, SaveState

# State -> the alarm it raises. A state that is in neither table leaves alarms alone: an UNKNOWN phone is as dead as
# it was when it was UNREACHABLE.
_RAISES: dict[str, Kind] = {
    Reachability.UNREACHABLE: DEVICE_UNREACHABLE,
    Presence.DISCONNECTED: DEVICE_DISCONNECTED,
}
_CLEARS: dict[str, Kind] = {
    Reachability.OK: DEVICE_UNREACHABLE,
    Reachability.LAGGED: DEVICE_UNREACHABLE,
    Reachability.UNMONITORED: DEVICE_UNREACHABLE,
    Reachability.NO_STATUS: DEVICE_UNREACHABLE,
    Presence.STARTED: DEVICE_DISCONNECTED,
    Presence.REGISTERED: DEVICE_DISCONNECTED,
    Presence.UNREGISTERED: DEVICE_DISCONNECTED,
    Presence.OFFLINE: DEVICE_DISCONNECTED,
}


def source_of(mac: Mac) -> str:
    """What alarms of a device name as their source, as the phones themselves do."""
    return f"IPPhone/{mac}"


def follow(parts: Parts, device: Device, outcome: Transition | Decided | None, now: float) -> list[Command]:
    """All that a step of `device` brings about; nothing for a step that was none."""
    if outcome is None:
        return []
    if isinstance(outcome, Decided):
        return [outcome]
    orders: list[Command] = [AppendTransition(outcome), SaveState(device.state())]
    orders += _alarm(parts, device, outcome, now)
    orders += lagging.follow(parts, device, source_of(device.mac), now)
    orders += homing.settle(parts, device, source_of(device.mac), now)
    orders += number(parts, device, now)
    expect_report(parts, device)
    refresh_status(parts, device)
    return orders


def alive(parts: Parts, device: Device, sign: Sign | None, now: float) -> list[Command]:
    """What every sign of life brings: its silence counts from now on, and a device that answers no ping gets one.

    `sign` is what else it says about the device's presence, None for nothing.
    """
    device.last_seen = now
    parts.heard.add(device.mac)
    orders = follow(parts, device, presence.step(device, sign, now) if sign else None, now)
    expect_report(parts, device)
    woken = parts.pinging.wake(device, now)
    return [*orders, woken] if woken else orders


def number(parts: Parts, device: Device, now: float) -> list[Command]:
    """Let the device's number cool if the device is gone, and give it back if it returned."""
    if not device.number:
        return []
    book = parts.numbers
    return book.cool(device.number, device.mac, now) if _gone(device) else book.back(device.number, device.mac, now)


def refresh_status(parts: Parts, device: Device) -> None:
    """Judge the device's one status anew."""
    device.status, device.status_reason = status.judge(device, *parts.alarms.worst(device.mac))


def expect_report(parts: Parts, device: Device) -> None:
    """Set when the device's silence will mean something."""
    deadline = presence.silence_deadline(device, parts.settings.keep_alive, parts.graced_until)
    if deadline is None or device.blocked:  # that we do not listen is not its silence
        parts.absences.cancel(device.mac)
    else:
        parts.absences.set(device.mac, deadline)


def _alarm(parts: Parts, device: Device, moved: Transition, now: float) -> list[Command]:
    if not device.record.approved:
        return []
    source = source_of(device.mac)
    if raised := _RAISES.get(moved.new):
        return parts.alarms.report(Trouble.of(raised, moved.reason), device, source, now)
    if cleared := _CLEARS.get(moved.new):
        return parts.alarms.clear_kinds((cleared,), device, source, now)
    return []


def _gone(device: Device) -> bool:
    """Whether nobody uses the device: it signed out, or neither reports nor SIP show it alive any more.

    A phone whose reports stopped but which still answers pings keeps its number: somebody is sitting at it.
    """
    if device.presence is Presence.OFFLINE:
        return True
    if device.reachability in ALIVE:
        return False
    left = device.presence is Presence.NEVER_SEEN and device.ever_registered and device.contact is None
    return left or device.presence is Presence.DISCONNECTED
