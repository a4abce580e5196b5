"""What every block of the settings is made of: strict, frozen, with quantities that cannot be nonsense.

Not here: any setting (`settings`, `http_settings`).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from daemon.config.durations import Duration

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

Port = Annotated[int, Field(ge=1, le=65535)]
Positive = Annotated[Duration, Field(gt=0)]


class Block(BaseModel):
    """A block of the configuration: unknown keys are errors, values never change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
