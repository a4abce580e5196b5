from __future__ import annotations

from daemon.observe.families import Families
from daemon.observe.snmp_families import agent, engine, receiver, sender
from daemon.snmp.agent.responder import AgentStatistics
from daemon.snmp.receiver.receiver import ReceiverStatistics
from daemon.snmp.sending.sender import SenderStatistics
from daemon.snmp.v3.engine import EngineStatistics

SENDER = SenderStatistics(
    sent=50,
    acknowledged=40,
    rejected=1,
    retries=9,
    heartbeats=3,
    cold_starts=2,
    failures={"timeout": 8},
    ignored={"truncated": 4},
    reports={"unknown_engine": 5},
    oldest={"nms:162/ringkeeper": 3.5},
)


def samples(families: Families) -> dict[str, float]:
    """Every sample: its name, then the values of its labels."""
    return {
        " ".join((sample.name.removeprefix("ringkeeper_"), *sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_every_figure_of_the_sender_is_told() -> None:
    assert samples(sender(SENDER)) == {
        "notifications_total sent": 50,
        "notifications_total acknowledged": 40,
        "notifications_total rejected": 1,
        "notifications_total retried": 9,
        "notifications_total heartbeat": 3,
        "notifications_total cold_start": 2,
        "notification_failures_total timeout": 8,
        "notification_answers_ignored_total truncated": 4,
        "notification_reports_total unknown_engine": 5,
        "outbox_oldest_seconds nms:162/ringkeeper": 3.5,
    }


def test_every_figure_of_the_agent_is_told() -> None:
    asked = AgentStatistics(received=9, answered={"GET": 4}, ignored={"community": 2}, reports=1, renewals=3)
    assert samples(agent(asked)) == {
        "agent_received_total": 9,
        "agent_answered_total GET": 4,
        "agent_ignored_total community": 2,
        "agent_reports_total": 1,
        "agent_renewals_total": 3,
    }


def test_the_engine_says_who_it_is_and_whom_it_refused() -> None:
    assert samples(engine(EngineStatistics("0x80007ed905", 7, {"wrong_digest": 2}, 4, 1))) == {
        "snmp_engine_boots 0x80007ed905": 7,
        "snmp_usm_refused_total wrong_digest": 2,
        "snmp_engines_known": 4,
        "snmp_engines_forgotten_total": 1,
    }


def test_every_figure_of_the_receiver_is_told() -> None:
    heard = ReceiverStatistics(
        received=9,
        overflown=2,
        taken={"keep_alive": 5},
        ignored={"community": 3},
        acknowledged=4,
        waiting=1,
        kinds=6,
    )
    assert samples(receiver(heard)) == {
        "traps_heard_total": 9,
        "traps_overflown_total": 2,
        "traps_taken_total keep_alive": 5,
        "traps_ignored_total community": 3,
        "informs_acknowledged_total": 4,
        "informs_waiting": 1,
        "trap_kinds_unknown": 6,
    }
