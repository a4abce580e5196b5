"""A raise and its clear mean the same alarm, whatever else they say."""

from __future__ import annotations

from dataclasses import replace

from daemon.fleet.alarms.catalogue import CONNECTOR_DOWN
from daemon.fleet.alarms.trouble import Trouble
from daemon.fleet.notifications import EventType, Severity

TROUBLE = Trouble.of(CONNECTOR_DOWN, "no answer")


def test_severity_text_and_information_do_not_make_it_another_alarm() -> None:
    over = replace(TROUBLE, severity=Severity.CLEARED, text="it is back", info=())
    assert over.identity("pbx-a") == TROUBLE.identity("pbx-a")


def test_source_name_type_and_cause_do() -> None:
    others = [
        replace(TROUBLE, name="connectorSlow"),
        replace(TROUBLE, event_type=EventType.EQUIPMENT),
        replace(TROUBLE, probable_cause=0),
    ]
    ids = {trouble.identity("pbx-a") for trouble in (TROUBLE, *others)} | {TROUBLE.identity("pbx-b")}
    assert len(ids) == 5
