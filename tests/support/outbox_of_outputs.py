"""The outbox's promises to outputs, in memory."""

from __future__ import annotations

import trio

from daemon.fleet.notifications import Alarm, Notification
from tests.support.notifications import a_notification


class Row:
    """One notification that waits for one receiver."""

    def __init__(self, receiver: str, number: int, notification: Notification) -> None:
        self.receiver = receiver
        self.number = number
        self.notification = notification


class Outbox:
    """Queues by receiver; `settled` remembers what was, in order."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.settled: dict[str, list[int]] = {}
        self._changed = trio.Event()

    def put(self, receiver: str, *numbers: int, alarm: Alarm | None = None) -> None:
        rows = [Row(receiver, number, a_notification(number, alarm=alarm)) for number in numbers]
        self.rows.setdefault(receiver, []).extend(rows)
        self._wake()

    async def next(self, receiver: str) -> Row:
        while not self.rows.get(receiver):
            await self._changed.wait()
        await trio.lowlevel.checkpoint()
        return self.rows[receiver][0]

    def head(self, receiver: str, most: int) -> list[Row]:
        return self.rows.get(receiver, [])[:most]

    def settle(self, entry: Row) -> None:
        self.rows[entry.receiver].remove(entry)
        self.settled.setdefault(entry.receiver, []).append(entry.number)
        self._wake()

    async def wait_settled(self, receiver: str, count: int, within: float = 86400.0) -> list[int]:
        with trio.fail_after(within):
            while len(self.settled.get(receiver, [])) < count:
                await self._changed.wait()
        return self.settled[receiver]

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
