"""What every output has in common: it takes notifications to somebody, or says why it could not.

Not here: any protocol, and what is done about a failure (`outputs`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from daemon.fleet.notifications import Alarm, Notification


class Told(NamedTuple):
    """A notification on its way to one receiver; `number` counts what that receiver is told, without a gap."""

    number: int
    notification: Notification


class NotTaken(Exception):
    """Nobody took it: `reason` counts, `why` is for operators and holds no secret.

    `wait` is how long the receiver itself asked us to stay away, in seconds. `hopeless` says that the receiver found
    fault with these very notifications, not with us: to send them again for ever would hold up all that follow.
    """

    def __init__(self, reason: str, why: str, *, wait: float = 0.0, hopeless: bool = False) -> None:
        super().__init__(why)
        self.reason = reason
        self.why = why
        self.wait = wait
        self.hopeless = hopeless


class Way(Protocol):
    """One output at work. It keeps nothing between two tries that the next try could not do without."""

    async def tell(self, told: Sequence[Told]) -> None:
        """Return when the receiver has taken all of them; `NotTaken` if not. Bounded by whoever calls."""

    async def refresh(self, active: Iterable[Alarm], now: float) -> None:
        """Say again what is active, to receivers that forget; `NotTaken` as above."""
