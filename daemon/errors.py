"""The whole error story on one page: who is to blame, what is wrong, what to do.

Nothing else is raised on purpose. Parsers raise `BadMessage`, configuration `ConfigError`, the disk
`StoreUnavailable`; whoever catches one can answer a peer or an operator without looking anything up.
"""

from __future__ import annotations

from dataclasses import dataclass


class RingkeeperError(Exception):
    """Anything this program raises on purpose; its text is fit for an operator's eyes."""


class BadMessage(RingkeeperError):
    """A peer sent something we cannot use. Blame: the peer.

    `reason` is a short stable token (it becomes a counter label); `status` is what the protocol at hand
    would answer, if it answers at all (a SIP or HTTP status code).
    """

    def __init__(self, reason: str, detail: str = "", status: int = 400) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.status = status


class StoreUnavailable(RingkeeperError):
    """The disk did not take what was to be kept. Blame: this machine (full disk, lock, permissions)."""


class Refused(RingkeeperError):
    """An operator asked for something the rules forbid. Blame: the request; `reasons` says why, one line each."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a configuration or inventory file, placed so that an editor can jump to it."""

    file: str
    line: int
    key: str
    wrong: str
    hint: str = ""

    def __str__(self) -> str:
        tail = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line} {self.key}: {self.wrong}{tail}"


class ConfigError(RingkeeperError):
    """The configuration cannot be used. Blame: the file; `faults` names every fault, not only the first."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults
