"""What a reload may change: old and new settings -> what is taken over, what waits for a restart, and why.

Pure. A key is restart-only when taking it over would lose something that is open (a socket, the database) or would
leave the program half old and half new. Not here: reading files (`loader`), telling the parts (`daemon.app`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from daemon.config.settings import Settings

_BOUND = "the socket stays bound while running, so that no phone is refused in between"

# Key -> why it takes a restart. Everything else is taken over at once.
RESTART_ONLY = {
    "state_dir": "the database and the key of the sealed passwords are open in the old folder",
    "database": "the database is open",
    "log.format": "a log changes its form at a start only, so that whoever reads it is not surprised midway",
    "http.phones.listen": _BOUND,
    "http.operators.listen": _BOUND,
    "sip.listen": _BOUND,
    "snmp.agent.listen": _BOUND,
    "snmp.receiver.listen": _BOUND,
    "provisioning.firmware": "downloads from the old folder may be under way",
}


@dataclass(frozen=True, slots=True)
class ReloadPlan:
    """`changed` keys are in `merged` with their new values; `needs_restart` are lines `key: why`, still old there."""

    changed: tuple[str, ...]
    needs_restart: tuple[str, ...]
    merged: Settings


@dataclass(frozen=True, slots=True)
class ReloadStatistics:
    """How the last reload (or the start) went, and when one last went well."""

    successful: bool
    succeeded_at: float


class Reloads:
    """Remembers how reloads went; made at the start, which counts as the first."""

    def __init__(self, now: float) -> None:
        self._last = ReloadStatistics(True, now)

    def succeeded(self, now: float) -> None:
        """A new configuration is in force."""
        self._last = ReloadStatistics(True, now)

    def failed(self) -> None:
        """The new configuration was no good; the old one stays in force."""
        self._last = ReloadStatistics(False, self._last.succeeded_at)

    def statistics(self) -> ReloadStatistics:
        """How it stands."""
        return self._last


def plan_reload(old: Settings, new: Settings) -> ReloadPlan:
    """What becomes of `new` while `old` is in force."""
    before, after = dict(flatten(old)), dict(flatten(new))
    differing = [key for key in after if before[key] != after[key]]
    refused = [key for key in differing if key in RESTART_ONLY]
    return ReloadPlan(
        changed=tuple(key for key in differing if key not in RESTART_ONLY),
        needs_restart=tuple(f"{key}: {RESTART_ONLY[key]}" for key in refused),
        merged=_with(new, {tuple(key.split(".")): before[key] for key in refused}),
    )


def flatten(block: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every key with its value, dotted, e.g. ("log.level", "info"); lists and dictionaries are one value."""
    for name, value in block:
        if isinstance(value, BaseModel):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _with(block: Any, values: dict[tuple[str, ...], Any]) -> Any:
    """A copy of `block` with the values at these paths; blocks without any are the same objects."""
    for path, value in values.items():
        inner = value if len(path) == 1 else _with(getattr(block, path[0]), {path[1:]: value})
        block = block.model_copy(update={path[0]: inner})
    return block
