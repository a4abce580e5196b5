"""Sees to it that the count of starts is on disk before our engine says anything in its name.

Two starts with the same count would let the messages of the first be sent again in the second. So while the disk
refuses, nothing of v3 leaves for which our engine is the authority; v2c, and informs of v3, go on. Not here: what is
counted (`identity`), the engine itself (`engine`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
import trio

from daemon.errors import StoreUnavailable
from daemon.fleet.store_commands import SaveMark
from daemon.snmp.v3.engine import Engine

log = structlog.get_logger("snmp")

TRY_AGAIN = 5.0  # seconds; the store itself tries again more often


class Receipt(Protocol):
    """The promise that what was submitted is on disk."""

    async def wait(self) -> None:
        """Return when it is; `StoreUnavailable` when the disk refused."""


class EngineStart:
    """One start of the engine: makes it usable once `marks` are durable."""

    def __init__(
        self,
        engine: Engine,
        marks: Sequence[SaveMark],
        submit: Callable[[SaveMark], None],
        receipt: Callable[[], Receipt],
    ) -> None:
        engine.usable = False
        self._engine = engine
        self._marks = marks
        self._submit = submit
        self._receipt = receipt

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Ready when the disk has answered, one way or the other; lives until cancelled."""
        for mark in self._marks:
            self._submit(mark)
        stored = await self._stored()
        task_status.started()
        while not stored:
            await trio.sleep(TRY_AGAIN)
            stored = await self._stored()
        await trio.sleep_forever()

    async def _stored(self) -> bool:
        try:
            await self._receipt().wait()
        except StoreUnavailable as error:
            log.warning("start not recorded, so no SNMPv3 yet", event_name="snmp-engine-waits", reason=str(error))
            return False
        self._engine.usable = True
        log.info("engine", event_name="snmp-engine", engine_id=f"0x{self._engine.id.hex()}", boots=self._engine.boots)
        return True
