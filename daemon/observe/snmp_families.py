"""What Prometheus is told of SNMP: notifications on their way to managers, those of others, our engine of version 3.

As in `families`, which has everything else.
"""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from daemon.observe.families import Families
from daemon.snmp.agent.responder import AgentStatistics
from daemon.snmp.receiver.receiver import ReceiverStatistics
from daemon.snmp.sending.sender import SenderStatistics
from daemon.snmp.v3.engine import EngineStatistics


def sender(statistics: SenderStatistics) -> Families:
    """What became of notifications."""
    results = {
        "sent": statistics.sent,
        "acknowledged": statistics.acknowledged,
        "rejected": statistics.rejected,
        "retried": statistics.retries,
        "heartbeat": statistics.heartbeats,
        "cold_start": statistics.cold_starts,
    }
    yield _counters("ringkeeper_notifications", "Notifications by what became of them.", "result", results)
    yield _counters("ringkeeper_notification_failures", "Failed attempts.", "reason", statistics.failures)
    yield _counters("ringkeeper_notification_answers_ignored", "Stray answers.", "reason", statistics.ignored)
    yield _counters("ringkeeper_notification_reports", "Reports of v3 managers.", "reason", statistics.reports)
    age = GaugeMetricFamily(
        "ringkeeper_outbox_oldest_seconds", "Age of what a manager has not acknowledged yet.", labels=("manager",)
    )
    for manager, seconds in statistics.oldest.items():
        age.add_metric((manager,), seconds)
    yield age


def receiver(statistics: ReceiverStatistics) -> Families:
    """Notifications of devices."""
    gauge, counter = GaugeMetricFamily, CounterMetricFamily
    yield counter("ringkeeper_traps_heard", "Datagrams that came to the trap receiver.", statistics.received)
    yield counter(
        "ringkeeper_traps_overflown",
        "Datagrams for it that our kernel threw away before we read them.",
        statistics.overflown,
    )
    yield _counters("ringkeeper_traps_taken", "Notifications of our devices, by kind.", "kind", statistics.taken)
    yield _counters("ringkeeper_traps_ignored", "Datagrams not taken.", "reason", statistics.ignored)
    yield counter("ringkeeper_informs_acknowledged", "Informs of devices that were answered.", statistics.acknowledged)
    yield gauge("ringkeeper_informs_waiting", "Informs of devices that wait for the disk.", statistics.waiting)
    yield gauge("ringkeeper_trap_kinds_unknown", "Kinds of trap that nobody understood.", statistics.kinds)


def engine(statistics: EngineStatistics) -> Families:
    """Our SNMPv3 engine, and what it thinks of others."""
    info = GaugeMetricFamily("ringkeeper_snmp_engine_boots", "Starts with this SNMPv3 engine.", labels=("engine_id",))
    info.add_metric((statistics.engine_id,), statistics.boots)
    yield info
    yield _counters("ringkeeper_snmp_usm_refused", "SNMPv3 messages not accepted.", "reason", statistics.refused)
    yield GaugeMetricFamily("ringkeeper_snmp_engines_known", "Engines whose traps are remembered.", statistics.known)
    yield CounterMetricFamily(
        "ringkeeper_snmp_engines_forgotten", "Engines that made room for others.", statistics.forgotten
    )


def agent(statistics: AgentStatistics) -> Families:
    """Who asks us."""
    counter = CounterMetricFamily
    yield counter("ringkeeper_agent_received", "Datagrams that came to the SNMP agent.", statistics.received)
    yield _counters("ringkeeper_agent_answered", "Questions answered, by PDU.", "pdu", statistics.answered)
    yield _counters("ringkeeper_agent_ignored", "Datagrams met with silence.", "reason", statistics.ignored)
    yield counter("ringkeeper_agent_reports", "Reports to those who ask by v3.", statistics.reports)
    yield counter("ringkeeper_agent_renewals", "Times that rows were looked for anew.", statistics.renewals)


def _counters(name: str, meaning: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, meaning, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), value)
    return family
