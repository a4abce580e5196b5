"""What survives `kill -9`: loaded once at start, written in groups, never read again while running.

A group is everything submitted while the last one was being synced, and is one transaction; so all commands of one
event, submitted without an await between them, become durable together. Whoever promised something waits for the
receipt of its group. When the disk refuses, the group's waiters are told so, its changes stay, newer ones are laid
over them, and the whole is tried again; only its notifications do not wait for that (`outbox`). Not here: SQL
(`schema`), coalescing (`group`), SQLite (`database`).
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
import trio

from daemon.config.alarm_settings import Alarms, OutboxLimits
from daemon.config.route_settings import Route
from daemon.config.settings import Quality, StoreLimits
from daemon.errors import StoreUnavailable
from daemon.fleet.calls import CallQuality, CallsWanted
from daemon.fleet.delivery import Deliver
from daemon.fleet.events import StoreFailed, StoreRecovered
from daemon.fleet.model import Mac, Transition
from daemon.fleet.notifications import End, PastAlarm, PastAlarmsWanted, Told, ToldWanted
from daemon.fleet.records import Document, FileVersion
from daemon.fleet.store_commands import HoldCommits, Notify, ReleaseCommits, StoreCommand
from daemon.scheduler.clock import Clock
from daemon.store import alarm_rows, rows, statements
from daemon.store.alarm_rows import OutboxEntry
from daemon.store.call_rows import call_of
from daemon.store.database import Database, open_database
from daemon.store.group import Group
from daemon.store.memory import Memory, load
from daemon.store.outbox import Outbox, OutboxStatistics
from daemon.store.outbox_watch import LOOK, OutboxWatch
from daemon.store.pruning import Pruner
from daemon.store.resync import Resyncs

log = structlog.get_logger("store")

OUTBOX = OutboxLimits()
ALARMS = Alarms()
QUALITY_WINDOW: float = Quality.model_fields["window"].default

LAST_FLUSH = 5.0  # seconds for what is still unwritten at the end; the service manager allows more
_END_OF_TIME = (math.inf, 0)


@dataclass(frozen=True, slots=True)
class StoreStatistics:
    """Since start, but for `pending` and `failing`."""

    pending: int  # changes not yet durable
    failing: int  # 1 while the disk refuses
    groups: int  # transactions that became durable
    rows: int  # rows they touched
    failures: int  # tries the disk refused
    syncing_ms: int  # spent in those transactions
    mended: int  # transactions with a value SQLite cannot hold, which was changed
    trimmed: int  # timeline steps and the like, let go because the disk refused for too long
    pruned: int  # timeline steps that reached their age
    calls_let_go: int  # calls that reached their age or made room
    alarms_let_go: int  # likewise alarms that are over
    journal_let_go: int  # notifications that were told so long ago that nobody can be told again
    outbox: OutboxStatistics


class Receipt:
    """The promise of one group: kept, or broken with a reason."""

    __slots__ = ("_fault", "_settled")

    def __init__(self) -> None:
        self._settled = trio.Event()
        self._fault: str | None = None

    def settle(self, fault: str | None = None) -> None:
        """The group is durable, or the disk refused it with this fault."""
        self._fault = fault
        self._settled.set()

    async def wait(self) -> None:
        """Return when everything submitted before the receipt was asked for is durable, else `StoreUnavailable`."""
        await self._settled.wait()
        if self._fault is not None:
            raise StoreUnavailable(self._fault)


class Store:
    """The fleet's memory. Made by `open_store`; `run` must be running for anything to become durable."""

    def __init__(
        self,
        database: Database,
        memory: Memory,
        limits: StoreLimits,
        clock: Clock,
        *,
        outbox: OutboxLimits,
        alarms: Alarms,
    ) -> None:
        self.snapshot = memory.snapshot
        self._database = database
        self._limits = limits
        self._alarms = alarms
        self._clock = clock
        self._open = Group()  # takes what is submitted
        self._held = False  # the open group waits for its last change
        self._receipt = Receipt()  # of the open group
        self._syncing: Group | None = None  # the one the disk is busy with
        self._promise = Receipt()  # of that one, or of the last one
        self._promise.settle()
        self._work = trio.Event()
        self._fault: str | None = None  # why the disk refuses, while it does
        self._groups = self._rows = self._failures = self._trimmed = 0
        self._seconds = 0.0
        self._pruner = Pruner(database, clock)
        self.outbox = Outbox(memory.outbox, outbox, self._leave)
        self._watch = OutboxWatch(self.outbox, memory.snapshot.alarms)
        self._resyncs = Resyncs(database, self.outbox, now=clock.now, notify=self._notify, receipt=self.receipt)

    @property
    def accepting(self) -> bool:
        """Whether there is room; when not, edges refuse at the door what would have to be durable."""
        return self._pending(but_exempt=True) <= self._limits.max_pending

    def apply(self, limits: StoreLimits, alarms: Alarms | None = None) -> None:
        """A reload changed the bounds."""
        self._limits = limits
        self._alarms = alarms or self._alarms

    def submit(self, command: StoreCommand) -> None:
        """Write this down with the open group. Never blocks, never refuses."""
        if isinstance(command, Notify):
            return self._notify(self.outbox.address(command.notification))
        if isinstance(command, HoldCommits):
            self._held = self._open.exempt = True
        elif isinstance(command, ReleaseCommits):
            self._held = False
        else:
            self._open.add(command)
        self._work.set()
        return None

    def receipt(self) -> Receipt:
        """What to wait for so that everything submitted so far is durable; one object per group, so it is cheap."""
        return self._receipt if self._open or self._held else self._promise

    async def run(self, deliver: Deliver) -> None:
        """Write groups until cancelled; tells when the disk begins to refuse and when it takes writes again.

        Whatever `deliver` submits meanwhile lies in the open group; an alarm about the store is told to the managers
        with the next try, whether the disk takes that one or not.
        """
        while True:
            look_at = self._clock.now() + LOOK
            with trio.CancelScope(deadline=self._clock.trio_time(min(self._pruner.due_at, look_at))):
                await self._work.wait()
            self._work = trio.Event()
            if self._held:
                pass  # half of it would be worth less than nothing
            elif self._open:
                await self._commit(deliver)
            else:
                self._nothing_held()
            self._watch.look(deliver, self._clock.now())
            if self._clock.now() >= self._pruner.due_at:
                await self._pruner.prune(self._limits, self._alarms, self.outbox.limits)

    async def timeline(self, key: str, limit: int) -> list[Transition]:
        """The newest `limit` steps of a device or connection, newest first, as far as they are durable."""
        found = await self._database.fetch(statements.TIMELINE, key, limit, 0)
        return list(map(rows.transition_of, found))

    async def calls(self, wanted: CallsWanted) -> list[CallQuality]:
        """The calls that fit, newest first, as far as they are durable."""
        statement, values = statements.find_calls(wanted)
        return list(map(call_of, await self._database.fetch(statement, *values)))

    async def call(self, identity: str) -> CallQuality | None:
        """One call with the text of its report."""
        found = await self._database.fetch(statements.FIND_CALL, identity)
        return call_of(found[0]) if found else None

    async def past_alarms(self, wanted: PastAlarmsWanted) -> list[PastAlarm]:
        """The alarms of the history that fit, newest first, as far as they are durable."""
        statement, values = statements.find_past_alarms(wanted)
        return list(map(alarm_rows.past_of, await self._database.fetch(statement, *values)))

    async def journal(self, wanted: ToldWanted) -> list[Told]:
        """What a receiver was told, or is to be, newest first, as far as it is durable."""
        place = wanted.before or _END_OF_TIME
        found = await self._database.fetch(statements.JOURNAL, wanted.receiver, *place, wanted.limit, 0)
        return list(map(alarm_rows.told_of, found))

    async def resync(self, receiver: str, since: float, until: float) -> int:
        """Queue again what the receiver was told, or should have been, between these times; how many that are.

        `Refused` if there is no such receiver, or no room for so many; `StoreUnavailable` if the disk refuses.
        """
        return await self._resyncs.resync(receiver, since, until)

    async def versions(self, path: str, limit: int) -> list[Document]:
        """The newest `limit` versions of a document, newest first, as far as they are durable."""
        return list(map(rows.document_of, await self._database.fetch(statements.VERSIONS, path, limit, 0)))

    async def file_versions(self, mac: Mac, limit: int) -> list[FileVersion]:
        """The newest `limit` versions of a device's file, newest first, as far as they are durable."""
        return list(map(rows.file_version_of, await self._database.fetch(statements.FILE_VERSIONS, mac, limit, 0)))

    def statistics(self) -> StoreStatistics:
        """How the disk keeps up."""
        let_go = self._pruner.let_go
        return StoreStatistics(
            pending=self._pending(),
            failing=int(self._fault is not None),
            groups=self._groups,
            rows=self._rows,
            failures=self._failures,
            syncing_ms=round(self._seconds * 1000),
            mended=self._database.mended,
            trimmed=self._trimmed,
            pruned=let_go["timeline"],
            calls_let_go=let_go["calls: age"] + let_go["calls: number"],
            alarms_let_go=let_go["alarms: age"] + let_go["alarms: number"],
            journal_let_go=let_go["journal"],
            outbox=self.outbox.statistics(),
        )

    async def aclose(self) -> None:
        """Write what is left, within a bound; `run` has ended by now. Later receipts are broken ones.

        What is still held is half of something, and is not written.
        """
        if self._open and not self._held:
            await self._sync(LAST_FLUSH)
        if self._open:
            log.error(
                "closed with changes unwritten", event_name="store-lost", changes=len(self._open), why=self._fault
            )
        self._receipt.settle("the store is closed")

    def _pending(self, *, but_exempt: bool = False) -> int:
        groups = (self._open, self._syncing)
        return sum(len(group) for group in groups if group is not None and not (but_exempt and group.exempt))

    def _notify(self, entries: Iterable[OutboxEntry]) -> None:
        self._open.notify(entries)
        self._work.set()

    def _leave(self, entry: int, end: End) -> None:
        self._open.leave(entry, self._clock.now(), end)
        self._work.set()

    def _nothing_held(self) -> None:
        """What was held turned out to be no change, so its receipt is kept without a row."""
        self._promise, self._receipt = self._receipt, Receipt()
        self._promise.settle()

    async def _commit(self, deliver: Deliver) -> None:
        """One try; a change of fortune is told once, and a refusal is followed by a pause."""
        refused_before = self._fault is not None
        await self._sync()
        if self._fault is None:
            if refused_before:
                log.info("the disk takes writes again", event_name="store-recovered")
                deliver(StoreRecovered())
            return
        if not refused_before:
            log.error("the disk refuses writes", event_name="store-failed", why=self._fault)
            deliver(StoreFailed(self._fault))
        await trio.sleep(self._limits.retry)

    async def _sync(self, seconds: float | None = None) -> None:
        """Hand the open group to the disk. Refused, it becomes the open one again, with the newer laid over it."""
        group, promise = self._open, self._receipt
        self._syncing, self._promise = group, promise
        self._open, self._receipt = Group(), Receipt()
        began = trio.current_time()
        fault: str | None = "the store broke down"
        try:
            self._rows += await self._database.write(group.steps, seconds)
        except StoreUnavailable as refusal:
            self._fault = fault = str(refusal)
            self._failures += 1
            group.exempt = False  # the disk does not keep up after all
            # Told before they are durable: the alarm about this very disk must not wait for it to recover. What the
            # outbox has no room for, it takes out of the open group, so that is laid over after this.
            self.outbox.admit(group.newcomers())
            group.absorb(self._open)
            self._open = group
            self._trimmed += group.trim(self._limits.max_pending)  # what is only ever appended must not fill the memory
            self._work.set()
        else:
            self._fault = fault = None
            self._groups += 1
            self._seconds += trio.current_time() - began
            self.outbox.admit(group.newcomers())
        finally:
            self._syncing = None
            promise.settle(fault)


@asynccontextmanager
async def open_store(
    path: Path,
    receivers: Mapping[str, Route],
    limits: StoreLimits,
    clock: Clock,
    *,
    outbox: OutboxLimits = OUTBOX,
    alarms: Alarms = ALARMS,
    calls_of: float = QUALITY_WINDOW,
) -> AsyncIterator[Store]:
    """The store in the file at `path`, loaded; `receivers` are whoever is told of alarms, by name.

    Of the calls only those of the last `calls_of` seconds are loaded.

    `StoreUnavailable`, with what to do, if the file cannot be had, is damaged, or is of a newer version. When the
    block ends, what is pending is written, within a bound.
    """
    async with open_database(path) as database:
        began = trio.current_time()
        memory = await load(database, clock.now() - calls_of)
        log.info(
            "the store is loaded",
            event_name="store-loaded",
            path=str(path),
            devices=len(memory.snapshot.records),
            ms=round((trio.current_time() - began) * 1000),
        )
        store = Store(database, memory, limits, clock, outbox=outbox, alarms=alarms)
        store.outbox.apply(receivers)
        try:
            yield store
        finally:
            await store.aclose()
