"""The live record of one device: what operators decided, and what became of it since.

The only mutable thing of the fleet, changed by the rules in this folder and by nothing else; everybody outside
reads. A phone is one such object and a few deadlines, never a task. Not here: any rule.
"""

from __future__ import annotations

from daemon.fleet.model import Binding, DeviceRecord, DeviceState, Presence, Report, Status
from daemon.fleet.target import Target


class Device(Target):
    """One phone. Times are UTC seconds on the program's axis, round trips seconds."""

    __slots__ = (
        "bindings",
        "blocked",
        "last_seen",
        "mac",
        "presence",
        "presence_reason",
        "presence_since",
        "record",
        "registered_server",
        "report",
        "source",
        "status",
        "status_reason",
        "tries",
    )

    def __init__(self, record: DeviceRecord, now: float) -> None:
        super().__init__(record.mac, now)
        self.record = record
        self.mac = record.mac  # its hardware address, which is its name everywhere
        self.bindings: tuple[Binding, ...] = ()  # what it registered, the newest first; lapsed ones may be among them
        self.registered_server = ""  # name of the server it registered with, "" if unknown
        self.presence = Presence.NEVER_SEEN
        self.presence_reason = "no report yet"
        self.presence_since = now
        self.last_seen: float | None = None  # last report or fetch
        self.source = ""  # network address of the last report or fetch
        self.report: Report | None = None
        self.tries = 0  # how often it came while it waited for approval, since our start
        self.blocked = ""  # why the licence does not cover it; "" if it does
        self.status = Status.UNMONITORED
        self.status_reason = "nothing is known of it yet"

    @property
    def model(self) -> str:
        """What it says it is, else what the inventory says."""
        return (self.report.model if self.report else "") or self.record.model

    @property
    def firmware(self) -> str:
        """The version it last reported."""
        return self.report.firmware if self.report else ""

    @property
    def ip(self) -> str:
        """Its own idea of its address, else where it was last heard from, else its SIP contact's."""
        return (self.report.ip if self.report else "") or self.source or (self.contact.host if self.contact else "")

    @property
    def number(self) -> str:
        """Its telephone number, which is its SIP user."""
        return self.record.number

    def live_bindings(self, now: float) -> tuple[Binding, ...]:
        """What it registered and what has not lapsed by `now`, the newest first."""
        return tuple(binding for binding in self.bindings if (binding.contact.expires_at or 0.0) > now)

    def state(self) -> DeviceState:
        """What has to be remembered of it."""
        return DeviceState(
            mac=self.record.mac,
            presence=self.presence,
            presence_reason=self.presence_reason,
            presence_since=self.presence_since,
            last_seen=self.last_seen,
            source=self.source,
            report=self.report,
            reachability=self.reachability,
            reachability_reason=self.reachability_reason,
            reachability_since=self.reachability_since,
            contact=self.contact,
            registered_server=self.registered_server,
            ever_registered=self.ever_registered,
            bindings=self.bindings,
        )

    def restore(self, state: DeviceState) -> None:
        """Take up what was remembered before a restart."""
        self.presence = state.presence
        self.presence_reason = state.presence_reason
        self.presence_since = state.presence_since
        self.last_seen = state.last_seen
        self.source = state.source
        self.report = state.report
        self.reachability = state.reachability
        self.reachability_reason = state.reachability_reason
        self.reachability_since = state.reachability_since
        self.contact = state.contact
        self.registered_server = state.registered_server
        self.ever_registered = state.ever_registered
        self.bindings = state.bindings
