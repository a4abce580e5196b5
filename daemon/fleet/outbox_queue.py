"""What those who tell receivers want of the outbox. Shapes only.

They stand here because they are asked for in two protocol folders (`daemon.snmp.sending.sender`,
`daemon.outputs.outputs`), which know neither each other nor the store that keeps the promises
(`daemon.store.outbox`).
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from daemon.fleet.notifications import Notification


class OutboxEntry(Protocol):
    """One notification on its way to one receiver."""

    @property
    def number(self) -> int:
        """The receiver's own count of what it is told: rises by one from each to the next, without a gap."""

    @property
    def notification(self) -> Notification:
        """What is to be told."""


Entry = TypeVar("Entry", bound=OutboxEntry)


class OutboxQueue(Protocol[Entry]):
    """Where notifications wait, in order, on disk."""

    async def next(self, receiver: str) -> Entry:
        """The oldest unsettled entry of that receiver, waiting for one if there is none.

        The same entry again if asked again before it was settled.
        """

    def settle(self, entry: Entry) -> None:
        """The entry is done with; nothing happens if it was already."""
