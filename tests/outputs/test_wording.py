from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.fleet.alarms.advice import action_for
from daemon.fleet.notifications import Occasion, Severity
from daemon.outputs.wording import clean, headline, paragraph, report, summary
from tests.support.notifications import a_notification, an_alarm


def test_a_headline_says_how_bad_what_and_where() -> None:
    assert headline(a_notification()) == "CRITICAL IPPhoneRegisterFailure: IPPhone#1/00908f4867af (acme)"


def test_a_paragraph_has_every_fact_and_what_to_do() -> None:
    assert paragraph(a_notification(12)) == (
        "Alarm:     IPPhoneRegisterFailure, raised\n"
        "Severity:  critical\n"
        "Source:    IPPhone#1/00908f4867af\n"
        "Place:     acme\n"
        "Device:    00908f4867af at 10.1.2.7\n"
        "When:      2026-03-04T09:15:02.125Z\n"
        "What:      SIP registration failed\n"
        "Details:   pbx-a refused it\n"
        f"To do:     {action_for('IPPhoneRegisterFailure')}\n"
        "Reference: IPPhone#1/00908f4867af/IPPhoneRegisterFailure/5, notification 12\n"
    )


def test_a_clear_says_how_bad_it_had_been_and_asks_for_nothing() -> None:
    over = replace(an_alarm(severity=Severity.CLEARED), peak=Severity.MAJOR)
    told = replace(a_notification(alarm=over), occasion=Occasion.CLEARED)
    assert headline(told).startswith("CLEARED ")
    assert "cleared (it had been major)" in paragraph(told)
    assert "To do" not in paragraph(told)


def test_several_are_summed_up_by_the_worst() -> None:
    told = [a_notification(1, alarm=an_alarm(severity=Severity.MINOR)), a_notification(2)]
    assert summary(told).startswith("2 alarms, worst CRITICAL IPPhoneRegisterFailure")
    assert report(told).splitlines()[1].startswith("2026-03-04T09:15:02.125Z  CRITICAL")
    assert report(told).count("Reference:") == 2


@pytest.mark.parametrize("text", ["a\r\nBcc: b", "a\x00b", "a\u2028b", "a\udcffb"])
def test_a_line_stays_a_line(text: str) -> None:
    assert clean(text).encode().decode().isprintable()
