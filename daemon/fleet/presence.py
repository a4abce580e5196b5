"""What a phone says of itself, and what its silence means: the presence table.

A report carries the phone's own word for its state and always wins. Only two things are concluded by us: a phone
that stops reporting is DISCONNECTED, unless it had signed out (OFFLINE), since then silence is what it announced;
and a phone that fetches its configuration is at least starting. Counted from the last report or fetch, in UTC.

After an outage of our own nobody is disconnected for what we could not hear: see `silence_deadline`.
Not here: alarms, numbers, the wire.
"""

from __future__ import annotations

from enum import StrEnum

from daemon.config.settings import KeepAlive
from daemon.fleet.device import Device
from daemon.fleet.model import Presence, Transition


class Sign(StrEnum):
    """What can move a device's presence; the text is the reason an operator reads."""

    SAID_STARTED = "reported started"
    SAID_REGISTERED = "reported registered"
    SAID_UNREGISTERED = "reported unregistered"
    SAID_OFFLINE = "reported offline (signed out)"
    SAID_SOMETHING_ELSE = "reported a status we do not know"
    FETCHED = "fetched its configuration"
    TRAP = "sent a keep-alive trap"
    SILENT = "no report within the disconnect timeout"


SAID = {
    "started": Sign.SAID_STARTED,
    "registered": Sign.SAID_REGISTERED,
    "unregistered": Sign.SAID_UNREGISTERED,
    "offline": Sign.SAID_OFFLINE,
}

_REPORTS = {
    Sign.SAID_STARTED: Presence.STARTED,
    Sign.SAID_REGISTERED: Presence.REGISTERED,
    Sign.SAID_UNREGISTERED: Presence.UNREGISTERED,
    Sign.SAID_OFFLINE: Presence.OFFLINE,
}
_IS_STARTING = {Sign.FETCHED: Presence.STARTED, Sign.SAID_SOMETHING_ELSE: Presence.STARTED}
# SBCs and gateways say nothing else of themselves: as long as they send it they are at work. What a device said of
# itself in words counts for more.
_IS_AT_WORK = {Sign.TRAP: Presence.REGISTERED}
_CAN_VANISH = {Sign.SILENT: Presence.DISCONNECTED}

TABLE: dict[Presence, dict[Sign, Presence]] = {
    Presence.NEVER_SEEN: {**_REPORTS, **_IS_STARTING, **_IS_AT_WORK},
    Presence.STARTED: {**_REPORTS, **_IS_AT_WORK, **_CAN_VANISH},
    Presence.REGISTERED: {**_REPORTS, **_CAN_VANISH},
    Presence.UNREGISTERED: {**_REPORTS, **_CAN_VANISH},
    Presence.OFFLINE: {**_REPORTS},
    Presence.DISCONNECTED: {**_REPORTS, **_IS_STARTING, **_IS_AT_WORK},
}


def step(device: Device, sign: Sign, now: float) -> Transition | None:
    """Move `device` by `sign`; the transition if its presence changed, else None."""
    old = device.presence
    new = TABLE[old].get(sign, old)
    if new is old:
        return None
    device.presence = new
    device.presence_reason = str(sign)
    device.presence_since = now
    return Transition(device.mac, now, "presence", old, new, str(sign))


def silence_deadline(device: Device, keep_alive: KeepAlive, graced_until: float) -> float | None:
    """When `device` counts as silent, in UTC seconds; None while its silence would mean nothing.

    `graced_until` is one keep-alive period after a start that followed an outage of our own, else 0.
    """
    if device.last_seen is None or Sign.SILENT not in TABLE[device.presence]:
        return None
    return max(device.last_seen + keep_alive.disconnected_after, graced_until)
