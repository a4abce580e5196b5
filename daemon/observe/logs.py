"""The log: one event per line on a stream, as JSON for machines or coloured for a terminal.

A line has `ts` (RFC 3339, milliseconds, UTC), `level`, `msg` (a constant sentence), `component` and `event` (a stable
name) in front and then what the caller bound. Levels change while running (`apply`). Secrets are never given to a
logger; should one be, its key gives it away and the value stays out. Not here: which lines are written.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

from daemon.config.settings import Log
from daemon.scheduler.timestamps import rfc3339

_LEVELS = {name: getattr(logging, name.upper()) for name in ("debug", "info", "warning", "error")}
_SECRET_WORDS = ("password", "secret", "token", "community", "authorization")


def configure(log: Log, stream: TextIO | None = None) -> None:
    """Have every logger of the program write to `stream` (standard error by default) as `log` says."""
    out = stream or sys.stderr
    finish: list[Processor] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    if log.format == "console":
        finish = [structlog.dev.ConsoleRenderer(colors=out.isatty(), event_key="msg", timestamp_key="ts")]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt=None, key="ts"),
            _shaped,
            *finish,
        ],
        logger_factory=lambda component="": _Lines(out, component),
        cache_logger_on_first_use=False,  # a cached logger would not notice a new level
    )
    apply(log)


def apply(log: Log) -> None:
    """Take over the level of new settings; the format takes a restart."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[log.level]))


class _Lines:
    """Writes finished lines; `component` is the name the logger was asked for by."""

    def __init__(self, stream: TextIO, component: str) -> None:
        self._stream = stream
        self.component = component

    def msg(self, line: str) -> None:
        """Write one line. A log that cannot be written (journal restarted, disk full) must not stop the daemon."""
        try:
            self._stream.write(f"{line}\n")
            self._stream.flush()
        except OSError:
            return

    debug = info = warning = error = critical = exception = msg


def _shaped(logger: _Lines, _method: str, event: EventDict) -> MutableMapping[str, Any]:
    """The fields every line has in front, then the caller's; structlog's `event` is our `msg`."""
    front = {
        "ts": rfc3339(event.pop("ts")),
        "level": event.pop("level"),
        "msg": event.pop("event", ""),
        "component": logger.component,
        "event": event.pop("event_name", ""),
    }
    line = {key: value for key, value in front.items() if value}
    return line | {key: value for key, value in event.items() if not _is_secret(key)}


def _is_secret(key: str) -> bool:
    """Whether a key is named like a secret; `with_secret` and its like are facts, but leaving them out costs little."""
    return any(word in key.lower() for word in _SECRET_WORDS)
