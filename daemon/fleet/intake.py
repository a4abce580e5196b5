"""A large inventory on its way into the fleet: what is left of it, how far it has come, and who must wait for it.

It was checked as a whole, is taken a step at a time so that phones are served in between, and becomes durable as a
whole: the store holds its commits until the last step. Whatever else would change what the check relied on (who is
there, whose a number is) is refused meanwhile. Not here: what taking an entry means (`inventory_events`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

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
from daemon.fleet.records import Draft, Inventory, NumberEntry, User

# Entries taken between two turns of everybody else: some 15 ms with what the store and the log make of them.
STEP = 200

MUST_WAIT: frozenset[type[Event]] = frozenset(
    {InventoryApplied, TenantDeleted, UserWritten, UserDeleted, DeviceDeleted, DeviceSwapped, ConnectionDeleted}
)

_EVERY = frozenset({"number"})

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

    def __init__(self, inventory: Inventory, by: str, now: float) -> None:
        self.inventory = inventory
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
        self.devices = frozenset(entry.mac for entry in inventory.devices)
        self.numbers = frozenset(_numbers(inventory))  # somebody's from now on
        self._waiting: Iterator[Entry] = chain(*parts)

    @property
    def over(self) -> bool:
        """Whether every entry has been taken."""
        return self.done == self.total

    @property
    def progress(self) -> IntakeProgress:
        """How far it has come."""
        return IntakeProgress(self.by, self.began_at, self.total, self.done)

    def take(self, entries: int) -> Iterator[Entry]:
        """The next so many entries, or as many as are left."""
        for entry in islice(self._waiting, entries):
            self.done += 1
            yield entry

    def refusal(self) -> str:
        """What whoever must wait is told."""
        return (
            f"an inventory of {self.total} entries is being taken, {self.done} of them so far ({self.by}):"
            " ask again when it is complete"
        )


def _numbers(inventory: Inventory) -> Iterator[str]:
    for entry in inventory.devices:
        if entry.number and "number" in inventory.device_fields.get(entry.mac, _EVERY):
            yield entry.number
