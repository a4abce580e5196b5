"""What the fleet does about outputs of alarms that fail: an alarm, which the other receivers hear of.

Not here: how an output is told and when it counts as failed (`daemon.outputs`); SNMP managers.
"""

from __future__ import annotations

from daemon.fleet.alarms.catalogue import OUTPUT_DOWN
from daemon.fleet.alarms.trouble import RECEIVER, Trouble
from daemon.fleet.commands import Command
from daemon.fleet.events import OutputFailed, OutputRecovered, OutputsConfigured
from daemon.fleet.parts import Parts


def output_failed(parts: Parts, event: OutputFailed, now: float) -> list[Command]:
    """An output has not been reached for long."""
    return parts.alarms.report(Trouble.of(OUTPUT_DOWN, event.why[:100]), None, RECEIVER + event.receiver, now)


def output_recovered(parts: Parts, event: OutputRecovered, now: float) -> list[Command]:
    """It is reached; said after a start, too, when an alarm of before may be active."""
    alarm_id = Trouble.of(OUTPUT_DOWN).identity(RECEIVER + event.receiver)
    return parts.alarms.clear(alarm_id, now, None) if alarm_id in parts.alarms.active else []


def outputs_configured(parts: Parts, event: OutputsConfigured, now: float) -> list[Command]:
    """No alarm stays about an output that is none any more."""
    wanted = {RECEIVER + receiver for receiver in event.receivers}
    return parts.alarms.clear_others(OUTPUT_DOWN, wanted, now)
