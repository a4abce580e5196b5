"""What Prometheus is told of what waits for receivers of alarms, and what became of the rest; as in `families`."""

from __future__ import annotations

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from daemon.observe.families import Families
from daemon.store.outbox import OutboxStatistics


def outbox(statistics: OutboxStatistics) -> Families:
    """The queues of SNMP managers, which are the labels `manager` of old, and of all other outputs."""
    pending = GaugeMetricFamily("ringkeeper_outbox_pending", "Notifications that wait.", labels=["manager"])
    oldest = GaugeMetricFamily(
        "ringkeeper_outbox_waiting_since_seconds", "Since when the oldest notification waits.", labels=["receiver"]
    )
    number = GaugeMetricFamily("ringkeeper_outbox_number", "The last number given.", labels=["receiver"])
    for family, values in ((pending, statistics.waiting), (oldest, statistics.oldest), (number, statistics.given)):
        for receiver, value in values.items():
            family.add_metric([receiver], value)
    yield from (pending, oldest, number)

    entries = CounterMetricFamily("ringkeeper_outbox_entries", "Notifications that left the outbox.", labels=["end"])
    for end, count in statistics.left.items():
        entries.add_metric([end], count)
    by_severity, by_reason = ["receiver", "severity"], ["receiver", "reason"]
    dropped = CounterMetricFamily("ringkeeper_outbox_dropped", "Let go for room or age.", labels=by_severity)
    for (receiver, severity), count in statistics.dropped.items():
        dropped.add_metric([receiver, severity], count)
    routed = CounterMetricFamily("ringkeeper_outbox_routed", "Notifications looked at.", labels=by_reason)
    for (receiver, reason), count in statistics.routed.items():
        routed.add_metric([receiver, reason], count)
    yield from (entries, dropped, routed)
    yield CounterMetricFamily("ringkeeper_outbox_again", "Notifications queued again by a resync.", statistics.again)
