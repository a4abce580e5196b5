"""What Prometheus is told of the outputs of alarms. As in `families`, which has everything else."""

from __future__ import annotations

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from daemon.observe.families import Families
from daemon.outputs.outputs import OutputStatistics


def outputs(statistics: tuple[OutputStatistics, ...]) -> Families:
    """How each output of alarms fares; what waits for it stands among the outbox's."""
    up = GaugeMetricFamily(
        "ringkeeper_output_up", "1 while an output takes what it is told.", labels=("output", "kind")
    )
    told = CounterMetricFamily("ringkeeper_output_told", "Notifications that were taken.", labels=("output",))
    meaning = "Notifications that a receiver found fault with."
    given_up = CounterMetricFamily("ringkeeper_output_given_up", meaning, labels=("output",))
    meaning = "Tries that failed."
    failures = CounterMetricFamily("ringkeeper_output_failures", meaning, labels=("output", "reason"))
    for one in statistics:
        up.add_metric((one.name, one.kind), one.up)
        told.add_metric((one.name,), one.told)
        given_up.add_metric((one.name,), one.given_up)
        for reason, count in one.failures.items():
            failures.add_metric((one.name, reason), count)
    yield from (up, told, given_up, failures)
