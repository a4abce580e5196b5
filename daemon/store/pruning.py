"""Deletes what has reached its age or makes room: timelines, calls, alarms that are over, the journal of the outbox.

In chunks, so nobody's receipt waits long behind one. Not here: what a fleet forgets by a rule (`daemon.fleet`).
"""

from __future__ import annotations

from collections import Counter

import structlog

from daemon.config.alarm_settings import Alarms, OutboxLimits
from daemon.config.block import DAY, HOUR
from daemon.config.settings import StoreLimits
from daemon.errors import StoreUnavailable
from daemon.scheduler.clock import Clock
from daemon.store import statements
from daemon.store.database import Database
from daemon.store.rows import Row

log = structlog.get_logger("store")

CHUNK = 1000  # rows per transaction: 2 ms for steps of a timeline, 30 for the widest rows, which are ended alarms
PAUSE = 1.0  # seconds between two chunks


class Pruner:
    """`due_at` is when the next chunk is due; `let_go` counts what went, by table and reason."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.due_at = clock.now()
        self.let_go: Counter[str] = Counter()
        self._database = database
        self._clock = clock

    async def prune(self, limits: StoreLimits, alarms: Alarms, outbox: OutboxLimits) -> None:
        """Delete a chunk of everything; the next follows soon if one was full, else in an hour."""
        now = self._clock.now()
        self.due_at = now + HOUR
        due: dict[str, tuple[str, tuple[float, ...]]] = {
            "timeline": (statements.PRUNE, (now - limits.timeline_days * DAY, CHUNK, 0)),
            "calls: age": (statements.PRUNE_CALLS, (now - limits.calls_days * DAY, CHUNK, 0)),
            "calls: number": (statements.PRUNE_SURPLUS_CALLS, (CHUNK, limits.max_calls)),
            "alarms: age": (statements.PRUNE_PAST, (now - alarms.history_days * DAY, CHUNK, 0)),
            "alarms: number": (statements.PRUNE_SURPLUS_PAST, (alarms.max_history, CHUNK, 0)),
            "journal": (statements.PRUNE_TOLD, (now - outbox.journal_days * DAY, CHUNK, 0)),
        }
        try:
            for what, (statement, values) in due.items():
                await self._delete(what, statement, values)
        except StoreUnavailable as fault:
            log.warning("old rows were not deleted", event_name="store-prune", why=str(fault))

    async def _delete(self, what: str, statement: str, values: Row) -> None:
        went = await self._database.write(lambda: [(statement, [values])])
        self.let_go[what] += went
        if went == CHUNK:
            self.due_at = self._clock.now() + PAUSE
