"""The alarms that simulated phones raise, with the numbers AudioCodes' phones send (AcAlarm enumerations)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    """A kind of alarm as a phone words it; `severity` 5 is critical, 2 warning."""

    name: str
    description: str
    severity: int
    event_type: int
    probable_cause: int
    info: str


# Those that a phone's next "registered" does not end by itself.
TROUBLES = (
    Trouble("IPPHONE SURVIVABLE MODE START", "survivable mode started", 4, 0, 0, "primary server unreachable"),
    Trouble("IPPHONE CONFERENCE SPEAKER CONNECTION FAILURE", "USB speaker disconnected", 4, 1, 5, "HRS 457"),
    Trouble("IPPHONE SPEAKER FIRMWARE UPGRADE FAILURE", "speaker firmware upgrade failed", 3, 1, 5, "HRS 457"),
    Trouble("IPPHONE WEB SUCCESSIVE LOGIN FAILED TRIALS", "5 failed sign-ins to the web page", 4, 9, 73, "5 trials"),
    Trouble("IPPHONE GENERAL LOCAL EVENT", "local event", 2, 0, 0, "0017"),
)
