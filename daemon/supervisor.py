"""The life of the daemon: start in order, say when it is ready, stop in reverse within a bound.

A service is anything with `run(task_status=…)` that lives until cancelled; each starts only when the one before it
is ready. The death of any service ends the daemon: systemd restarts it into a clean state, which is better than
limping. Not here: what the services are (`app`), what they do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
import trio

log = structlog.get_logger("supervisor")

# How long one service may take to finish what it accepted. systemd's own patience is 90 s; the sum stays below it.
STOP_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Service:
    """A named part of the daemon. `run` is started and cancelled; `aclose`, if any, is its polite ending.

    `reports_ready`: `run` takes a `task_status` and says when it is ready; otherwise it is ready at once.
    """

    name: str
    run: Callable[..., Awaitable[None]]
    aclose: Callable[[], Awaitable[None]] | None = None
    reports_ready: bool = True


class Supervisor:
    """Runs services until `stop` is called or one of them dies."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = services
        self._stopping = trio.Event()
        self._running: list[tuple[Service, trio.CancelScope, trio.Event]] = []

    def stop(self) -> None:
        """Ask for an orderly end."""
        self._stopping.set()

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Start all, call `on_ready`, wait for `stop`, end all in reverse."""
        async with trio.open_nursery() as nursery:
            for service in self._services:
                await nursery.start(self._live, service)
                log.debug("service started", service=service.name)
            on_ready()
            await self._stopping.wait()
            for service, scope, ended in reversed(self._running):
                await _end(service, scope, ended)

    async def _live(self, service: Service, task_status: trio.TaskStatus[None]) -> None:
        """Run one service under a scope of its own; its end without being asked is the end of the daemon."""
        ended = trio.Event()
        with trio.CancelScope() as scope:
            self._running.append((service, scope, ended))
            try:
                if service.reports_ready:
                    await service.run(task_status=task_status)
                else:
                    task_status.started()
                    await service.run()
            finally:
                ended.set()
        if not self._stopping.is_set():
            raise RuntimeError(f"{service.name} ended by itself")


async def _end(service: Service, scope: trio.CancelScope, ended: trio.Event) -> None:
    """Politely first, then by cancelling; never longer than the bound."""
    with trio.move_on_after(STOP_WITHIN):
        if service.aclose:
            await service.aclose()
    scope.cancel()
    with trio.move_on_after(STOP_WITHIN) as patience:
        await ended.wait()
    if patience.cancelled_caught:
        log.error("service did not end in time", service=service.name, seconds=STOP_WITHIN)
