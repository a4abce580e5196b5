"""A probe's findings in Prometheus' text, under the names that blackbox_exporter gave them.

So dashboards and alert rules made for blackbox work with only the job's name changed; what SIP adds is named in the
same manner. Not here: probing (`daemon.sip.prober`), HTTP (`daemon.http.operators.probe`).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from daemon.sip.prober import ProbeReport

_FNV_OFFSET, _FNV_PRIME = 2166136261, 16777619


class Prober(Protocol):
    """Who probes."""

    async def probe(self, target: str, module: str, seconds: float) -> ProbeReport:
        """Ask the target once."""


async def answer(prober: Prober, target: str, module: str, seconds: float, debug: bool) -> bytes:
    """Probe, and say what was found; `debug` puts what happened in front of it. `BadMessage` as the prober's."""
    report = await prober.probe(target, module, seconds)
    metrics = text(report)
    if not debug:
        return metrics
    story = "".join(f"{line}\n" for line in report.log)
    return f"Probe of {target} by {module}:\n{story}\nMetrics that would have been returned:\n".encode() + metrics


def text(report: ProbeReport) -> bytes:
    """The findings in the text format 0.0.4."""
    registry = CollectorRegistry()
    registry.register(_Findings(report))
    return generate_latest(registry)


def address_hash(address: str) -> int:
    """FNV-1a of the address's bytes, 32 bits: blackbox's way to show that an address changed without naming it."""
    value = _FNV_OFFSET
    for byte in ip_address(address).packed:
        value = (value ^ byte) * _FNV_PRIME & 0xFFFFFFFF
    return value


class _Findings(Collector):
    def __init__(self, report: ProbeReport) -> None:
        self._report = report

    def collect(self) -> Iterator[Metric]:
        report = self._report
        yield _gauge("probe_success", "Displays whether or not the probe was a success", report.success)
        yield _gauge(
            "probe_duration_seconds", "Returns how long the probe took to complete in seconds", report.duration
        )
        lookup = "Returns the time taken for probe dns lookup in seconds"
        yield _gauge("probe_dns_lookup_time_seconds", lookup, report.phases["resolve"])
        if report.address:
            version = ip_address(report.address).version
            yield _gauge("probe_ip_protocol", "Specifies whether probe ip protocol is IP4 or IP6", version)
            said = "Specifies the hash of IP address. It's useful to detect if the IP address changes."
            yield _gauge("probe_ip_addr_hash", said, address_hash(report.address))
        yield _gauge("probe_sip_status_code", "Status of the final answer, 0 without one", report.status)
        phases = GaugeMetricFamily("probe_sip_duration_seconds", "Duration of the probe by phase", labels=("phase",))
        for phase, seconds in report.phases.items():
            phases.add_metric((phase,), seconds)
        yield phases
        if report.certificate_ends is not None:
            said = "Returns last SSL chain expiry in unixtime"
            yield _gauge("probe_ssl_earliest_cert_expiry", said, report.certificate_ends)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value)
