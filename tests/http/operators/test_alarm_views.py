from __future__ import annotations

from dataclasses import replace

from daemon.fleet.notifications import PastAlarm, Severity, Telling
from daemon.http.operators.alarm_views import alarm_item, past_alarm_item
from daemon.scheduler.timestamps import rfc3339
from tests.support.notifications import WEDNESDAY, an_alarm


def test_an_alarm_of_an_unknown_device_has_no_address_but_advice() -> None:
    item = alarm_item(replace(an_alarm(), telling=Telling.HELD, known=False, ends_at=WEDNESDAY + 60), lambda _mac: None)

    assert (item.ip, item.telling, item.known) == ("", "held", False)
    assert item.action.startswith("Make sure that the user is defined")
    assert item.ends_at == rfc3339(WEDNESDAY + 60)


def test_the_worst_an_alarm_was_is_never_less_than_what_it_is() -> None:
    """The row of a version that did not note it has none."""
    assert alarm_item(an_alarm(), lambda _mac: None).peak == "CRITICAL"


def test_a_past_alarm_tells_when_it_ended_and_why() -> None:
    alarm = replace(
        an_alarm(), severity=Severity.MINOR, peak=Severity.MAJOR, acknowledged_by="eve", acknowledged_at=1.0
    )
    item = past_alarm_item(PastAlarm(7, alarm, WEDNESDAY + 5, "cleared"))

    assert (item.record, item.severity, item.peak, item.reason) == (7, "MINOR", "MAJOR", "cleared")
    assert (item.cleared_at, item.acknowledged_at) == (rfc3339(WEDNESDAY + 5), rfc3339(1.0))
