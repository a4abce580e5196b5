"""What Prometheus is told of the pings that had to wait, as in `families`, which has everything else."""

from __future__ import annotations

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from daemon.fleet.pace import PaceStatistics
from daemon.observe.families import Families


def pace(statistics: PaceStatistics) -> Families:
    """Pings that are late because `qualify.max_rate` or `qualify.site_rate` was used up."""
    held_back = CounterMetricFamily("ringkeeper_sip_pings_held_back", "Pings that had to wait.", labels=["limit"])
    for limit, count in statistics.held_back.items():
        held_back.add_metric([limit], count)
    yield held_back
    yield GaugeMetricFamily("ringkeeper_sip_pings_waiting", "Pings that are due and wait.", statistics.waiting)
