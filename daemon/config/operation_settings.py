"""How many phones operators may have something done to at a time, and how long each step of it may take.

With defaults, units and reasons, as in `settings`, whose part this is.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from daemon.config.block import MINUTE, Block, Positive


class Operations(Block):
    """Actions on many phones, and campaigns."""

    # Not ended yet. More at once would be asked of the same phones, which obey one order at a time.
    max_running: Annotated[int, Field(ge=1, le=1000)] = 20
    max_items: Annotated[int, Field(ge=1)] = 30_000  # devices of one: the whole of a large fleet
    # A NOTIFY is given up after 32 s (RFC 3261, 64*T1), and challenged and stale ones are sent three times at most.
    delivered_within: Positive = 2 * MINUTE
    restarted_within: Positive = 30 * MINUTE  # a graceful restart waits for the end of the call
    # provisioning/random_provisioning_time is 120 s by default, and a large firmware comes before the file.
    fetched_within: Positive = 10 * MINUTE
    registered_within: Positive = 5 * MINUTE
    proved_within: Positive = 15 * MINUTE  # reporting the version that was wanted, after all else was seen
    kept_days: Annotated[int, Field(ge=1)] = 30  # those that have ended
