"""What Prometheus is told: one small function per statistics object, from its integers to named metric families.

Names begin with `ringkeeper_`, units are seconds, labels are bounded: states, reasons, listeners and configured
managers, never a MAC, number, address or URL. Not here: counting, collecting (`metrics`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric

from daemon.config.reload import ReloadStatistics
from daemon.fleet.model import Presence, Reachability, Status
from daemon.fleet.notifications import Severity
from daemon.fleet.records import NumberStatus
from daemon.fleet.roster import FleetStatistics
from daemon.http.limits import HttpStatistics
from daemon.http.operators.app import OperatorsStatistics
from daemon.http.phones.app import PhonesStatistics
from daemon.observe.watchdog import WatchdogStatistics
from daemon.provisioning.provisioner import ProvisioningStatistics
from daemon.sip.endpoint import SipStatistics
from daemon.snmp.sender import SenderStatistics
from daemon.store.store import StoreStatistics

Families = Iterator[Metric]
_State = TypeVar("_State", bound=StrEnum)


def build(version: str) -> Families:
    """Which program this is."""
    yield InfoMetricFamily("ringkeeper_build", "The running version.", {"version": version})


def reloads(statistics: ReloadStatistics) -> Families:
    """Whether the configuration on disk is the one in force."""
    last = "ringkeeper_config_last_reload_success"
    yield _gauge(f"{last}ful", "1 if the last reload took the configuration over.", int(statistics.successful))
    yield _gauge(f"{last}_timestamp_seconds", "When a configuration was last taken over.", statistics.succeeded_at)


def fleet(statistics: FleetStatistics) -> Families:
    """How many devices, alarms and numbers in which state."""
    yield _gauge("ringkeeper_devices", "Devices defined or waiting for approval.", statistics.devices)
    yield _gauge("ringkeeper_devices_unapproved", "Devices waiting for approval.", statistics.unapproved)
    reachability = _states(statistics.reachability, Reachability)
    yield _gauges("ringkeeper_device_reachability", "Devices by what SIP pings say.", "state", reachability)
    presence = _states(statistics.presence, Presence)
    yield _gauges("ringkeeper_device_presence", "Devices by what their reports say.", "state", presence)
    yield _gauges("ringkeeper_device_status", "Devices by status.", "state", _states(statistics.status, Status))
    yield _gauges("ringkeeper_numbers", "Telephone numbers.", "status", _states(statistics.numbers, NumberStatus))
    active = [severity for severity in Severity if severity is not Severity.CLEARED]
    alarms = {severity.name.lower(): statistics.alarms.get(severity, 0) for severity in active}
    yield _gauges("ringkeeper_alarms_active", "Active alarms.", "severity", alarms)


def decisions(counts: Mapping[tuple[str, str], int]) -> Families:
    """Why the rules decided as they did."""
    family = CounterMetricFamily("ringkeeper_decisions", "Decisions by rule and reason.", labels=("rule", "reason"))
    for labels, count in counts.items():
        family.add_metric(labels, count)
    yield family


def sip(statistics: SipStatistics) -> Families:
    """Pings and registrations."""
    yield _counter("ringkeeper_sip_pings_sent", "OPTIONS pings sent; each is one datagram.", statistics.sent)
    results = {"answered": statistics.answered, "late": statistics.late, "missed": statistics.missed}
    yield _counters("ringkeeper_sip_probes", "What became of pings.", "result", results)
    yield _gauge("ringkeeper_sip_probes_outstanding", "Pings under way.", statistics.outstanding)
    yield _gauge("ringkeeper_sip_answers_waiting", "Answers that wait for the disk.", statistics.waiting)
    yield _counter("ringkeeper_sip_datagrams_received", "Datagrams of any kind.", statistics.received)
    yield _counter("ringkeeper_sip_requests", "Well-formed requests.", statistics.requests)
    yield _counter("ringkeeper_sip_registrations", "Registrations acknowledged.", statistics.registrations)
    yield _counter("ringkeeper_sip_life_signs", "Keep-alive packets of known devices.", statistics.life_signs)
    yield _refused("sip", statistics.refused)


def http(listener: str, statistics: HttpStatistics) -> Families:
    """One HTTP listener, "phones" or "operators"."""
    yield _gauges("ringkeeper_http_connections", "Open now.", "listener", {listener: statistics.connections})
    for name, meaning, count in (
        ("connections_accepted", "Connections accepted.", statistics.accepted),
        ("requests", "Requests begun.", statistics.requests),
        ("requests_aborted", "Requests whose peer left.", statistics.aborted),
        ("failures", "Requests that failed by our fault.", statistics.failures),
    ):
        yield _counters(f"ringkeeper_http_{name}", meaning, "listener", {listener: count})
    responses = CounterMetricFamily("ringkeeper_http_responses", "Responses by class.", labels=("listener", "class"))
    for kind, count in statistics.responses.items():
        responses.add_metric((listener, kind), count)
    yield responses
    yield _refused(listener, statistics.refused)


def phones(statistics: PhonesStatistics) -> Families:
    """What phones reported and fetched."""
    yield _counter("ringkeeper_keep_alives", "Keep-alives taken.", statistics.keep_alives)
    yield _counter("ringkeeper_phone_alerts", "Alarm messages of phones taken.", statistics.alerts)
    files = {"config": statistics.files, "firmware": statistics.firmware}
    yield _counters("ringkeeper_files_served", "Files handed to phones.", "kind", files)
    yield _counter("ringkeeper_firmware_aborted", "Firmware downloads cut off.", statistics.firmware_aborted)
    yield _counters("ringkeeper_phone_requests_refused", "Refused by content.", "reason", statistics.refused)


def provisioning(statistics: ProvisioningStatistics) -> Families:
    """What configuration files phones got, and how the cache of finished files fares."""
    served = statistics.served
    yield _counters(
        "ringkeeper_config_files_served", "Configuration files, complete or stripped of secrets.", "kind", served
    )
    found = {"hit": statistics.cache_hits, "miss": statistics.cache_misses, "evicted": statistics.cache_evictions}
    yield _counters("ringkeeper_file_cache", "Finished files looked up, and those that made room.", "result", found)
    yield _gauge("ringkeeper_file_cache_bytes", "Finished files kept now.", statistics.cached_bytes)


def operators(statistics: OperatorsStatistics) -> Families:
    """Who uses the operators' listener."""
    yield _gauge("ringkeeper_operator_sessions", "Browser sessions now.", statistics.sessions)
    yield _counter(
        "ringkeeper_operator_sessions_pushed_out", "Sessions ended by newer ones.", statistics.sessions_pushed_out
    )
    yield _counter("ringkeeper_operator_wrong_tokens", "Tokens that opened nothing.", statistics.wrong_tokens)
    yield _gauge("ringkeeper_operator_live_streams", "Pages that follow the fleet live.", statistics.live.listeners)


