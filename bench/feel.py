"""How late the loop of a daemon under a benchmark is, and whose fault that is.

`Feeler` lives in the daemon's own loop. It wants to be woken every few milliseconds, on a fixed grid, and keeps how
late it was each time: all who wait for the loop are as late as that. As an instrument of Trio's it keeps the longest
steps as well, with the task's name: a step that took longer than its processor time waited, for the disk, for Python's
lock, or for a core that somebody else had, and the last of these is told apart. Besides it keeps the longest collection
of garbage, which is part of some step. Not here: what the daemon does meanwhile.
"""

from __future__ import annotations

import gc
import time
from array import array
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from pathlib import Path
from threading import get_native_id

import trio

GRAIN = 0.005  # seconds
LONGEST = 6  # steps that are remembered


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """A step of a task: seconds on the wall, of processor, and ready without a core (that at most); and whose."""

    wall: float
    cpu: float
    waited: float
    task: str

    def __str__(self) -> str:
        return f"{self.wall * 1e3:.0f} ({self.cpu * 1e3:.0f}, {self.waited * 1e3:.0f}) {self.task}"


@dataclass(frozen=True, slots=True)
class Felt:
    """Of a stretch of time: how late each place on the grid was (seconds), the longest steps and collection.

    `waited` is how long the loop's thread was ready to run and had no core.
    """

    late: array[float]
    steps: list[Step]
    collection: float
    waited: float

    def __str__(self) -> str:
        late = sorted(self.late)
        figures = (late[len(late) // 2], late[int(0.99 * len(late))], late[-1])
        said = "lag p50 {:.1f}, p99 {:.1f}, worst {:.1f} ms".format(*(1e3 * each for each in figures))
        garbage = f"without a core {self.waited:.1f} s; longest collection of garbage {self.collection * 1e3:.0f} ms"
        steps = "; ".join(map(str, sorted(self.steps, reverse=True)))
        return f"{said}; {garbage}\n    longest steps, ms (of processor, without a core): {steps}"


@dataclass(slots=True, eq=False)
class Feeler(trio.abc.Instrument):
    """Feels until it is asked, and anew from then on."""

    _late: array[float] = field(default_factory=lambda: array("d"))
    _steps: list[Step] = field(default_factory=list)
    _begun: tuple[float, float] = (0.0, 0.0)
    _collecting: float = 0.0
    _collection: float = 0.0
    _waited: float = 0.0
    _waited_by_tick: float = 0.0

    async def run(self) -> None:
        """Live until cancelled."""
        gc.callbacks.append(self._collect)
        due = trio.current_time()
        while True:
            await trio.sleep_until(due)
            now = trio.current_time()
            while due <= now:  # whoever wanted to be woken meanwhile had to wait until now, too
                self._late.append(now - due)
                due += GRAIN
            self._waited_by_tick = _without_a_core()

    def felt(self) -> Felt:
        """What was felt since the last time."""
        waited = _without_a_core()
        felt = Felt(self._late, self._steps, self._collection, waited - self._waited)
        self._late, self._steps, self._collection, self._waited = array("d"), [], 0.0, waited
        return felt

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """Trio is about to run a step."""
        self._begun = time.perf_counter(), time.thread_time()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """The step is over."""
        took = time.perf_counter() - self._begun[0]
        full = len(self._steps) == LONGEST
        if not full or took > self._steps[0].wall:
            cpu, waited = time.thread_time() - self._begun[1], _without_a_core() - self._waited_by_tick
            (heappushpop if full else heappush)(self._steps, Step(took, cpu, waited, task.name))

    def _collect(self, phase: str, _told: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.perf_counter()
        else:
            self._collection = max(self._collection, time.perf_counter() - self._collecting)


def _without_a_core() -> float:
    """Seconds that this thread was ready to run and did not (Documentation/scheduler/sched-stats.rst)."""
    return int(Path(f"/proc/self/task/{get_native_id()}/schedstat").read_text().split()[1]) / 1e9
