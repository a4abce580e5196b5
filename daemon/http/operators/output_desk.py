"""What the operators' routes want to know of outputs of alarms, and have done by them. Shapes only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class OutputStatus(Protocol):
    """How one output fares."""

    @property
    def name(self) -> str:
        """By which operators know it."""

    @property
    def kind(self) -> str:
        """As in the settings."""

    @property
    def up(self) -> bool:
        """Whether it takes what it is told."""

    @property
    def since(self) -> float:
        """Since when that is so."""

    @property
    def told(self) -> int:
        """Notifications that it took since start."""

    @property
    def given_up(self) -> int:
        """Those that it found fault with."""

    @property
    def failures(self) -> Mapping[str, int]:
        """Tries that failed, by reason."""

    @property
    def last_error(self) -> str:
        """In words; "" for none."""


class OutputsDesk(Protocol):
    """All outputs."""

    def statistics(self) -> Sequence[OutputStatus]:
        """How each fares, in the order of the settings."""

    async def test(self, name: str) -> str | None:
        """Tell one that this is a test: "" if it took that, else why not; None if there is none of that name."""


class Queues(Protocol):
    """What waits for each receiver of alarms, by the name that the outbox has for it."""

    @property
    def waiting(self) -> Mapping[str, int]:
        """How many notifications."""

    @property
    def oldest(self) -> Mapping[str, float]:
        """Since when the oldest of them waits; nothing of those for whom none does."""

    @property
    def given(self) -> Mapping[str, int]:
        """The last number that each was given."""

    @property
    def dropped(self) -> Mapping[tuple[str, str], int]:
        """What was let go since start, by receiver and severity."""


class NoOutputs:
    """Where none are configured."""

    def statistics(self) -> Sequence[OutputStatus]:
        """None."""
        return ()

    async def test(self, name: str) -> str | None:
        """There is none of any name."""
        return None
