"""Empties the outbox towards every output that is no SNMP manager: one task each, so a slow one delays no other.

An output gets its notifications in order. What waits goes together, as far as the output takes several at once. A try
is bounded by `timeout`; after a failure the same is tried again, at doubling pauses with a share of chance, however
long that takes: only what the receiver finds fault with in itself is given up, and counted. An output that has failed
for `down_after` is an alarm, which the other outputs and managers hear of.

Not here: what is kept meanwhile and who gets what, which is the outbox's; how an output is told (`mail`, `syslog`,
`web`, `apprise_push`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Generic, Protocol

import structlog
import trio

from daemon.config.output_settings import (
    AlertmanagerOutput,
    AnyOutput,
    AppriseOutput,
    MailOutput,
    SyslogOutput,
    WebhookOutput,
)
from daemon.fleet.delivery import Deliver
from daemon.fleet.events import OutputFailed, OutputRecovered, OutputsConfigured
from daemon.fleet.notifications import Alarm
from daemon.fleet.outbox_queue import Entry, OutboxQueue
from daemon.outputs.apprise_push import ApprisePush
from daemon.outputs.mail import Mail
from daemon.outputs.syslog import Syslog
from daemon.outputs.way import NotTaken, Told, Way
from daemon.outputs.web import Alertmanager, Webhook
from daemon.outputs.wording import a_test
from daemon.scheduler.clock import Clock
from daemon.scheduler.crew import Crew

log = structlog.get_logger("outputs")

SYSLOG_BATCH = 500  # messages over one connection; some hundred kilobytes


class BatchQueue(OutboxQueue[Entry], Protocol[Entry]):
    """A queue of which several may be taken at once."""

    def head(self, receiver: str, most: int) -> Sequence[Entry]:
        """The oldest unsettled entries, in order; they stay."""


@dataclass(frozen=True, slots=True)
class OutputStatistics:
    """How one output fares since start.

    `up` since `since`, or failing since then. `told` notifications were taken, `given_up` were refused for what they
    say; `failures` counts tries that failed by reason, `last_error` is the last of them in words, "" for none.
    """

    name: str
    kind: str
    up: bool
    since: float
    told: int
    given_up: int
    failures: Mapping[str, int]
    last_error: str


class Outputs(Generic[Entry]):
    """Tells every output of the settings in force what the outbox holds for it; made inside `trio.run`.

    `active` gives the alarms that an output is to know of, for those receivers that forget; `enterprise` the number
    that structured data stands under; `chance` numbers from 0 to 1.
    """

    def __init__(
        self,
        settings: Sequence[AnyOutput],
        outbox: BatchQueue[Entry],
        deliver: Deliver,
        *,
        clock: Clock,
        active: Callable[[AnyOutput], Iterable[Alarm]],
        enterprise: Callable[[], int],
        chance: Callable[[], float],
    ) -> None:
        self._outbox = outbox
        self._deliver = deliver
        self._clock = clock
        self._active = active
        self._enterprise = enterprise
        self._chance = chance
        self._crew = Crew(settings, self._line, self._serve, self._announce)

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until cancelled."""
        await self._crew.run(task_status)

    def apply(self, settings: Sequence[AnyOutput]) -> None:
        """Take new settings: outputs that are gone or changed are let go of, new ones begun with."""
        self._crew.apply(settings)

    def statistics(self) -> tuple[OutputStatistics, ...]:
        """How each fares, in the order of the settings."""
        return tuple(line.statistics() for line in self._crew.members())

    async def test(self, name: str) -> str | None:
        """Tell one output of a test alarm and of its end: "" if taken, else why not; None if there is none such.

        It goes past the queue and takes no number, and what comes of it is nobody's state.
        """
        line = next((line for line in self._crew.members() if line.output.name == name), None)
        if line is None:
            return None
        failure = await _try(
            line.output, lambda: line.way.tell([Told(0, one) for one in a_test(name, self._clock.now())])
        )
        return failure.why or failure.reason if failure else ""

    def _announce(self, outputs: Sequence[AnyOutput]) -> None:
        self._deliver(OutputsConfigured(tuple(output.receiver for output in outputs)))

    def _line(self, output: AnyOutput) -> _Line:
        return _Line(output, self._way(output), self._clock.now())

    def _way(self, output: AnyOutput) -> Way:
        match output:
            case MailOutput():
                return Mail(output)
            case SyslogOutput():
                return Syslog(output, self._enterprise)
            case WebhookOutput():
                return Webhook(output, self._clock.now)
            case AlertmanagerOutput():
                return Alertmanager(output, self._clock.now)
            case AppriseOutput():
                return ApprisePush(output)

    async def _serve(self, line: _Line) -> None:
        """One output's task: what waits for it, one batch after the other, and what is due to be refreshed."""
        while True:
            with trio.CancelScope(deadline=self._clock.trio_time(line.refresh_at)):
                await self._outbox.next(line.output.receiver)
            if self._clock.now() >= line.refresh_at:
                await self._refresh(line)
            else:
                await self._tell(line)

    async def _tell(self, line: _Line) -> None:
        """Return when a batch is settled, or after the pause that a failure costs."""
        receiver = line.output.receiver
        if line.up and len(self._outbox.head(receiver, line.batch)) < line.batch:
            await trio.sleep(line.gather)
        entries = self._outbox.head(receiver, 1 if line.singly else line.batch)
        if not entries:
            return  # the queue was cut, or belongs to nobody any more
        told = [Told(entry.number, entry.notification) for entry in entries]
        failure = await self._attempt(line, lambda: line.way.tell(told))
        if failure is None:
            line.told += len(told)
        elif not failure.hopeless or not self._gives_up(line, told):
            await self._pause(line, failure)
            return
        line.singly = max(0, line.singly - len(told))
        line.refusals = 0
        for entry in entries:
            self._outbox.settle(entry)

    async def _refresh(self, line: _Line) -> None:
        """Say again what is active. If that fails, it is said at the next turn, which nothing waits for."""
        now = self._clock.now()
        line.refresh_at = now + line.refresh
        failure = await self._attempt(line, lambda: line.way.refresh(self._active(line.output), now))
        if failure is not None:
            await self._pause(line, failure)

    async def _attempt(self, line: _Line, action: Callable[[], Awaitable[None]]) -> NotTaken | None:
        """Try once, within the time limit; what went wrong, if anything did, is noted."""
        failure = await _try(line.output, action)
        if failure is None:
            self._succeeded(line)
        else:
            self._failed(line, failure)
        return failure

    def _gives_up(self, line: _Line, told: Sequence[Told]) -> bool:
        """Whether that refusal was the last: of several notifications each is first tried by itself."""
        if len(told) > 1:
            line.singly = len(told)
            return False
        line.refusals += 1
        if line.refusals < line.tries:
            return False
        line.given_up += 1
        log.error(
            "a notification was given up: the receiver finds fault with it",
            event_name="output-gave-up",
            output=line.output.name,
            sequence=told[0].notification.sequence,
            why=line.last_error,
        )
        return True

    async def _pause(self, line: _Line, failure: NotTaken) -> None:
        """Doubles from failure to failure; its half is chance, so that many outputs do not come at once."""
        wanted, longest = line.pause, max(line.output.retry, line.output.retry_max)
        line.pause = min(2 * line.pause, longest)
        await trio.sleep(max(wanted * (0.5 + self._chance() / 2), failure.wait))

    def _succeeded(self, line: _Line) -> None:
        line.pause = line.output.retry
        if not line.up:
            line.up, line.since = True, self._clock.now()
            log.info("output answers again", event_name="output-answers", output=line.output.name)
        if line.alarmed is not False:
            line.alarmed = False
            self._deliver(OutputRecovered(line.output.receiver))

    def _failed(self, line: _Line, failure: NotTaken) -> None:
        now, output = self._clock.now(), line.output
        line.failures[failure.reason] += 1
        line.last_error = failure.why
        if line.up:
            line.up, line.since = False, now
            log.warning(
                "output not reached",
                event_name="output-silent",
                output=output.name,
                reason=failure.reason,
                why=failure.why,
            )
        if line.alarmed is not True and now - line.since >= output.down_after:
            line.alarmed = True
            log.warning("output down", event_name="output-down", output=output.name, reason=failure.reason)
            self._deliver(OutputFailed(output.receiver, failure.why))


