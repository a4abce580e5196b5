"""Phones nobody defined, first contact, and fetches."""

from __future__ import annotations

from daemon.fleet.commands import Decided
from daemon.fleet.events import AlertsHeard, FileFetched, KeepAliveHeard, UnknownPhoneHeard
from daemon.fleet.model import Presence
from tests.support.builders import MAC, OTHER_MAC, alert, record, report
from tests.support.playbook import Playbook

SOURCE = "10.1.2.9"


def test_an_unapproved_phone_may_report_itself() -> None:
    play = Playbook()
    play.hears(UnknownPhoneHeard(OTHER_MAC, "acme", "440HD", SOURCE))
    play.hears(KeepAliveHeard(OTHER_MAC, report("started"), SOURCE, with_secret=False))
    assert play.device(OTHER_MAC).presence is Presence.STARTED


def test_an_unapproved_phone_wakes_nobody() -> None:
    play = Playbook()
    play.hears(UnknownPhoneHeard(OTHER_MAC, "acme", "440HD", SOURCE))
    play.hears(AlertsHeard(OTHER_MAC, (alert(),), SOURCE, with_secret=False))
    play.hears(KeepAliveHeard(OTHER_MAC, report("registered"), SOURCE, with_secret=False))
    play.run_to(3 * 3600)
    assert play.device(OTHER_MAC).presence is Presence.DISCONNECTED
    assert play.told() == []


def test_the_first_use_of_the_permanent_secret_disarms_the_phone() -> None:
    play = Playbook(record())
    play.hears(FileFetched(MAC, "config", SOURCE, "420HD", "", complete=True, with_secret=False))
    assert play.device().record.armed_until > play.now
    play.hears(KeepAliveHeard(MAC, report("started"), SOURCE, with_secret=True))
    assert play.device().record.armed_until == 0.0
    assert Decided("first_contact", "secret used, disarmed", MAC) in play.orders


def test_a_report_shows_what_the_phone_is_and_where_it_came_from() -> None:
    play = Playbook(record())
    play.hears(KeepAliveHeard(MAC, report(vlan="12"), "198.51.100.4", with_secret=False))
    device = play.device()
    assert (device.ip, device.firmware, device.source) == ("10.1.2.7", "2.2.16", "198.51.100.4")
    assert device.last_seen == play.now


def test_events_about_devices_nobody_defined_change_nothing() -> None:
    play = Playbook()
    assert play.hears(KeepAliveHeard(MAC, report(), SOURCE, with_secret=False)) == [
        Decided("keep_alive", "of a device nobody defined", MAC)
    ]
    assert len(play.fleet.devices()) == 0
