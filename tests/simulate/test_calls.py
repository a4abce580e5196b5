from __future__ import annotations

from random import Random

import pytest

from daemon.config.settings import Quality
from daemon.fleet.model import Status
from daemon.fleet.quality import completed, judge_call
from daemon.simulate.calls import make_call, session_report
from daemon.simulate.plan import plan_fleet
from daemon.sip.vq_report import parse_report

PHONE = plan_fleet(1).phones[0].identity
DOMAIN = "pbx-a.example.net"


def verdict(number: int, *, poor: bool) -> Status:
    """What the daemon makes of the report of a call."""
    call = make_call(Random(number), 1_699_999_970.0, 1_700_000_000.0, poor=poor)
    report = parse_report(session_report(call, PHONE, DOMAIN))
    return judge_call(completed(report.local_metrics), None, (), Quality())[0]


def test_most_calls_are_good_a_few_middling_and_none_bad() -> None:
    verdicts = [verdict(number, poor=False) for number in range(300)]
    assert 0 < verdicts.count(Status.WARNING) < 30
    assert verdicts.count(Status.OK) + verdicts.count(Status.WARNING) == 300


@pytest.mark.parametrize("number", range(20))
def test_every_call_over_a_poor_line_is_bad(number: int) -> None:
    assert verdict(number, poor=True) is Status.ERROR


def test_a_report_says_whose_call_it_was_with_whom_and_when() -> None:
    call = make_call(Random(1), 1_699_999_970.0, 1_700_000_000.0, poor=False)
    report = parse_report(session_report(call, PHONE, DOMAIN))
    assert (report.local_mac, report.local) == (PHONE.mac, f"sip:{PHONE.number}@{DOMAIN}")
    assert report.remote == f"sip:{call.peer}@{DOMAIN}"
    assert report.ended_at == 1_700_000_000.0
    assert report.started_at == 1_699_999_970.0
    assert report.local_metrics is not None
    assert (report.local_metrics.jitter_ms, report.local_metrics.round_trip_ms) == (call.jitter, call.round_trip)


def test_no_two_calls_are_the_same() -> None:
    rng = Random(1)
    assert len({make_call(rng, 970.0, 1000.0, poor=False).id for _ in range(100)}) == 100
