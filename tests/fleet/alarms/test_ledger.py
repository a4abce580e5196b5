"""Keeping, telling and closing: each is one set of orders, and the numberings have no gaps."""

from __future__ import annotations

from dataclasses import replace

from daemon.fleet.alarms.ledger import SEQUENCE, Ledger
from daemon.fleet.device import Device
from daemon.fleet.model import DeviceRecord, Mac
from daemon.fleet.notifications import Occasion, PastAlarm, Severity, Telling
from daemon.fleet.store_commands import DropAlarm, Notify, RecordAlarm, SaveAlarm, SaveMark
from tests.support.notifications import an_alarm

NEW = replace(an_alarm(), known=False, telling=Telling.HELD, sequence=0)


def _ledger() -> Ledger:
    return Ledger((), 4, 9, lambda _mac: None)


def test_what_is_told_is_kept_with_its_number_in_the_same_step() -> None:
    ledger = _ledger()
    saved, notify, mark = ledger.tell(NEW, 50.0)
    assert saved == SaveAlarm(replace(NEW, known=True, telling=Telling.TOLD, sequence=5))
    assert isinstance(notify, Notify)
    assert (notify.notification.sequence, notify.notification.occasion) == (5, Occasion.RAISED)
    assert mark == SaveMark(SEQUENCE, 5)


def test_telling_again_is_a_change_and_owes_nothing_any_more() -> None:
    ledger = _ledger()
    ledger.tell(NEW, 50.0)
    told = replace(ledger.active[NEW.id], changed=True, severity=Severity.MINOR)
    _, notify, _ = ledger.tell(told, 60.0)
    assert isinstance(notify, Notify)
    assert notify.notification.occasion is Occasion.CHANGED
    assert not ledger.active[NEW.id].changed


def test_who_was_told_is_told_of_the_end_with_the_worst_that_it_had_been() -> None:
    ledger = _ledger()
    ledger.tell(replace(NEW, peak=Severity.CRITICAL, severity=Severity.MINOR), 50.0)
    last = ledger.active[NEW.id]
    dropped, recorded, notify, mark = ledger.close(last, "cleared", 70.0)
    assert (dropped, recorded) == (DropAlarm(NEW.id), RecordAlarm(PastAlarm(10, last, 70.0, "cleared")))
    assert isinstance(notify, Notify)
    told = notify.notification
    assert (told.occasion, told.alarm.severity, told.alarm.peak) == (
        Occasion.CLEARED,
        Severity.CLEARED,
        Severity.CRITICAL,
    )
    assert mark == SaveMark(SEQUENCE, 6)
    assert not ledger.active


def test_what_nobody_was_told_of_ends_in_the_history_alone() -> None:
    ledger = _ledger()
    ledger.keep(NEW)
    assert [type(order) for order in ledger.close(NEW, "recovered in time", 70.0)] == [DropAlarm, RecordAlarm]
    assert (ledger.sequence, ledger.recorded) == (4, 10)


def test_children_are_found_by_the_alarm_they_are_folded_beneath() -> None:
    child = replace(NEW, parent="site", telling=Telling.FOLDED)
    ledger = Ledger((child,), 0, 0, lambda _mac: None)
    assert ledger.beneath("site") == [child.id]
    ledger.keep(replace(child, parent="other"))
    assert (ledger.beneath("site"), ledger.beneath("other")) == ([], [child.id])
    ledger.close(ledger.active[child.id], "cleared", 1.0)
    assert ledger.beneath("other") == []


def test_a_notification_carries_where_the_device_is() -> None:
    device = Device(DeviceRecord(Mac("00908f4867af")), 0.0)
    device.source = "10.1.2.7"
    ledger = Ledger((), 0, 0, {device.mac: device}.get)
    _, notify, _ = ledger.tell(NEW, 50.0)
    assert isinstance(notify, Notify)
    assert notify.notification.device_ip == "10.1.2.7"
    assert list(ledger.of(device.mac)) == [NEW.id]
