"""The connectors: one task for each server whose registrations we learn, and how each of them fares.

A server that fails is asked again after a pause that doubles, with a share of chance so that many of us do not come
at once. It is spoken of as down when nothing whole was heard for `down_after`: then an alarm is raised, and what it
said before stays as it is. Not here: how a server is asked (`ami`, `kamailio`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass

import structlog
import trio

from daemon.config.settings import Connector
from daemon.errors import BadMessage, StoreUnavailable
from daemon.fleet.delivery import Deliver
from daemon.fleet.events import ConnectorFailed, ConnectorRecovered, ConnectorsConfigured
from daemon.integrations import ami, kamailio
from daemon.integrations.sightings import ParseContact
from daemon.integrations.telling import Directory, Telling, forget_server
from daemon.scheduler.clock import Clock
from daemon.scheduler.crew import Crew

log = structlog.get_logger("connectors")

# Pauses between attempts: a server that was restarted is back within seconds, one that is being repaired is not.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0


@dataclass(frozen=True, slots=True)
class ConnectorStatistics:
    """How one connector fares.

    `up` since `since`, or down since then; `refreshed_at` is when a whole list was last told, None for never.
    `contacts` are users of ours that are registered there, `unknown` registered users that no device has as its
    number. `failures` and `skipped` (contacts that could not be used) count by reason since start; `last_error` is
    the last failure in words, "" if there was none.
    """

    server: str
    kind: str
    up: bool
    since: float
    refreshed_at: float | None
    contacts: int
    unknown: int
    failures: dict[str, int]
    skipped: dict[str, int]
    last_error: str


class Connectors:
    """Follows every server of the settings in force; made inside `trio.run`. `chance` gives numbers from 0 to 1."""

    def __init__(
        self,
        settings: tuple[Connector, ...],
        deliver: Deliver,
        *,
        directory: Directory,
        clock: Clock,
        parse: ParseContact,
        chance: Callable[[], float],
    ) -> None:
        self._deliver = deliver
        self._directory = directory
        self._clock = clock
        self._parse = parse
        self._chance = chance
        self._crew = Crew(settings, self._line, self._serve, self._announce)

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Live until cancelled."""
        await self._crew.run(task_status)

    def apply(self, settings: tuple[Connector, ...]) -> None:
        """Take new settings: connectors that changed begin anew, those that are gone are forgotten with their word."""
        self._crew.apply(settings)

    def statistics(self) -> tuple[ConnectorStatistics, ...]:
        """How each fares, in the order of the settings."""
        return tuple(line.statistics() for line in self._crew.members())

    def _announce(self, connectors: tuple[Connector, ...]) -> None:
        servers = tuple(connector.server for connector in connectors)
        self._deliver(ConnectorsConfigured(servers))
        self._crew.start_soon(lambda: self._forget_others(servers))

    def _line(self, connector: Connector) -> _Line:
        telling = Telling(connector.server, self._deliver, self._directory, self._parse)
        return _Line(connector, telling, self._clock.now())

    async def _forget_others(self, servers: Collection[str]) -> None:
        for server in [*self._directory.learned_servers()]:
            if server not in servers:
                try:
                    await forget_server(server, self._deliver, self._directory)
                except StoreUnavailable:
                    log.warning("not forgotten yet: the disk refuses", event_name="connector-kept", server=server)

    async def _serve(self, line: _Line) -> None:
        """One server's task."""
        pause = FIRST_PAUSE
        while True:
            before = line.lists
            try:
                await self._follow(line)
            except BadMessage as bad:
                self._failed(line, bad.reason, str(bad))
            except StoreUnavailable as full:
                self._failed(line, "store", str(full))
            except OSError as error:
                self._failed(line, "connect", error.strerror or str(error))
            if line.lists != before:
                pause = FIRST_PAUSE
            await trio.sleep(pause * (0.5 + self._chance() / 2))
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _follow(self, line: _Line) -> None:
        connector = line.connector
        if connector.kind == "asterisk":
            await ami.follow(connector, line.telling, self._clock, lambda: self._heard(line))
        else:
            await kamailio.follow(connector, line.telling, lambda: self._heard(line))

    def _heard(self, line: _Line) -> None:
        """A whole list was told."""
        now = self._clock.now()
        line.lists += 1
        line.refreshed_at = now
        if not line.up:
            line.up, line.since = True, now
            log.info("connector up", event_name="connector-up", server=line.connector.server)
            # Also the first time: the alarm may be one of an earlier run.
            self._deliver(ConnectorRecovered(line.connector.server))

    def _failed(self, line: _Line, reason: str, why: str) -> None:
        now = self._clock.now()
        server = line.connector.server
        line.failures[reason] += 1
        line.last_error = why
        if line.up:
            line.up, line.alarmed, line.since = False, False, now
            log.warning("connector lost", event_name="connector-lost", server=server, reason=reason, why=why)
        if not line.alarmed and now - line.since >= line.connector.down_after:
            line.alarmed = True
            log.warning("connector down", event_name="connector-down", server=server, reason=reason, why=why)
            self._deliver(ConnectorFailed(server, why))


class _Line:
    """One connector as it stands."""

    def __init__(self, connector: Connector, telling: Telling, now: float) -> None:
        self.connector = connector
        self.telling = telling
        self.up = self.alarmed = False
        self.since = now
        self.refreshed_at: float | None = None
        self.lists = 0
        self.failures: Counter[str] = Counter()
        self.last_error = ""

    def statistics(self) -> ConnectorStatistics:
        return ConnectorStatistics(
            server=self.connector.server,
            kind=self.connector.kind,
            up=self.up,
            since=self.since,
            refreshed_at=self.refreshed_at,
            contacts=self.telling.contacts,
            unknown=self.telling.unknown,
            failures=dict(self.failures),
            skipped=dict(self.telling.skipped),
            last_error=self.last_error,
        )
