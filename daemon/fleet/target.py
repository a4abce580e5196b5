"""What qualify keeps of anything it pings: a phone, or a SIP connection. One state machine serves both.

Changed by the rules in this folder only; the SIP edge reads `key` and `contact`. Not here: any rule, and what a phone
is besides (`device`).
"""

from __future__ import annotations

from zlib import crc32

from daemon.fleet.model import Contact, Reachability
from daemon.fleet.round_trips import RoundTrips

NEVER_REGISTERED = "never registered"


class Target:
    """Times are UTC seconds on the program's axis, round trips seconds."""

    __slots__ = (
        "answers",
        "contact",
        "ever_registered",
        "interval",
        "key",
        "lagged_after",
        "misses",
        "monitored",
        "period",
        "pinged_at",
        "place",
        "reachability",
        "reachability_reason",
        "reachability_since",
        "ring",
        "round_trips",
        "share",
        "steady",
    )

    def __init__(self, key: str, now: float) -> None:
        self.key = key  # what its pings, its timeline and its alarms name it by: a MAC, or "connection/<name>"
        self.share = crc32(key.encode()) / 2**32  # its place in any interval, 0 to 1
        self.contact: Contact | None = None
        self.ever_registered = False
        self.interval = 0.0  # seconds to the next ping of something dead; 0 while it answers
        self.misses = 0  # unanswered pings in a row
        self.pinged_at = 0.0  # when it was last pinged
        self.ring = 0.0  # the period of the ring it is on; 0 while it has deadlines of its own
        self.reachability = Reachability.NO_STATUS
        self.reachability_reason = NEVER_REGISTERED
        self.reachability_since = now
        self.round_trips = RoundTrips()
        self.steady = False  # it is OK, on its ring, and the newest ping was answered: the next answer changes nothing
        self.answers = 0  # in a row, of one that was given up and has not convinced us yet
        self.monitored = True  # whether somebody wants it pinged
        self.place = ""  # the site whose line it is on, as "tenant/site"; "" for none
        self.period = 60.0  # its interval in seconds, and
        self.lagged_after = 2.0  # its limit for LAGGED: its own, else its tenant's, else that of the settings
