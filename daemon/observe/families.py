"""What Prometheus is told: one small function per statistics object, from its integers to named metric families.

Names begin with `ringkeeper_`, units are seconds, labels are bounded: states, reasons, listeners and configured
managers, never a MAC, number, address or URL. Not here: counting, collecting (`metrics`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import accumulate
from typing import TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric

from daemon.config.reload import ReloadStatistics
from daemon.fleet.call_book import MOS_STEPS, CallStatistics
from daemon.fleet.model import Presence, Reachability, Status
from daemon.fleet.notifications import Severity
from daemon.fleet.operations.book import OperationStatistics
from daemon.fleet.operations.operation import OperationState, Step
from daemon.fleet.records import NumberStatus
from daemon.fleet.roster import FleetStatistics
from daemon.http.limits import HttpStatistics
from daemon.http.operators.app import OperatorsStatistics
from daemon.http.phones.app import PhonesStatistics
from daemon.integrations.connectors import ConnectorStatistics
from daemon.integrations.phone_commands import PhoneCommandStatistics
from daemon.observe.watchdog import WatchdogStatistics
from daemon.provisioning.provisioner import ProvisioningStatistics
from daemon.sip.authentication import AuthenticationStatistics
from daemon.sip.connections import ConnectionStatistics
from daemon.sip.endpoint import SipStatistics
from daemon.sip.locator import LocatorStatistics
from daemon.sip.prober import ProberStatistics
from daemon.sip.resolver import ResolverStatistics
from daemon.sip.trace import TraceStatistics
from daemon.sip.transactions.client import ClientStatistics
from daemon.sip.transactions.server import ServerStatistics
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
    connections = _states(statistics.connections, Reachability)
    yield _gauges("ringkeeper_connection_reachability", "SIP connections by what pings say.", "state", connections)
    yield _gauges("ringkeeper_numbers", "Telephone numbers.", "status", _states(statistics.numbers, NumberStatus))
    active = [severity for severity in Severity if severity is not Severity.CLEARED]
    alarms = {severity.name.lower(): statistics.alarms.get(severity, 0) for severity in active}
    yield _gauges("ringkeeper_alarms_active", "Active alarms.", "severity", alarms)


def calls(statistics: CallStatistics) -> Families:
    """How calls sounded."""
    yield _gauge("ringkeeper_calls_remembered", "Calls within quality.window.", statistics.remembered)
    yield _counters("ringkeeper_calls", "Calls that ended, by verdict.", "verdict", statistics.verdicts)
    yield _counter("ringkeeper_calls_pushed_out", "Calls that made room in memory.", statistics.pushed_out)
    yield _counters("ringkeeper_quality_reports", "Voice quality reports taken, by kind.", "kind", statistics.reports)
    yield _counter("ringkeeper_quality_reports_repeated", "Reports that came twice or too late.", statistics.repeated)
    yield _mos(statistics)


def operations(statistics: OperationStatistics) -> Families:
    """Operations over many devices; how their devices ended is counted by reason among the decisions."""
    states = _states(statistics.states, OperationState)
    yield _gauges("ringkeeper_operations", "Operations that are kept, by state.", "state", states)
    steps = _states(statistics.steps, Step)
    yield _gauges("ringkeeper_operation_devices", "Their devices, by how far they are.", "step", steps)


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
    yield _counter("ringkeeper_sip_probes_pushed_out", "Missed, and no longer known if late.", statistics.pushed_out)
    yield _gauge("ringkeeper_sip_probes_outstanding", "Pings under way.", statistics.outstanding)
    yield _gauge("ringkeeper_sip_answers_waiting", "Answers that wait for the disk.", statistics.waiting)
    yield _counter("ringkeeper_sip_datagrams_received", "Datagrams of any kind.", statistics.received)
    yield _counter("ringkeeper_sip_requests", "Well-formed requests.", statistics.requests)
    yield _counter("ringkeeper_sip_registrations", "Registrations acknowledged.", statistics.registrations)
    yield _counter("ringkeeper_sip_life_signs", "Keep-alive packets of known devices.", statistics.life_signs)
    yield _counter("ringkeeper_sip_stun", "STUN binding requests and other STUN.", statistics.stun)
    yield _refused("sip", statistics.refused)
    yield from authentication(statistics.authentication)
    yield from server_transactions(statistics.servers)
    yield from client_transactions(statistics.clients)
    yield from transports(statistics.connections)


def authentication(statistics: AuthenticationStatistics) -> Families:
    """Who had to prove itself to register."""
    results = {"challenged": statistics.challenged, "stale": statistics.stale, "proved": statistics.proved}
    yield _counters("ringkeeper_sip_authentications", "REGISTERs by what came of asking.", "result", results)
    pushed_out = "Good nonces that made room."
    yield _counter("ringkeeper_sip_nonces_pushed_out", pushed_out, statistics.nonces_pushed_out)
    kept = {
        "nonces": statistics.nonces,
        "failing users": statistics.failing_users,
        "failing sources": statistics.failing_sources,
    }
    yield _gauges("ringkeeper_sip_authentication_kept", "What is remembered now to judge the next.", "kind", kept)


def server_transactions(statistics: ServerStatistics) -> Families:
    """Requests that came more than once, and the memory that tells them."""
    name = "ringkeeper_sip_server_transactions"
    results = {
        "new": statistics.new,
        "silent": statistics.silent,
        "replayed": statistics.replayed,
        "stateless": statistics.stateless,
        "given up": statistics.given_up,
    }
    yield _counters(name, "Requests by whether they were repetitions.", "result", results)
    states = {"trying": statistics.trying, "completed": statistics.completed}
    yield _gauges(f"{name}_kept", "Requests remembered now, to tell their repetitions.", "state", states)
    yield _gauge(f"{name}_bytes", "Answers remembered now.", statistics.bytes)


def client_transactions(statistics: ClientStatistics) -> Families:
    """Requests of our own other than pings."""
    name = "ringkeeper_sip_client_transactions"
    results = {
        "answered": statistics.answered,
        "timed out": statistics.timed_out,
        "unsent": statistics.unsent,
        "refused": statistics.refused,
    }
    yield _counter(f"{name}_started", "Requests of our own, pings aside.", statistics.started)
    yield _counter(f"{name}_sent_again", "Retransmissions of them.", statistics.sent_again)
    yield _counters(name, "What became of them; refused: too many at once.", "result", results)
    yield _counter(f"{name}_unmatched", "Answers that nobody waited for.", statistics.unmatched)
    yield _gauge(f"{name}_open", "Under way, or answered a moment ago.", statistics.open)


def traces(statistics: TraceStatistics) -> Families:
    """What is recorded of the devices that operators trace."""
    yield _gauge("ringkeeper_sip_traces", "Devices whose SIP messages are recorded now.", statistics.devices)
    yield _gauge("ringkeeper_sip_trace_bytes", "Recorded messages in memory now.", statistics.bytes)
    yield _counter("ringkeeper_sip_trace_messages", "Messages and remarks recorded.", statistics.recorded)
    yield _counter("ringkeeper_sip_trace_pushed_out", "Those that made room for newer ones.", statistics.pushed_out)
    yield _counter("ringkeeper_sip_traces_refused", "Traces not begun: too many others.", statistics.refused)


def resolver(statistics: ResolverStatistics) -> Families:
    """What DNS said about the names of SIP connections."""
    yield _counters("ringkeeper_dns_questions", "Questions by what came of them.", "result", statistics.results)
    yield _gauge("ringkeeper_dns_remembered", "Answers remembered.", statistics.remembered)


def locator(statistics: LocatorStatistics) -> Families:
    """Names of SIP connections looked up."""
    results = {"located": statistics.located, "failed": statistics.failed, "dropped": statistics.dropped}
    yield _counters("ringkeeper_sip_lookups", "Look-ups of SIP connections' names.", "result", results)
    yield _gauge("ringkeeper_sip_lookups_waiting", "Look-ups that wait for their turn.", statistics.waiting)


def prober(statistics: ProberStatistics) -> Families:
    """What was asked for by `/probe`."""
    yield _counters("ringkeeper_probes", "Probes asked for by /probe.", "result", statistics.results)
    yield _counters("ringkeeper_probes_refused", "Probes refused.", "reason", statistics.refused)
    yield _gauge("ringkeeper_probes_under_way", "Probes under way.", statistics.under_way)


def transports(statistics: ConnectionStatistics) -> Families:
    """SIP over TCP and TLS: connections and bytes."""
    name = "ringkeeper_sip_transport"
    yield _gauges(f"{name}_connections", "TCP and TLS connections open now.", "transport", statistics.open)
    yield _counters(f"{name}_accepted", "Connections accepted.", "transport", statistics.accepted)
    yield _counters(f"{name}_dialled", "Connections opened by the daemon.", "transport", statistics.dialled)
    yield _counters(f"{name}_closed", "Connections that were up and ended.", "reason", statistics.closed)
    yield _counters(f"{name}_failed", "Connections that never came up.", "reason", statistics.failed)
    yield _counters(f"{name}_refused", "Connections turned away, or not even begun.", "reason", statistics.refused)
    yield _counter(f"{name}_received_bytes", "Bytes received over TCP and TLS.", statistics.received)
    yield _counter(f"{name}_sent_bytes", "Bytes sent over TCP and TLS.", statistics.sent)
    yield _gauge(f"{name}_waiting_bytes", "Bytes of unfinished messages and for slow readers.", statistics.waiting)


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
    in_progress = {listener: statistics.in_progress}
    yield _gauges("ringkeeper_http_requests_in_progress", "Requests under way.", "listener", in_progress)
    handshakes = CounterMetricFamily(
        "ringkeeper_http_handshakes", "TLS handshakes by what came of them.", labels=("listener", "result")
    )
    for result, count in statistics.handshakes.items():
        handshakes.add_metric((listener, result), count)
    yield handshakes
    yield _refused(listener, statistics.refused)


def phones(statistics: PhonesStatistics) -> Families:
    """What phones reported and fetched."""
    yield _counter("ringkeeper_keep_alives", "Keep-alives taken.", statistics.keep_alives)
    yield _counter("ringkeeper_phone_alerts", "Alarm messages of phones taken.", statistics.alerts)
    files = {"config": statistics.files, "firmware": statistics.firmware}
    yield _counters("ringkeeper_files_served", "Files handed to phones.", "kind", files)
    yield _counter("ringkeeper_firmware_aborted", "Firmware downloads cut off.", statistics.firmware_aborted)
    yield _counter("ringkeeper_user_files", "Files of their own that phones sent us.", statistics.user_files)
    yield _counters("ringkeeper_phone_requests_refused", "Refused by content.", "reason", statistics.refused)
    yield _counters("ringkeeper_phone_proofs", "Own files and reports, by what decided.", "proof", statistics.proofs)
    yield _counters("ringkeeper_phone_logins", "HTTP logins by verdict.", "verdict", statistics.logins.verdicts)
    yield _counter("ringkeeper_phone_login_challenges", "Phones asked to log in.", statistics.logins.challenged)
    pushed_out = statistics.logins.nonces_pushed_out
    yield _counter("ringkeeper_phone_nonces_pushed_out", "Good nonces that made room.", pushed_out)
    guessers = statistics.guessers
    yield _counters("ringkeeper_phone_guesses", "Different guesses of one address.", "kind", guessers.guesses)
    yield _counter("ringkeeper_phone_guesses_turned_away", "Refused unseen: a slowed address.", guessers.turned_away)
    yield _gauge("ringkeeper_phone_guessers", "Addresses slowed now.", guessers.slowed)
    kept = {"guesses": guessers.remembered, "nonces": statistics.logins.nonces}
    yield _gauges("ringkeeper_phone_first_contact_kept", "What is remembered now to judge the next.", "kind", kept)


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
    """What the disk keeps."""
    yield _gauge("ringkeeper_store_pending", "Changes not yet durable.", statistics.pending)
    yield _gauge("ringkeeper_store_failing", "1 while the disk refuses.", statistics.failing)
    yield _counter("ringkeeper_store_commits", "Transactions made durable.", statistics.groups)
    yield _counter("ringkeeper_store_rows", "Rows they touched.", statistics.rows)
    yield _counter("ringkeeper_store_failures", "Commits the disk refused.", statistics.failures)
    yield _counter("ringkeeper_store_commit_seconds", "Time spent in commits.", statistics.syncing_ms / 1000)
    yield _counter("ringkeeper_store_mended", "Commits with a value that had to be changed.", statistics.mended)
    let_go = {"refused": statistics.trimmed, "age": statistics.pruned}
    yield _counters("ringkeeper_store_timeline_let_go", "Timeline steps let go.", "reason", let_go)
    yield _counter("ringkeeper_store_calls_let_go", "Calls deleted for age or number.", statistics.calls_let_go)
    yield _counter("ringkeeper_store_alarms_let_go", "Ended alarms deleted, old or surplus.", statistics.alarms_let_go)
    yield _counter("ringkeeper_store_journal_let_go", "Told notifications deleted for age.", statistics.journal_let_go)


def connectors(statistics: tuple[ConnectorStatistics, ...]) -> Families:
    """How the servers fare whose registrations we learn."""
    up = {one.server: one.up for one in statistics}
    yield _gauges("ringkeeper_connector_up", "1 while a server's lists come.", "server", up)
    meaning = "Registered users; known: a device has the number."
    contacts = GaugeMetricFamily("ringkeeper_connector_contacts", meaning, labels=("server", "user"))
    by_reason = ("server", "reason")
    failures = CounterMetricFamily("ringkeeper_connector_failures", "Failures of asking a server.", labels=by_reason)
    skipped = CounterMetricFamily("ringkeeper_connector_skipped", "Contacts of no use.", labels=by_reason)
    for one in statistics:
        contacts.add_metric((one.server, "known"), one.contacts)
        contacts.add_metric((one.server, "unknown"), one.unknown)
        for reason, count in one.failures.items():
            failures.add_metric((one.server, reason), count)
        for reason, count in one.skipped.items():
            skipped.add_metric((one.server, reason), count)
    yield from (contacts, failures, skipped)
    refreshed = {one.server: one.refreshed_at for one in statistics if one.refreshed_at is not None}
    yield _gauges("ringkeeper_connector_refreshed_seconds", "When a whole list last came.", "server", refreshed)


def phone_commands(statistics: PhoneCommandStatistics) -> Families:
    """Commands to phones' own servers."""
    meaning = "Commands to phones' own servers, by what became of them."
    yield _counters("ringkeeper_phone_commands", meaning, "outcome", statistics.ended)
    states = {"waiting": statistics.waiting, "under way": statistics.under_way}
    yield _gauges("ringkeeper_phone_commands_now", "Those that have not ended.", "state", states)


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


def _mos(statistics: CallStatistics) -> Metric:
    """Cumulative, as Prometheus has histograms; the steps are those of G.107."""
    counts = accumulate(statistics.mos_at_most.get(step, 0) for step in (*MOS_STEPS, math.inf))
    buckets = [(str(step), count) for step, count in zip((*MOS_STEPS, "+Inf"), counts, strict=True)]
    return HistogramMetricFamily("ringkeeper_call_mos", "MOS of calls that ended.", buckets, statistics.mos_sum)


def _states(counts: Mapping[_State, int], states: type[_State]) -> dict[str, float]:
    """Every state with its count, the empty ones too: a series that appears late hides its own first step."""
    return {str(state): counts.get(state, 0) for state in states}


def _refused(listener: str, reasons: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily("ringkeeper_refused", "Refused before use.", labels=("listener", "reason"))
    for reason, count in reasons.items():
        family.add_metric((listener, reason), count)
    return family
