"""What Prometheus is told of the alarm engine: who hears of what, what flaps, what is shelved, what is history.

As in `families`, which has everything else; how bad the active alarms are stands there, too, and why alarms moved is
`ringkeeper_decisions_total` with the rule "alarm".
"""

from __future__ import annotations

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from daemon.fleet.alarms.book import AlarmStatistics
from daemon.fleet.notifications import Telling
from daemon.observe.families import Families


def alarms(statistics: AlarmStatistics) -> Families:
    """The alarm engine."""
    gauge, counter = GaugeMetricFamily, CounterMetricFamily
    telling = gauge("ringkeeper_alarms_telling", "Active alarms by whether receivers hear of them.", labels=["telling"])
    for each in Telling:
        telling.add_metric([each], statistics.telling.get(each, 0))
    yield telling
    yield gauge("ringkeeper_alarms_flapping", "Active alarms that come and go too often.", statistics.flapping)
    yield gauge("ringkeeper_alarms_ending", "Active alarms whose clear waits.", statistics.ending)
    yield gauge("ringkeeper_sites_down", "Sites whose alarm is active.", statistics.sites_down)
    yield gauge("ringkeeper_alarm_shelves", "Shelves, begun or ahead.", statistics.shelves)
    yield counter("ringkeeper_alarms_recorded", "Alarms that became history, since the first.", statistics.recorded)
