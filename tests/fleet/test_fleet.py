"""The fleet as a whole: every event has a handler, time is one deadline, and a restart changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from daemon.fleet.acts import InventoryApplied
from daemon.fleet.events import AlertsHeard, Event, KeepAliveHeard
from daemon.fleet.fleet import ALIVE_AT, HANDLERS, Fleet
from daemon.fleet.model import Reachability
from daemon.fleet.notifications import Severity
from daemon.fleet.records import NumberStatus, Snapshot
from daemon.fleet.store_commands import SaveLastSeen, SaveMark
from tests.support.builders import MAC, NOW, OTHER_MAC, alert, contact, inventory, record, report, settings
from tests.support.playbook import Playbook


def restarted(play: Playbook, *, away: float = 0.0) -> Fleet:
    """A fleet that finds on disk what `play` would have written, after having been away for some seconds."""
    parts = play.fleet.parts
    snapshot = Snapshot(
        tenants=tuple(parts.roster.tenants.values()),
        servers=tuple(parts.roster.servers.values()),
        records=tuple(device.record for device in parts.roster.devices()),
        states=tuple(device.state() for device in parts.roster.devices()),
        alarms=tuple(parts.alarms.active.values()),
        numbers=tuple(parts.numbers.entries.values()),
        marks={order.name: order.value for order in play.of(SaveMark)} | {ALIVE_AT: play.now},
    )
    return Fleet(play.fleet.parts.settings, snapshot, play.now + away)


def test_every_event_has_a_handler() -> None:
    assert set(get_args(Event)) == HANDLERS.keys()


def test_a_fleet_without_devices_notes_that_it_is_alive_at_once_and_at_every_checkpoint() -> None:
    play = Playbook()
    for at in (NOW, NOW + 30, NOW + 60):
        assert play.fleet.next_deadline() == at
        assert play.fleet.expire(at) == [SaveMark(ALIVE_AT, at)]


def test_after_expire_nothing_is_due_any_more() -> None:
    play = Playbook(record(), record(OTHER_MAC, number="2042"))
    play.registers()
    for _ in range(200):
        due = play.fleet.next_deadline()
        play.fleet.expire(due)
        assert play.fleet.next_deadline() > due


def test_the_checkpoint_writes_down_who_was_heard_since_the_last_one() -> None:
    play = Playbook(record(), record(OTHER_MAC, number="2042"))
    play.hears(KeepAliveHeard(MAC, report(), "10.1.2.7", with_secret=False))
    play.run_to(31)
    assert [(order.mac, order.last_seen) for order in play.of(SaveLastSeen)] == [(MAC, NOW)]
    play.run_to(91)
    assert len(list(play.of(SaveLastSeen))) == 1
    alive_at = [order.value - NOW for order in play.of(SaveMark) if order.name == ALIVE_AT]
    assert alive_at == [0, 30, 60, 90]


def test_statistics_count_everything_once() -> None:
    play = Playbook(record(), record(OTHER_MAC, number="2042", approved=False))
    play.hears(AlertsHeard(MAC, (alert(),), "10.1.2.7", with_secret=False))
    counted = play.fleet.statistics()
    assert (counted.devices, counted.unapproved) == (2, 1)
    assert counted.alarms == {Severity.CRITICAL: 1}
    assert counted.numbers == {NumberStatus.USED: 1}
    assert sum(counted.reachability.values()) == sum(counted.status.values()) == 2


def test_a_restart_goes_on_with_states_alarms_numbers_and_the_sequence() -> None:
    play = Playbook(record(), record(OTHER_MAC, number="2042"))
    play.answers[MAC] = 0.02
    play.registers()
    play.hears(KeepAliveHeard(OTHER_MAC, report("offline"), "10.1.2.7", with_secret=False))
    play.hears(AlertsHeard(MAC, (alert(),), "10.1.2.7", with_secret=False))
    play.run_to(5)
    again = restarted(play)
    for mac in (MAC, OTHER_MAC):
        before, after = play.device(mac), again.device(mac)
        assert after is not None
        assert after.state() == before.state()
        assert (after.status, after.status_reason) == (before.status, before.status_reason)
    assert again.alarms == play.fleet.alarms
    assert again.numbers == play.fleet.numbers
    assert again.parts.alarms.sequence == play.fleet.parts.alarms.sequence == 1
    assert again.mac_at("10.1.2.7", 5060) == MAC


def test_a_registration_lasts_longer_by_the_time_we_were_away() -> None:
    play = Playbook(record())
    play.registers(expires=600)
    again = restarted(play, away=500).device(MAC)
    assert again is not None
    assert again.contact == replace(contact(), expires_at=NOW + 1100)


def test_a_cooled_number_whose_day_came_while_we_were_away_is_released_at_the_first_turn() -> None:
    play = Playbook(record(), settings=settings(numbers={"audiocodes_cooling_duration": "1h"}))
    play.hears(KeepAliveHeard(MAC, report("offline"), "10.1.2.7", with_secret=False))
    again = restarted(play, away=7200)
    again.expire(again.next_deadline())
    again.expire(play.now + 7200)
    assert again.numbers["2041"].status is NumberStatus.AVAILABLE


def test_what_is_checked_is_what_would_be_taken() -> None:
    play = Playbook(record())
    assert play.fleet.check(inventory(record(server="pbx-z"))).finish().objections
    assert not play.fleet.check(inventory(record())).finish().objections
    assert play.device().record.server == ""


@pytest.mark.parametrize("away", [0.0, 60.0, 86400.0])
def test_a_restart_does_not_blame_a_phone_for_our_own_absence(away: float) -> None:
    play = Playbook(record())
    play.answers[MAC] = 0.02
    play.registers(expires=3600)
    play.run_to(5)
    again = restarted(play, away=away)
    again.expire(play.now + away)
    device = again.device(MAC)
    assert device is not None
    assert device.reachability is Reachability.OK


def test_an_inventory_that_is_applied_is_there_at_once() -> None:
    play = Playbook()
    play.hears(InventoryApplied(inventory(record()), "test"))
    assert play.fleet.mac_of_user("2041") == MAC
    assert list(play.fleet.tenants) == ["acme"]
