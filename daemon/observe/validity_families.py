"""What Prometheus is told of what ends by its date: the licence, and the certificates that our listeners show.

As in `families`, which has everything else.
"""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.core import GaugeMetricFamily

from daemon.fleet.licence import LicenceStatus
from daemon.observe.families import Families


def licence(status: LicenceStatus) -> Families:
    """How the licence stands; what is unlimited has no value."""
    limit = GaugeMetricFamily("ringkeeper_licence_devices", "Devices that the licence is for.")
    left = GaugeMetricFamily("ringkeeper_licence_days_left", "Until the licence expires; below 0 after.")
    if status.limit:
        limit.add_metric([], status.limit)
    if status.expires:
        left.add_metric([], status.days_left or 0)
    yield limit
    yield left
    yield GaugeMetricFamily("ringkeeper_devices_blocked", "Devices beyond the licence.", status.blocked)


def certificates(ends_at: Mapping[str, float]) -> Families:
    """Until when each listener's certificate is good."""
    name = "ringkeeper_certificate_expires_timestamp_seconds"
    family = GaugeMetricFamily(name, "When a listener's certificate ends.", labels=["listener"])
    for listener, at in ends_at.items():
        family.add_metric([listener], at)
    yield family
