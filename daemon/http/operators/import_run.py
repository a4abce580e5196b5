"""One import from its bytes to its durability: read in a thread, checked, taken by the fleet, watched by whoever likes.

All or nothing, unless it is `partial`: then the lines with a fault are left out, and named. What the running fleet
objects to is told like what is wrong in the file, with line and reason. Not here: routes (`imports`), reading
(`daemon.exchange`), taking (`daemon.fleet.inventory_events`).
"""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from itertools import count

import structlog
import trio

from daemon.errors import ConfigError, Fault, RingkeeperError
from daemon.exchange.files import read_file
from daemon.exchange.reading import MOST_FAULTS, Reading
from daemon.fleet.acts import InventoryApplied
from daemon.fleet.records import Checked, Inventory, Objection
from daemon.http.operators.desk import Desk
from daemon.scheduler.slices import in_slices

log = structlog.get_logger("operators")

REMEMBERED = 20  # imports that can still be looked at: a morning's work
_ROUNDS = 10  # leaving out a line can make another one wrong; who needs more than these should look at the file


class ImportState(StrEnum):
    """How far an import has come."""

    CHECKING = "checking"
    APPLYING = "applying"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for. `yaml`: the file is an inventory; else a table, or an archive with one."""

    file: str
    by: str
    yaml: bool = False
    dry_run: bool = False
    partial: bool = False
    tenant: str = ""


@dataclass
class ImportRun:
    """One import. `faults` are why it was refused or, if it is partial, what was left out."""

    id: int
    order: Order
    began_at: float
    state: ImportState = ImportState.CHECKING
    rows: int = 0
    total: int = 0  # entries to be taken
    done: int = 0
    users: int = 0
    devices: int = 0
    new_devices: int = 0
    faults: list[Fault] = field(default_factory=list)
    more_faults: int = 0
    warnings: Sequence[Fault] = ()

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self.state in (ImportState.DONE, ImportState.REFUSED)

    async def carry_out(self, desk: Desk, data: bytes) -> None:
        """Read, check and take; returns when it is durable or refused. `RingkeeperError` if the disk does not take it.

        Ended from outside, it goes on if the fleet has begun with it, else nothing has happened.
        """
        with _uncollected():
            await self._carry_out(desk, data)

    async def _carry_out(self, desk: Desk, data: bytes) -> None:
        try:
            reading = await trio.to_thread.run_sync(partial(self._read, desk, data))
            checked = await self._check(desk, reading)
            if checked is not None:
                await self._take(desk, checked)
        finally:
            if self.state is ImportState.CHECKING:
                self._refuse([Fault(self.order.file, 1, "import", "was broken off")])

    def progress(self, desk: Desk) -> int:
        """How many entries have been taken by now."""
        taken = desk.directory.intake
        return min(taken.done, self.total) if taken and self.state is ImportState.APPLYING else self.done

    def _read(self, desk: Desk, data: bytes) -> Reading:
        """Runs in a thread."""
        order = self.order
        if not order.yaml:
            limit = desk.settings().imports.max_lines
            return read_file(data, order.file, desk.seal, most_lines=limit, tenant=order.tenant, told=self._told)
        try:
            return Reading(desk.parse(data.decode()))
        except UnicodeDecodeError as error:
            return Reading(faults=(Fault(order.file, 1, "encoding", f"is not UTF-8 at byte {error.start}"),))
        except ConfigError as error:
            faults = tuple(replace(fault, file=order.file) for fault in error.faults)
            return Reading(faults=faults[:MOST_FAULTS], more_faults=max(0, len(faults) - MOST_FAULTS))

    def _told(self, rows: int) -> None:
        self.rows = rows

    async def _check(self, desk: Desk, reading: Reading) -> Checked | None:
        """What is left to be taken; None if anything is wrong that must not be, and then it is refused."""
        self.rows, self.warnings, self.more_faults = reading.rows, reading.warnings[:MOST_FAULTS], reading.more_faults
        self.faults = list(reading.faults)
        if self.faults and (not self.order.partial or self._unreadable(reading)):
            self._refuse(())
            return None
        for _ in range(_ROUNDS):
            self._weigh(desk, reading.inventory)
            checked = await checked_in_slices(desk, reading.inventory)
            objections = checked.objections
            if not objections:
                return checked
            faults = [self._placed(reading, objection) for objection in objections]
            if not self.order.partial or any(objection.about not in reading.lines for objection in objections):
                self._refuse(faults)
                return None
            self._add(faults)
            bad = frozenset(reading.lines[objection.about] for objection in objections)
            reading = await trio.to_thread.run_sync(reading.without, bad)
        self._refuse([Fault(self.order.file, 1, "import", "has too many lines that depend on one another")])
        return None

    def _unreadable(self, reading: Reading) -> bool:
        """Whether a fault is of the file and not of a line."""
        return not reading.rows or any(fault.key in ("syntax", "header", "zip") for fault in reading.faults)

    def _placed(self, reading: Reading, objection: Objection) -> Fault:
        line = reading.lines.get(objection.about, 0)
        return Fault(self.order.file, line, objection.about, objection.wrong)

    def _weigh(self, desk: Desk, inventory: Inventory) -> None:
        parts = (inventory.tenants, inventory.servers, inventory.numbers, inventory.users, inventory.devices)
        self.total = sum(map(len, (*parts, inventory.drafts, inventory.connections)))
        self.users, self.devices = len(inventory.users), len(inventory.devices)
        self.new_devices = sum(desk.directory.device(record.mac) is None for record in inventory.devices)

    async def _take(self, desk: Desk, checked: Checked) -> None:
        if self.order.dry_run:
            self.state = ImportState.DONE
            return
        by = f"{self.order.by} ({self.order.file})"
        delivery = desk.deliver(InventoryApplied(checked.inventory, by, checked))
        if delivery.answer is not None and delivery.answer.refused:
            self._refuse([Fault(self.order.file, 0, "", reason) for reason in delivery.answer.refused])
            return
        self.state = ImportState.APPLYING
        try:
            with trio.CancelScope(shield=True):  # it cannot be taken back, and somebody else may be watching
                await delivery.stored()
        except RingkeeperError as error:
            self._refuse([Fault(self.order.file, 0, "", str(error))])
            raise
        self.state, self.done = ImportState.DONE, self.total
        log.info(
            "imported",
            event_name="imported",
            by=self.order.by,
            file=self.order.file,
            entries=self.total,
            rows=self.rows,
        )

    def _refuse(self, faults: Iterable[Fault]) -> None:
        self.state = ImportState.REFUSED
        self._add(faults)

    def _add(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            if len(self.faults) < MOST_FAULTS:
                self.faults.append(fault)
            else:
                self.more_faults += 1


async def checked_in_slices(desk: Desk, inventory: Inventory) -> Checked:
    """Whether the fleet would take it, looked at while everybody else is served."""
    check = desk.check(inventory)
    await in_slices(check.step)
    return check.checked


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection while 30,000 devices are made, which are no garbage: looking through them held the loop.

    What there is then stays, mostly; it is not looked through again.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.freeze()
            gc.enable()


class ImportBook:
    """The newest imports, by number."""

    def __init__(self) -> None:
        self._runs: OrderedDict[int, ImportRun] = OrderedDict()
        self._ids = count(1)

    def begin(self, order: Order, now: float) -> ImportRun:
        """A new one; the oldest is forgotten."""
        run = ImportRun(next(self._ids), order, now)
        self._runs[run.id] = run
        while len(self._runs) > REMEMBERED:
            self._runs.popitem(last=False)
        return run

    def find(self, identity: int) -> ImportRun | None:
        """The one with this number, if it is still remembered."""
        return self._runs.get(identity)

    def __iter__(self) -> Iterator[ImportRun]:
        return reversed(self._runs.values())
