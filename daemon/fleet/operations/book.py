"""The book of operations: what is ordered, how far each device is, who is next, and what falls due.

Kept in step only through `keep` and `keep_item`, so that counts, lines and deadlines cannot lag behind. A device is
in the line of its operation while it waits; one that is not to be asked yet (it is offline, or people are at work)
stands aside until its time. Looking whether a device is awaited by anything costs one lookup, since every keep-alive
asks it. Not here: what is done when something falls due (`events`), what a phone shows (`signals`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from daemon.config.block import DAY
from daemon.config.operation_settings import Operations
from daemon.config.settings import KeepAlive
from daemon.fleet.commands import Command
from daemon.fleet.model import Mac
from daemon.fleet.operations import campaigns
from daemon.fleet.operations.kinds import manner_of
from daemon.fleet.operations.operation import OVER, Item, Operation, OperationState, Step, Way
from daemon.fleet.operations.steps import Turn, advance
from daemon.fleet.store_commands import DropItem, DropOperation, SaveItem, SaveOperation
from daemon.scheduler.deadlines import Deadlines


@dataclass(frozen=True, slots=True)
class OperationStatistics:
    """Operations by state, and devices by step over all operations that are kept."""

    states: dict[OperationState, int]
    steps: dict[Step, int]


@dataclass(slots=True)
class _Course:
    """One operation as it goes on."""

    items: dict[Mac, Item] = field(default_factory=dict)
    counts: Counter[Step] = field(default_factory=Counter)
    line: dict[Mac, None] = field(default_factory=dict)
    aside: Deadlines[Mac] = field(default_factory=Deadlines)
    holding: set[Mac] = field(default_factory=set)  # of the present wave, and not ended

    def ended(self) -> bool:
        """Whether nothing more comes of any device."""
        return self.counts.total() == sum(self.counts[step] for step in (Step.PROVED, Step.FAILED, Step.CANCELLED))


class OperationBook:
    """Operations by id, their devices, and the deadlines of both."""

    def __init__(
        self,
        operations: Iterable[Operation],
        items: Iterable[Item],
        settings: Operations,
        keep_alive: KeepAlive,
        now: float,
    ) -> None:
        self.settings = settings
        self.keep_alive = keep_alive
        self.by_id: dict[int, Operation] = {}
        self.awaited: dict[Mac, set[int]] = {}  # who was asked, by which operations
        self.turns: Deadlines[int] = Deadlines()  # when an operation goes on
        self.timeouts: Deadlines[tuple[int, Mac]] = Deadlines()
        self.departures: Deadlines[int] = Deadlines()  # when one that has ended is forgotten
        self._began = now
        self._courses: dict[int, _Course] = {}
        for operation in operations:
            self._courses[operation.id] = _Course()
            self.by_id[operation.id] = operation
        for item in sorted(items, key=lambda item: item.place):
            if item.operation in self.by_id:
                self.keep_item(self._resumed(item, now))
        for operation in tuple(self.by_id.values()):
            self.keep(operation)
            self.begin_wave(operation)
            self.plan(operation, now)

    def add(self, operation: Operation, items: Iterable[Item], now: float) -> list[Command]:
        """Take a new operation with its devices, in the order of their places."""
        self._courses[operation.id] = _Course()
        orders: list[Command] = [self.keep(operation)]
        orders += [self.keep_item(item) for item in items]
        self.begin_wave(operation)
        self.plan(operation, now)
        return orders

    def new_id(self) -> int:
        """Higher than that of any operation that is kept."""
        return max(self.by_id, default=0) + 1

    def running(self) -> int:
        """How many have not ended."""
        return sum(operation.state not in OVER for operation in self.by_id.values())

    def items(self, identity: int) -> Mapping[Mac, Item]:
        """The devices of an operation, in their places."""
        return self._courses[identity].items

    def counts(self, identity: int) -> Mapping[Step, int]:
        """How many devices of an operation are at which step."""
        return self._courses[identity].counts

    def ended(self, identity: int) -> bool:
        """Whether every device has ended."""
        return self._courses[identity].ended()

    def wave_is_over(self, identity: int) -> bool:
        """Whether no device holds the next wave back."""
        return not self._courses[identity].holding

    def keep(self, operation: Operation) -> Command:
        """This is how an operation stands from now on."""
        self.by_id[operation.id] = operation
        if operation.state in OVER:
            self.departures.set(operation.id, operation.ended_at + self.settings.kept_days * DAY)
        return SaveOperation(operation)

    def keep_item(self, item: Item) -> Command:
        """This is how far a device is from now on."""
        course = self._courses[item.operation]
        former = course.items.get(item.mac)
        course.counts[item.step] += 1
        if former is not None:
            course.counts[former.step] -= 1
        course.items[item.mac] = item
        self._await(item)
        self._line_up(course, item)
        self._hold(course, item)
        return SaveItem(item)

    def begin_wave(self, operation: Operation) -> None:
        """Note who holds the wave that is the present one now."""
        course = self._courses[operation.id]
        course.holding = {mac for mac, item in course.items.items() if self._holds(operation, item)}

    def plan(self, operation: Operation, now: float) -> None:
        """Set when the operation goes on, if there is anything for it to do."""
        at = math.inf
        if operation.state is OperationState.SCHEDULED:
            at = max(operation.plan.at, now)
        elif operation.state is OperationState.RUNNING:
            course = self._courses[operation.id]
            first = course.items[next(iter(course.line))] if course.line else None
            ready = first is not None and first.place < campaigns.bound_of(operation)
            at = max(operation.next_at, now if ready else course.aside.next_deadline())
        self.turns.set(operation.id, at)

    def next_in_line(self, operation: Operation, now: float) -> Item | None:
        """Take whoever is to be asked next out of the line; None if there is nobody in the present wave."""
        course = self._courses[operation.id]
        back = course.aside.expire(now)
        if back:
            course.line = dict.fromkeys([*back, *course.line])
        mac = next(iter(course.line), None)
        if mac is None or course.items[mac].place >= campaigns.bound_of(operation):
            return None
        del course.line[mac]
        return course.items[mac]

    def drop(self, identity: int) -> list[Command]:
        """Forget an operation and its devices."""
        course = self._courses.pop(identity)
        del self.by_id[identity]
        self.departures.cancel(identity)
        self.turns.cancel(identity)
        return [DropOperation(identity), *(DropItem(item.key) for item in course.items.values())]

    def next_deadline(self) -> float:
        """When something falls due."""
        return min(self.turns.next_deadline(), self.timeouts.next_deadline(), self.departures.next_deadline())

    def statistics(self) -> OperationStatistics:
        """How many of what."""
        steps = Counter[Step]()
        for course in self._courses.values():
            steps.update(course.counts)
        states = Counter(operation.state for operation in self.by_id.values())
        return OperationStatistics(dict(states), dict(steps))

    def _resumed(self, item: Item, now: float) -> Item:
        """After a start: what nobody can hear the answer of any more is asked again, if twice does no harm."""
        operation = self.by_id[item.operation]
        manner = manner_of(operation.kind, operation.parameters)
        if item.step is Step.ASKED and item.way in (Way.SIP, Way.HTTP) and manner.idempotent:
            return replace(advance(item, Turn.PUT_BACK, now), retry_at=0.0)
        return item

    def _await(self, item: Item) -> None:
        if item.under_way:
            self.awaited.setdefault(item.mac, set()).add(item.operation)
            time = campaigns.time_for(item, self.settings, self.keep_alive)
            # What we could not hear while we were away is not held against the phone.
            self.timeouts.set((item.operation, item.mac), max(item.at, self._began) + time)
            return
        self.timeouts.cancel((item.operation, item.mac))
        awaiting = self.awaited.get(item.mac)
        if awaiting is not None:
            awaiting.discard(item.operation)
            if not awaiting:
                del self.awaited[item.mac]

    def _line_up(self, course: _Course, item: Item) -> None:
        course.line.pop(item.mac, None)
        course.aside.cancel(item.mac)
        if item.step is Step.WAITING and item.retry_at:
            course.aside.set(item.mac, item.retry_at)
        elif item.step is Step.WAITING:
            course.line[item.mac] = None

    def _hold(self, course: _Course, item: Item) -> None:
        if self._holds(self.by_id[item.operation], item):
            course.holding.add(item.mac)
        else:
            course.holding.discard(item.mac)

    def _holds(self, operation: Operation, item: Item) -> bool:
        """Whether the next wave waits for it; not for one that is offline."""
        offline = item.step is Step.WAITING and item.tries > 0
        return not item.ended and not offline and item.place < campaigns.bound_of(operation)
