"""The live record of one SIP connection: an SBC, a trunk or a PBX that is pinged like a phone, and all of them by name.

A name may lead to several addresses. One is pinged; when it is silent its turn passes to the next, and the connection
is down only when all of them have been silent. Not here: what follows from that (`connection_events`), when it is
pinged (`qualify`), looking names up (`daemon.sip.resolver`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from daemon.fleet.model import ConnectionRecord, ConnectionState, Contact
from daemon.fleet.target import Target
from daemon.scheduler.deadlines import Deadlines

NOT_LOCATED = "its name is not looked up yet"


class Connection(Target):
    """Times are UTC seconds on the program's axis."""

    __slots__ = ("addresses", "answered_at", "lookup_fault", "named", "record", "silent")

    def __init__(self, record: ConnectionRecord, now: float) -> None:
        super().__init__(record.key, now)
        self.record = record
        self.ever_registered = True  # it never registers, so that it has not says nothing
        self.reachability_reason = NOT_LOCATED
        self.named = False  # whether its target is a name, which has to be looked up
        self.addresses: tuple[Contact, ...] = ()  # in the order in which their turn comes, best first
        self.answered_at: Contact | None = None  # the address that gave the newest answer
        self.silent = 0  # addresses found silent, one after another, since the newest answer
        self.lookup_fault = ""  # why the newest look-up failed, "" if it did not

    @property
    def name(self) -> str:
        """What operators call it."""
        return self.record.name

    @property
    def source(self) -> str:
        """What its alarms name as their source."""
        return f"Connection/{self.name}"

    def settle(self, addresses: tuple[Contact, ...]) -> None:
        """Its name leads here now. The turn goes to the best, unless the same addresses are just being gone through."""
        if self.silent and set(addresses) == set(self.addresses):
            return
        self.addresses = addresses
        self.silent = 0
        self.contact = addresses[0] if addresses else None
        self.steady = False  # the next answer may come from elsewhere

    def pass_turn(self) -> None:
        """The address pinged last was silent: the next one is pinged from now on."""
        self.silent += 1
        if self.contact in self.addresses:
            following = self.addresses.index(self.contact) + 1
            self.contact = self.addresses[following % len(self.addresses)]

    def state(self) -> ConnectionState:
        """What has to be remembered of it."""
        return ConnectionState(self.record, self.reachability, self.reachability_reason, self.reachability_since)

    def restore(self, state: ConnectionState) -> None:
        """Take up what was remembered before a restart."""
        self.reachability = state.reachability
        self.reachability_reason = state.reachability_reason
        self.reachability_since = state.reachability_since


@dataclass(slots=True)
class ConnectionBook:
    """Every connection by name, and when its name is to be looked up (again)."""

    by_name: dict[str, Connection] = field(default_factory=dict)
    lookups: Deadlines[str] = field(default_factory=Deadlines)  # by key

    def with_key(self, key: str) -> Connection | None:
        """The connection whose pings bear this key."""
        return self.by_name.get(key.removeprefix("connection/"))