def store(statistics: StoreStatistics) -> Families:
    """What the disk keeps, and what waits to be told."""
    yield _gauge("ringkeeper_store_pending", "Changes not yet durable.", statistics.pending)
    yield _gauge("ringkeeper_store_failing", "1 while the disk refuses.", statistics.failing)
    yield _counter("ringkeeper_store_commits", "Transactions made durable.", statistics.groups)
    yield _counter("ringkeeper_store_rows", "Rows they touched.", statistics.rows)
    yield _counter("ringkeeper_store_failures", "Commits the disk refused.", statistics.failures)
    yield _counter("ringkeeper_store_commit_seconds", "Time spent in commits.", statistics.syncing_ms / 1000)
    yield _counter("ringkeeper_store_mended", "Commits with a value that had to be changed.", statistics.mended)
    let_go = {"refused": statistics.trimmed, "age": statistics.pruned}
    yield _counters("ringkeeper_store_timeline_let_go", "Timeline steps let go.", "reason", let_go)
    outbox = statistics.outbox
    yield _gauges("ringkeeper_outbox_pending", "Notifications that wait.", "manager", outbox.waiting)
    ends = {"settled": outbox.settled, "overflowed": outbox.overflowed, "orphaned": outbox.orphaned}
    yield _counters("ringkeeper_outbox_entries", "Notifications that left the outbox.", "end", ends)


def sender(statistics: SenderStatistics) -> Families:
    """What became of notifications."""
    results = {
        "sent": statistics.sent,
        "acknowledged": statistics.acknowledged,
        "rejected": statistics.rejected,
        "retried": statistics.retries,
    }
    yield _counters("ringkeeper_notifications", "Notifications by what became of them.", "result", results)
    yield _counters("ringkeeper_notification_failures", "Failed attempts.", "reason", statistics.failures)
    yield _counters("ringkeeper_notification_answers_ignored", "Stray answers.", "reason", statistics.ignored)
    oldest = "Age of what a manager has not acknowledged yet."
    yield _gauges("ringkeeper_outbox_oldest_seconds", oldest, "manager", statistics.oldest)


def watchdog(statistics: WatchdogStatistics) -> Families:
    """How the main loop is doing."""
    yield _gauge("ringkeeper_loop_lag_seconds", "How late the main loop was at its last turn.", statistics.lag)
    yield _gauge("ringkeeper_loop_lag_worst_seconds", "The worst since start.", statistics.worst_lag)
    yield _counter("ringkeeper_loop_late_turns", "Turns that were noticeably late.", statistics.late_turns)
    yield _gauge("ringkeeper_clock_drift_seconds", "System clock minus the daemon's.", statistics.drift)
    signs = {"given": statistics.petted, "withheld": statistics.withheld}
    yield _counters("ringkeeper_watchdog_signs", "Signs of life due to the service manager.", "result", signs)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value)


def _counter(name: str, meaning: str, value: float) -> Metric:
    return CounterMetricFamily(name, meaning, value)


def _gauges(name: str, meaning: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), value)
    return family


def _counters(name: str, meaning: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(name, meaning, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), value)
    return family


def _states(counts: Mapping[_State, int], states: type[_State]) -> dict[str, float]:
    """Every state with its count, the empty ones too: a series that appears late hides its own first step."""
    return {str(state): counts.get(state, 0) for state in states}


def _refused(listener: str, reasons: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily("ringkeeper_refused", "Refused before use.", labels=("listener", "reason"))
    for reason, count in reasons.items():
        family.add_metric((listener, reason), count)
    return family