class _Line:
    """One output as it stands."""

    def __init__(self, output: AnyOutput, way: Way, now: float) -> None:
        self.output = output
        self.way = way
        self.batch = _batch(output)
        self.gather = getattr(output, "gather", 0.0)
        self.tries = getattr(output, "tries", 1)
        self.refresh = getattr(output, "refresh", inf)
        self.refresh_at = now if self.refresh < inf else inf  # at once: it may have forgotten while we were away
        self.up = True
        self.alarmed: bool | None = None  # unknown: an alarm of before our start may be active
        self.since = now
        self.pause = output.retry
        self.singly = 0  # this many are told one by one, because they were refused together
        self.refusals = 0  # of the oldest one, for what it says
        self.told = self.given_up = 0
        self.failures: Counter[str] = Counter()
        self.last_error = ""

    def statistics(self) -> OutputStatistics:
        return OutputStatistics(
            name=self.output.name,
            kind=self.output.kind,
            up=self.up,
            since=self.since,
            told=self.told,
            given_up=self.given_up,
            failures=dict(self.failures),
            last_error=self.last_error,
        )


async def _try(output: AnyOutput, action: Callable[[], Awaitable[None]]) -> NotTaken | None:
    """Do it, within the time limit of the output; what went wrong, if anything did.

    A fault of ours in what one output makes of one alarm must not end the others: it is logged with its trace, and that
    alarm is what is given up.
    """
    try:
        with trio.fail_after(output.timeout):
            await action()
    except NotTaken as refusal:
        return refusal
    except trio.TooSlowError:
        return NotTaken("timeout", f"found no answer within {output.timeout:g}s")
    except Exception as fault:
        log.exception("an output could not be told", event_name="output-fault", output=output.name)
        return NotTaken("fault", f"a fault of ours: {type(fault).__name__}", hopeless=True)
    return None


def _batch(output: AnyOutput) -> int:
    """How many notifications it takes at once."""
    match output:
        case MailOutput() | AppriseOutput():
            return output.digest
        case AlertmanagerOutput():
            return output.batch
        case WebhookOutput():
            return output.batch if output.format == "ringkeeper" else 1
        case SyslogOutput():
            return SYSLOG_BATCH
