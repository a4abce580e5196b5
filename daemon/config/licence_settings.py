"""The licence: for how many devices and how long this installation is meant, and what follows when it is used up.

The vendor's manager gets such terms from its platform; here whoever runs Ringkeeper for somebody else writes them down.
Without any, nothing is limited. Not here: what follows (`daemon.fleet.licence`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from daemon.config.block import Block

Count = Annotated[int, Field(ge=1)]


class Licence(Block):
    """Its terms. Days begin and end at midnight UTC."""

    devices: Count | None = None  # approved ones, over all; none: unlimited
    tenants: dict[str, Count] = Field(default_factory=dict)  # of single tenants, within `devices`
    starts: date | None = None
    expires: date | None = None  # its last day; none: it never ends
    # go_on: alarms say so, and nothing else happens, because a fleet that nobody watches is worse than an overdue bill.
    # suspend: as the vendor's manager, which pings and hears nobody and lets no operator in (but at the Unix socket).
    after_expiry: Literal["go_on", "suspend"] = "go_on"

    @model_validator(mode="after")
    def _a_period(self) -> Self:
        if self.expires is not None and self.starts is None:
            raise ValueError("expires needs starts: the first alarm comes when 80 % of the period between them is over")
        if self.expires is not None and self.starts is not None and self.expires < self.starts:
            raise ValueError("expires lies before starts")
        return self
