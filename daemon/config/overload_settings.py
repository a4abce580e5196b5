"""The settings of the alarm about ourselves: from when on Ringkeeper counts as overloaded, and when as well again.

Each sign has a limit to enter and a lower one to leave. Not here: measuring (`daemon.observe.load`), the rule
(`daemon.fleet.alarms.overload`).
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from daemon.config.block import MINUTE, Block, Positive

Share = Annotated[float, Field(gt=0, le=1)]


class Overload(Block):
    """From when on we do not keep up."""

    # Of the watchdog's turns, two a second. One that is 250 ms late lies about round trips; half of them is no chance.
    late_turns: Share = 0.5
    late_turns_clear: Annotated[float, Field(ge=0, lt=1)] = 0.1
    # Requests and connections sent away in a second, both listeners together. One would do: phones are to be served.
    turned_away: Annotated[float, Field(gt=0)] = 1.0
    turned_away_clear: Annotated[float, Field(ge=0)] = 0.1
    # Of `store.max_pending`: at all of it, phones are told 503.
    pending: Share = 0.5
    pending_clear: Annotated[float, Field(ge=0, lt=1)] = 0.1
    # A boot storm of all phones is spread over a minute (`Retry-After`) and is no overload.
    after: Positive = MINUTE
    calm: Positive = 2 * MINUTE  # all of it below the lower limits for so long: twice as sure as at its beginning

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name in ("late_turns", "turned_away", "pending"):
            if getattr(self, f"{name}_clear") >= getattr(self, name):
                raise ValueError(f"{name}_clear must be below {name}, or the alarm would begin and end at once")
        return self
