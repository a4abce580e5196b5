"""One daemon under a service manager: its signals, what the manager is told, and the exit code.

Not here: what the daemon is made of (`app`), how its parts live and end (`supervisor`).
"""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence
from errno import EADDRINUSE
from functools import partial
from pathlib import Path

import structlog
import trio

from daemon import __version__
from daemon.app import run_daemon
from daemon.config.loader import load_settings
from daemon.config.settings import Settings
from daemon.errors import RingkeeperError
from daemon.observe import logs
from daemon.observe.notify import Notifier
from daemon.running import Running

log = structlog.get_logger("app")


def serve(config_path: Path) -> int:
    """Run the daemon that `config_path` describes, under the service manager's signals; the exit code."""
    try:
        settings = load_settings(config_path)
        logs.configure(settings.log)
        trio.run(_serve, settings, config_path)
    except RingkeeperError as error:
        return _failed([error])
    except BaseExceptionGroup as group:
        expected, others = group.split((RingkeeperError, OSError))
        if others or expected is None:
            raise
        return _failed(_leaves(expected))
    return 0


async def _serve(settings: Settings, config_path: Path) -> None:
    """One daemon and its signals: SIGHUP reloads, SIGTERM and SIGINT end it; a second one ends it at once."""
    notifier = Notifier()
    signals = signal.SIGTERM, signal.SIGINT, signal.SIGHUP
    async with trio.open_nursery() as nursery:
        with trio.open_signal_receiver(*signals) as arriving:
            # What a start builds stays until the end: looking for garbage in it took 0.35 s of 1.3 with 30,000 phones,
            # and frozen it is never looked at again.
            gc.disable()
            running: Running = await nursery.start(
                partial(run_daemon, settings, config_path=config_path, notifier=notifier)
            )
            gc.freeze()
            gc.enable()
            log.info(
                "ready",
                event_name="ready",
                version=__version__,
                phones=running.phones_url,
                operators=running.operators_url,
            )
            notifier.ready(f"{running.fleet.statistics().devices} devices")
            async for number in arriving:
                if number != signal.SIGHUP:
                    break
                notifier.reloading()
                await running.reload()
                notifier.ready()
        notifier.stopping()
        log.info("stopping", event_name="stopping")
        running.stop()


def _failed(errors: Sequence[BaseException]) -> int:
    """Say what kept the daemon from running; the exit code."""
    for error in errors:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        hint = "; is another daemon using it?" if isinstance(error, OSError) and error.errno == EADDRINUSE else ""
        sys.stderr.write(f"{said}{hint}\n")
    return 1


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """The exceptions at the bottom of a group of groups."""
    found: list[BaseException] = []
    for error in group.exceptions:
        found += (
            _leaves(error) if isinstance(error, BaseExceptionGroup) else [error] if isinstance(error, Exception) else []
        )
    return found
