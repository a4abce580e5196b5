"""How late the loop of a daemon under a benchmark is, and whose fault that is.

`Feeler` lives in the daemon's own loop. It wants to be woken every few milliseconds, on a fixed grid, and keeps how
late it was each time: all who wait for the loop are as late as that. As an instrument of Trio's it keeps the longest
steps as well, with the task's name and its processor time: a step that took longer than that waited, for Python's lock
or for a core that somebody else had. Not here: what the daemon does meanwhile.
"""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from pathlib import Path
from threading import get_native_id

import trio

GRAIN = 0.005  # seconds
LONGEST = 5  # steps that are remembered


@dataclass(frozen=True, slots=True)
class Felt:
    """Of a stretch of time: how late each place on the grid was (seconds), and the longest steps.

    Of a step: seconds on the wall, seconds of processor, and whose it was. `waited` is how long the loop's thread was
    ready to run and had no core.
    """

    late: array[float]
    steps: list[tuple[float, float, str]]
    waited: float

    def __str__(self) -> str:
        late = sorted(self.late)
        figures = (late[len(late) // 2], late[int(0.99 * len(late))], late[-1])
        said = "lag p50 {:.1f}, p99 {:.1f}, worst {:.1f} ms".format(*(1e3 * each for each in figures))
        steps = (f"{1e3 * wall:.0f} ({1e3 * cpu:.0f}) {name}" for wall, cpu, name in sorted(self.steps, reverse=True))
        return f"{said}; without a core {self.waited:.1f} s\n    longest steps, ms (of processor): {'; '.join(steps)}"


@dataclass(slots=True, eq=False)
class Feeler(trio.abc.Instrument):
    """Feels until it is asked, and anew from then on."""

    _late: array[float] = field(default_factory=lambda: array("d"))
    _steps: list[tuple[float, float, str]] = field(default_factory=list)
    _begun: tuple[float, float] = (0.0, 0.0)
    _waited: float = 0.0

    async def run(self) -> None:
        """Live until cancelled."""
        due = trio.current_time()
        while True:
            due += GRAIN
            await trio.sleep_until(due)
            self._late.append(trio.current_time() - due)

    def felt(self) -> Felt:
        """What was felt since the last time."""
        waited = _without_a_core()
        felt = Felt(self._late, self._steps, waited - self._waited)
        self._late, self._steps, self._waited = array("d"), [], waited
        return felt

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """Trio is about to run a step."""
        self._begun = time.perf_counter(), time.thread_time()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """The step is over."""
        took = time.perf_counter() - self._begun[0]
        if len(self._steps) < LONGEST:
            heappush(self._steps, (took, time.thread_time() - self._begun[1], task.name))
        elif took > self._steps[0][0]:
            heappushpop(self._steps, (took, time.thread_time() - self._begun[1], task.name))


def _without_a_core() -> float:
    """Seconds that this thread was ready to run and did not (Documentation/scheduler/sched-stats.rst)."""
    return int(Path(f"/proc/self/task/{get_native_id()}/schedstat").read_text().split()[1]) / 1e9
