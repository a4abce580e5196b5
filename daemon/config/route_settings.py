"""Which notifications a receiver gets: by tenant, severity and name. Common to SNMP managers and all other outputs.

Not here: the receivers (`snmp_settings`, `output_settings`), who queues what for them (`daemon.store.outbox`).
"""

from __future__ import annotations

from typing import Literal

from daemon.config.block import Block

SeverityName = Literal["indeterminate", "warning", "minor", "major", "critical"]


class Route(Block):
    """A receiver's choice. An alarm must fit all three; its changes and its clear go where its raise went."""

    tenants: tuple[str, ...] = ()  # empty: all, and what belongs to none; else only these tenants' alarms
    minimum: SeverityName = "indeterminate"  # the least severity that is sent; an alarm counts by its worst so far
    names: tuple[str, ...] = ("*",)  # of alarms, with * and ? as in a shell; one that begins with ! takes out again
