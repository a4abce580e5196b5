"""How a state looks: five tones, each a colour and a shape, so that no state is told by colour alone."""

from __future__ import annotations

from daemon.fleet.model import Presence, Reachability, Status
from daemon.fleet.notifications import Severity

_TONES: dict[str, str] = {
    Reachability.OK: "good",
    Reachability.LAGGED: "warn",
    Reachability.UNREACHABLE: "bad",
    Reachability.UNKNOWN: "idle",
    Reachability.UNMONITORED: "idle",
    Reachability.NO_STATUS: "none",
    Presence.STARTED: "fresh",
    Presence.REGISTERED: "good",
    Presence.UNREGISTERED: "bad",
    Presence.OFFLINE: "idle",
    Presence.DISCONNECTED: "bad",
    Presence.NEVER_SEEN: "none",
    Status.WARNING: "warn",
    Status.ERROR: "bad",
    Severity.CRITICAL.name: "bad",
    Severity.MAJOR.name: "bad",
    Severity.MINOR.name: "warn",
    Severity.INDETERMINATE.name: "idle",
}


def tone(value: str) -> str:
    """The tone of a reachability, presence, status or severity; "none" for what has none."""
    return _TONES.get(value, "none")
