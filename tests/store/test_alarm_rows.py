"""Alarms and waiting notifications come back from their rows as they were."""

from __future__ import annotations

from hypothesis import given

from daemon.fleet.notifications import Alarm
from daemon.store import alarm_rows, schema
from daemon.store.alarm_rows import OutboxEntry
from tests.support import nouns


@given(nouns.alarms)
def test_an_alarm_comes_back_as_it_was(alarm: Alarm) -> None:
    row = alarm_rows.alarm_row(alarm)
    assert alarm_rows.alarm_of(row) == alarm
    assert len(row) == len(schema.alarms.columns)


@given(nouns.entries)
def test_a_notification_comes_back_as_it_was(entry: OutboxEntry) -> None:
    row = alarm_rows.entry_row(entry)
    assert alarm_rows.entry_of(row) == entry
    assert len(row) == len(schema.outbox.columns)
