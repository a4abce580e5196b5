from __future__ import annotations

from typing import Any

from daemon.config.block import HOUR
from daemon.config.settings import Settings
from daemon.fleet.acts import SettingsChanged
from daemon.fleet.calls import AlertLevel, CallQuality, QualityAlert
from daemon.fleet.model import Status
from daemon.fleet.quality import Place
from daemon.fleet.records import Snapshot
from daemon.fleet.store_commands import AppendTransition, Notify, SaveCall
from tests.support.builders import ACME, MAC, NOW, OTHER_MAC, record
from tests.support.builders import settings as made_settings
from tests.support.calls import a_report, an_alert, reported
from tests.support.playbook import Playbook

HQ = Place("acme", "hq")


def bad_calls(book: Playbook, count: int, prefix: str = "bad", **fields: Any) -> None:
    for index in range(count):
        book.hears(reported(a_report(f"{prefix}-{index}", 2.0), **fields))


def good_calls(book: Playbook, count: int, prefix: str = "good") -> None:
    for index in range(count):
        book.hears(reported(a_report(f"{prefix}-{index}", 4.3)))


def saved(book: Playbook) -> list[CallQuality]:
    return [order.call for order in book.of(SaveCall)]


def test_a_report_is_kept_and_counts_for_the_site_its_address_is_in() -> None:
    book = Playbook(record())
    book.hears(reported(a_report()))
    (call,) = saved(book)
    assert (call.device, call.tenant, call.site, call.text) == (MAC, "acme", "hq", "VQSessionReport of call-1")
    book.hears(reported(a_report("call-2"), source="10.1.99.1"))  # a phone of acme that is at no site
    assert [call.site for call in saved(book)] == ["hq", ""]


def test_a_report_of_no_device_counts_for_the_site_of_its_address() -> None:
    book = Playbook(record())
    book.hears(reported(a_report(), mac=None, source="10.1.2.1"))
    (call,) = saved(book)
    assert (call.device, call.tenant, call.site, call.source) == (None, "acme", "hq", "10.1.2.1")


def test_a_report_shows_that_its_phone_lives() -> None:
    book = Playbook(record())
    book.registers()
    book.run_to(2 * HOUR)
    assert book.device().reachability == "UNKNOWN"
    book.hears(reported(a_report()))
    book.answers[MAC] = 0.02
    book.run_to(2 * HOUR + 60)
    assert book.device().reachability == "OK"


def test_a_device_that_gets_worse_and_better_has_it_on_its_timeline() -> None:
    book = Playbook(record())
    bad_calls(book, 3)
    good_calls(book, 20)
    assert book.moves("quality") == ["OK > ERROR", "ERROR > WARNING", "WARNING > OK"]


def test_falling_silent_is_no_step() -> None:
    book = Playbook(record())
    bad_calls(book, 3)
    book.run_to(2 * HOUR)
    assert book.fleet.calls.experience(MAC).status is Status.UNMONITORED
    assert book.moves("quality") == ["OK > ERROR"]


def test_an_alert_stands_on_the_timeline_and_weighs_on_its_call() -> None:
    book = Playbook(record())
    alert = QualityAlert("NLR", AlertLevel.CRITICAL, "local", NOW)
    for _ in range(2):  # the phone repeats itself
        book.hears(reported(an_alert(alert)))
    (step,) = (order.transition for order in book.of(AppendTransition) if order.transition.axis == "quality")
    assert (step.key, step.new) == (MAC, "NLR critical")
    assert step.reason == "alert at the local end, call with sip:2042@pbx.example.net"
    assert [call.verdict for call in saved(book)] == [Status.ERROR]


def test_a_bad_site_is_an_alarm_of_its_tenant_once() -> None:
    book = Playbook(record(), record(OTHER_MAC, number="2042"))
    bad_calls(book, 2)
    assert not book.fleet.alarms
    bad_calls(book, 3, "more", mac=OTHER_MAC)
    (alarm,) = book.fleet.alarms.values()
    assert (alarm.name, alarm.source, alarm.tenant, alarm.device) == ("qualityDegraded", "Site/acme/hq", "acme", None)
    assert alarm.additional_info == ("mean MOS 2.00 of 3 calls",)
    assert [name for _, name, _ in book.told()] == ["qualityDegraded"]


def test_the_alarm_ends_when_the_site_was_better_for_a_whole_window() -> None:
    book = Playbook(record())
    bad_calls(book, 3)
    good_calls(book, 20)
    assert book.fleet.calls.experience(HQ).status is Status.OK
    book.run_to(HOUR - 60)
    assert book.fleet.alarms
    book.run_to(HOUR + 1)
    assert [severity for _, _, severity in book.told()] == ["MAJOR", "CLEARED"]


def test_a_relapse_within_the_window_is_the_same_alarm() -> None:
    book = Playbook(record())
    bad_calls(book, 3)
    good_calls(book, 10)
    book.run_to(HOUR / 2)
    bad_calls(book, 20, "again")
    book.run_to(HOUR + 60)
    assert [severity for _, _, severity in book.told()] == ["MAJOR"]
    book.run_to(2.6 * HOUR)  # no calls any more: nothing is bad any more either
    assert [severity for _, _, severity in book.told()] == ["MAJOR", "CLEARED"]


def test_calls_that_nobody_can_place_raise_no_alarm() -> None:
    book = Playbook(record(tenant="", number="2041"))
    bad_calls(book, 5, source="192.0.2.1")
    assert not book.fleet.alarms


def after_restart(book: Playbook, away: float) -> Playbook:
    """The same fleet, started again `away` seconds later from what was kept."""
    device = book.device()
    newest = {call.id: call for call in saved(book)}
    snapshot = Snapshot(
        tenants=(ACME,),
        records=(device.record,),
        states=(device.state(),),
        alarms=tuple(book.fleet.alarms.values()),
        calls=tuple(newest.values()),
    )
    again = Playbook(snapshot=snapshot)
    again.now += away
    return again


def test_after_a_restart_all_goes_on_as_it_stood() -> None:
    book = Playbook(record())
    bad_calls(book, 3)
    again = after_restart(book, 0)
    assert again.fleet.calls.experience(HQ).status is Status.ERROR
    bad_calls(again, 3, "more")
    assert (again.moves("quality"), list(again.of(Notify))) == ([], [])
    good_calls(again, 30)
    assert again.moves("quality") == ["ERROR > WARNING", "WARNING > OK"]
    again.run_to(HOUR + 60)
    assert [severity for _, _, severity in again.told()] == ["CLEARED"]


def test_an_alarm_whose_calls_are_gone_after_a_restart_ends_within_a_window() -> None:
    book = Playbook(record())
    bad_calls(book, 3)
    snapshot = Snapshot(tenants=(ACME,), alarms=tuple(book.fleet.alarms.values()))
    again = Playbook(snapshot=snapshot)
    assert again.fleet.alarms
    again.run_to(HOUR + 1)
    assert not again.fleet.alarms


def test_new_limits_hold_at_once() -> None:
    book = Playbook(record())
    book.hears(SettingsChanged(made_settings(quality={"minimum_calls": 1, "mos_warning": 4.5, "mos_error": 4.4})))
    good_calls(book, 1)
    assert book.fleet.calls.experience(HQ).status is Status.ERROR
    assert Settings().quality.minimum_calls == 3


def test_a_deleted_device_may_still_be_spoken_of() -> None:
    book = Playbook(record())
    book.hears(reported(a_report(), mac=OTHER_MAC))
    (call,) = saved(book)
    assert (call.device, call.site) == (None, "hq")
