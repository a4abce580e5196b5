"""A large inventory on its way into the fleet: what is left of it, how far it has come, and who must wait for it.

It was checked as a whole, is taken a step at a time so that phones are served in between, and becomes durable as a
whole: the store holds its commits until the last step. Whatever else would change what the check relied on (who is
there, whose a number is) is refused meanwhile. Not here: what taking an entry means (`inventory_events`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from daemon.fleet.acts import (
    ConnectionDeleted,
    DeviceDeleted,
    DeviceSwapped,
    InventoryApplied,
    TenantDeleted,
    UserDeleted,
    UserWritten,
)
from daemon.fleet.events import Event
from daemon.fleet.model import ConnectionRecord, DeviceRecord, Server, Tenant
from daemon.fleet.records import Checked, Draft, NumberEntry, User

# Entries taken between two turns of everybody else, users counting as a fifth: 10 to 17 ms with the store.
STEP = 300
_LIGHT = 0.2  # of an entry: a user is nothing but a row

MUST_WAIT: frozenset[type[Event]] = frozenset(
    {InventoryApplied, TenantDeleted, UserWritten, UserDeleted, DeviceDeleted, DeviceSwapped, ConnectionDeleted}
)

Entry = Tenant | Server | NumberEntry | User | DeviceRecord | Draft | ConnectionRecord


@dataclass(frozen=True, slots=True)
class IntakeProgress:
    """How many of how many entries have been taken, whose inventory it is, and since when."""

    by: str
    began_at: float
    total: int
    done: int


class Intake:
    """The entries of one inventory, each to be taken once."""

    def __init__(self, checked: Checked, by: str, now: float) -> None:
        inventory = self.inventory = checked.inventory
        self.by = by
        self.began_at = now
        self.due = now  # at once, and so again after each step
        self.done = 0
        parts = (
            inventory.tenants,
            inventory.servers,
            inventory.numbers,
            inventory.users,
            inventory.devices,
            inventory.drafts,
            inventory.connections,
        )
        self.total = sum(map(len, parts))
        self.devices = checked.devices
        self.numbers = checked.numbers  # somebody's from now on
        self._waiting: Iterator[Entry] = chain(*parts)

    @property
    def over(self) -> bool:
        """Whether every entry has been taken."""
        return self.done == self.total

    @property
    def progress(self) -> IntakeProgress:
        """How far it has come."""
        return IntakeProgress(self.by, self.began_at, self.total, self.done)

    def take(self) -> Iterator[Entry]:
        """The entries of the next step, or those that are left."""
        room = float(STEP)
        while room > 0 and (entry := next(self._waiting, None)) is not None:
            room -= _LIGHT if isinstance(entry, User) else 1
            self.done += 1
            yield entry

    def refusal(self) -> str:
        """What whoever must wait is told."""
        return (
            f"an inventory of {self.total} entries is being taken, {self.done} of them so far ({self.by}):"
            " ask again when it is complete"
        )
