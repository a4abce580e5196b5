"""Phones that nobody defined, and how many of them there may be."""

from __future__ import annotations

from daemon.fleet.acts import DeviceDeleted, InventoryApplied
from daemon.fleet.commands import Decided
from daemon.fleet.events import FileFetched, KeepAliveHeard, UnknownPhoneHeard
from daemon.fleet.model import Mac, Reachability, Status
from daemon.fleet.quarantine import TOO_MANY, TOO_MANY_THERE
from daemon.fleet.store_commands import SaveDevice
from tests.support.builders import OTHER_MAC, inventory, record, report, settings
from tests.support.playbook import Playbook

SOURCE = "10.1.2.9"


def _strangers(play: Playbook, source: str, *indexes: int) -> None:
    for index in indexes:
        play.hears(UnknownPhoneHeard(Mac(f"00908f{index:06x}"), "acme", "", source))


def test_an_unknown_phone_waits_unapproved_and_unmonitored() -> None:
    play = Playbook()
    play.hears(UnknownPhoneHeard(OTHER_MAC, "acme", "440HD", SOURCE))
    newcomer = play.device(OTHER_MAC)
    assert not newcomer.record.approved
    assert newcomer.reachability is Reachability.UNMONITORED
    assert (newcomer.status, newcomer.status_reason) == (Status.UNMONITORED, "waits for approval")
    assert play.fleet.statistics().unapproved == 1


def test_an_unknown_phone_is_noted_once() -> None:
    play = Playbook()
    for _ in range(3):
        play.hears(UnknownPhoneHeard(OTHER_MAC, "acme", "440HD", SOURCE))
    assert len(list(play.of(SaveDevice))) == 1


def test_a_scanner_cannot_invent_a_fleet() -> None:
    play = Playbook(settings=settings(provisioning={"max_unapproved": 10}))
    _strangers(play, SOURCE, *range(50))
    assert len(play.fleet.devices()) == 10
    assert Decided("enrolment", TOO_MANY) in play.orders


def test_one_address_cannot_take_the_place_of_all_the_others() -> None:
    play = Playbook(settings=settings(provisioning={"max_unapproved": 10, "max_unapproved_per_source": 4}))
    _strangers(play, SOURCE, *range(50))
    assert len(play.fleet.devices()) == 4
    assert Decided("enrolment", TOO_MANY_THERE) in play.orders
    _strangers(play, "10.1.2.10", 100, 101)
    assert len(play.fleet.devices()) == 6


def test_whoever_is_approved_or_deleted_makes_room() -> None:
    play = Playbook(settings=settings(provisioning={"max_unapproved_per_source": 2}))
    _strangers(play, SOURCE, 0, 1, 2)
    play.hears(InventoryApplied(inventory(record(Mac("00908f000000"))), "test"))
    play.hears(DeviceDeleted(Mac("00908f000001"), "test"))
    _strangers(play, SOURCE, 3, 4, 5)
    assert {device.mac[-1] for device in play.fleet.devices()} == {"0", "3", "4"}


def test_every_time_it_comes_is_a_try_until_it_is_approved() -> None:
    play = Playbook()
    play.hears(UnknownPhoneHeard(OTHER_MAC, "acme", "440HD", SOURCE))
    play.hears(KeepAliveHeard(OTHER_MAC, report("started"), SOURCE, with_secret=False))
    play.hears(FileFetched(OTHER_MAC, "config", SOURCE, "440HD", "", complete=False, with_secret=False))
    assert play.device(OTHER_MAC).tries == 3
    play.hears(InventoryApplied(inventory(record(OTHER_MAC)), "test"))
    play.hears(KeepAliveHeard(OTHER_MAC, report("started"), SOURCE, with_secret=False))
    assert play.device(OTHER_MAC).tries == 3
