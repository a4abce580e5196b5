"""Stories about a licence: phones beyond it are blocked and say so, and nothing else is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from daemon.fleet.acts import DeviceDeleted, InventoryApplied, SettingsChanged
from daemon.fleet.commands import Answer, Decided
from daemon.fleet.events import KeepAliveHeard, TrapHeard, UnknownPhoneHeard
from daemon.fleet.licence_events import STEP
from daemon.fleet.model import DeviceRecord, Mac, Presence, Reachability, Status
from daemon.fleet.quarantine import NO_LICENCE
from daemon.fleet.records import Snapshot
from daemon.fleet.store_commands import SaveDevice
from tests.support.builders import ACME, MAC, NOW, OTHER_MAC, PBX_A, inventory, record, report, settings
from tests.support.playbook import Playbook

TODAY = datetime.fromtimestamp(NOW, UTC).date()
OLD = record(number="", contact="sip:10.1.2.7")
NEW = record(OTHER_MAC, number="", contact="sip:10.1.2.8")
BLOCKED = "blocked: the licence is for 1 devices"
DAY = 86400.0


def licensed(*records: DeviceRecord, **terms: Any) -> Playbook:
    """A fleet with these terms, whose devices answer, one defined a minute after the other."""
    play = Playbook(settings=settings(licence=terms))
    play.answers = {each.mac: 0.01 for each in records}
    for minute, each in enumerate(records):
        play.hears(InventoryApplied(inventory(each), "test"))
        play.run_to(60.0 * (minute + 1))
    return play


def alarms(play: Playbook) -> dict[tuple[str, str], str]:
    """Name and source of each active alarm, and its severity."""
    return {(alarm.name, alarm.source): alarm.severity.name for alarm in play.fleet.alarms.values()}


def test_the_newest_device_beyond_the_licence_is_blocked_and_says_why() -> None:
    play = licensed(OLD, NEW, devices=1)
    assert play.device(MAC).reachability is Reachability.OK
    newest = play.device(OTHER_MAC)
    assert (newest.status, newest.status_reason) == (Status.UNMONITORED, BLOCKED)
    assert (newest.reachability, newest.reachability_reason) == (Reachability.UNMONITORED, BLOCKED)
    assert alarms(play) == {
        ("acEndpointLicenseAlarm", "Ringkeeper/licence"): "CRITICAL",
        ("deviceCountExceeded", "Ringkeeper/licence"): "CRITICAL",
    }
    [exceeded] = [alarm for alarm in play.fleet.alarms.values() if alarm.name == "deviceCountExceeded"]
    assert exceeded.additional_info == ("1 blocked", "the licence is for 1 devices")
    stands = play.fleet.licence(play.now)
    assert (stands.devices, stands.limit, stands.blocked) == (2, 1, 1)


def test_it_is_let_in_as_soon_as_there_is_room() -> None:
    play = licensed(OLD, NEW, devices=1)
    play.hears(DeviceDeleted(MAC, "ada"))
    play.run_to(300)
    assert play.device(OTHER_MAC).blocked == ""
    assert play.device(OTHER_MAC).reachability is Reachability.OK
    assert alarms(play) == {("acEndpointLicenseAlarm", "Ringkeeper/licence"): "CRITICAL"}  # the one place is taken


def test_80_percent_of_the_devices_is_a_major_alarm_that_ends_with_a_larger_licence() -> None:
    phones = [record(Mac(f"00908f{n:06x}"), number="") for n in range(4)]
    play = licensed(*phones, devices=5)
    [alarm] = play.fleet.alarms.values()
    assert (alarm.severity.name, alarm.description) == ("MAJOR", "80 % of the licence's devices is used.")
    assert alarm.additional_info == ("Endpoint License capacity 5 devices.", "4 of 5 devices")
    play.hears(SettingsChanged(settings(licence={"devices": 6})))
    play.run_to(400)
    assert alarms(play) == {}


def test_who_is_newest_is_known_after_a_restart_and_nobody_is_pinged_in_between() -> None:
    play = licensed(OLD, NEW, devices=1)
    kept = {order.record.mac: order.record for order in play.of(SaveDevice)}
    states = tuple(device.state() for device in play.fleet.devices())
    snapshot = Snapshot((ACME,), (PBX_A,), tuple(kept[mac] for mac in sorted(kept)), states)
    again = Playbook(settings=settings(licence={"devices": 1}), snapshot=snapshot)
    assert again.device(OTHER_MAC).blocked == BLOCKED
    assert again.device(OTHER_MAC).status_reason == BLOCKED
    again.run_to(1)
    assert again.device(MAC).blocked == ""
    assert again.moves("reachability") == []
    assert len(alarms(again)) == 2


def test_the_silence_of_a_blocked_device_means_nothing_and_it_has_a_period_to_report_again() -> None:
    play = Playbook(OLD, NEW)
    for mac in (MAC, OTHER_MAC):
        play.hears(KeepAliveHeard(mac, report(), "10.1.2.7", with_secret=False))
    play.hears(SettingsChanged(settings(licence={"devices": 1})))
    play.run_to(10 * 3600)
    blocked, heard = play.device(MAC), play.device(OTHER_MAC)  # defined at once, so the larger MAC counts as newer
    assert (blocked.status_reason, heard.blocked) == (BLOCKED, "")
    assert [each.presence for each in (blocked, heard)] == [Presence.REGISTERED, Presence.DISCONNECTED]
    play.hears(SettingsChanged(settings()))
    play.run_to(10 * 3600 + 3500)
    assert (blocked.blocked, play.device(MAC).presence) == ("", Presence.REGISTERED)
    play.run_to(10 * 3600 + 3700)
    assert [each.presence for each in (blocked, heard)] == [Presence.DISCONNECTED] * 2


def test_its_traps_are_not_heard_either() -> None:
    play = licensed(OLD, NEW, devices=1)
    play.hears(TrapHeard(OTHER_MAC, "10.1.2.8", keep_alive=True))
    assert play.device(OTHER_MAC).presence is Presence.NEVER_SEEN
    assert play.orders[-1] == Decided("trap", "of a device that the licence does not cover", OTHER_MAC)


def test_a_tenant_has_terms_and_alarms_of_its_own() -> None:
    play = licensed(OLD, NEW, tenants={"acme": 1})
    assert play.device(OTHER_MAC).blocked == "blocked: the licence of tenant acme is for 1 devices"
    assert {alarm.tenant for alarm in play.fleet.alarms.values()} == {"acme"}
    play.hears(SettingsChanged(settings()))
    play.run_to(400)
    assert alarms(play) == {}


def test_the_period_is_told_of_at_80_percent_and_at_its_end_and_the_phones_are_watched_on() -> None:
    play = licensed(OLD, starts=TODAY - timedelta(days=7), expires=TODAY + timedelta(days=2))
    assert alarms(play) == {}
    play.run_to(1 * DAY)
    [alarm] = play.fleet.alarms.values()
    assert (alarm.severity.name, alarm.description) == ("MAJOR", "80 % of the licence's period is used.")
    play.run_to(4 * DAY)
    assert alarms(play) == {("acEndpointLicenseAlarm", "Ringkeeper/licence"): "CRITICAL"}
    assert play.device().reachability is Reachability.OK
    assert play.fleet.licence(play.now).days_left == -2
    later = settings(licence={"starts": TODAY, "expires": date(2100, 1, 1)})
    play.hears(SettingsChanged(later))
    play.run_to(4 * DAY + 60)
    assert alarms(play) == {}


def test_an_expired_licence_that_suspends_stops_everything_until_it_is_renewed() -> None:
    expired = {"starts": "2020-01-01", "expires": "2020-12-31", "after_expiry": "suspend"}
    play = Playbook(OLD)
    play.answers = {MAC: 0.01}
    play.run_to(120)
    play.hears(SettingsChanged(settings(licence=expired)))
    play.run_to(240)
    assert play.device().status_reason == "blocked: the licence expired on 2020-12-31"
    play.hears(UnknownPhoneHeard(OTHER_MAC, "acme", "", "10.1.2.9"))
    assert play.fleet.device(OTHER_MAC) is None
    assert any(getattr(order, "reason", "") == NO_LICENCE for order in play.orders)
    [refused] = [order for order in play.hears(InventoryApplied(inventory(NEW), "ada")) if isinstance(order, Answer)]
    assert "no new devices are taken" in refused.refused[0]
    play.hears(SettingsChanged(settings()))
    play.run_to(400)
    assert play.device().reachability is Reachability.OK
    assert play.fleet.licence(play.now).suspended is False


def test_thousands_are_blocked_a_step_at_a_time() -> None:
    phones = [record(Mac(f"00908f{n:06x}"), number="") for n in range(2 * STEP)]
    play = Playbook(*phones)
    play.run_to(1)
    play.hears(SettingsChanged(settings(licence={"devices": 1})))
    play.orders.clear()
    play.orders += play.fleet.expire(play.now)
    assert play.fleet.licence(play.now).blocked == STEP
    play.run_to(2)
    assert play.fleet.licence(play.now).blocked == 2 * STEP - 1
