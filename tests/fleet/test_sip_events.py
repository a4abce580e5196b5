"""Registrations and signs of life: which contact a device has, with which server, and what that leads to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.config.settings import Settings
from daemon.fleet.acts import InventoryApplied
from daemon.fleet.commands import Decided
from daemon.fleet.device import Device
from daemon.fleet.events import (
    LifeSign,
    ProbeAnswered,
    ProbeMissed,
    ProbesAnswered,
    Registered,
    Unregistered,
)
from daemon.fleet.fleet import ALIVE_AT, Fleet
from daemon.fleet.model import Contact, Mac, Reachability
from daemon.fleet.records import Snapshot
from daemon.fleet.sip_events import static_contact
from daemon.fleet.store_commands import SaveState
from tests.support.builders import MAC, NOW, OTHER_MAC, binding, contact, inventory, record
from tests.support.playbook import Playbook, pinged

STRANGER = Mac("00908f999999")
STATIC = "sip:2041@10.1.2.7:5060"


def registered(port: int = 5060, domain: str = "pbx-a.example.net") -> Registered:
    return Registered(MAC, (binding(port),), domain, "")


def test_a_registration_is_kept_with_its_contact_and_found_by_its_address() -> None:
    play = Playbook(record(server="pbx-a"))
    orders = play.hears(registered())
    (saved,) = [order.state for order in orders if isinstance(order, SaveState)]
    assert (saved.contact, saved.bindings) == (contact(), (binding(),))
    assert (saved.registered_server, saved.ever_registered) == ("pbx-a", True)
    assert play.fleet.mac_at("10.1.2.7", 5060) == MAC


def test_the_newest_of_several_registrations_counts() -> None:
    play = Playbook(record())
    play.hears(registered(5060))
    play.hears(registered(5062))
    assert play.fleet.mac_at("10.1.2.7", 5060) is None
    assert play.fleet.mac_at("10.1.2.7", 5062) == MAC


def test_of_several_contacts_the_preferred_one_is_reached_and_all_are_found() -> None:
    play = Playbook(record())
    play.hears(Registered(MAC, (binding(5060, q=0.3), binding(5062), binding(5064)), "pbx-a.example.net", ""))
    assert play.device().contact == contact(5062)
    assert [play.fleet.mac_at("10.1.2.7", port) for port in (5060, 5062, 5064)] == [MAC] * 3


def test_when_the_contact_lapses_the_next_one_takes_its_place_until_it_lapses_too() -> None:
    play = Playbook(record())
    first, second = binding(5062, NOW + 60), binding(5060, NOW + 120, q=0.5)
    play.answers[MAC] = 0.02
    play.hears(Registered(MAC, (first, second), "pbx-a.example.net", ""))
    play.run_to(61)
    assert (play.device().contact, play.device().bindings) == (second.contact, (second,))
    assert play.fleet.mac_at("10.1.2.7", 5062) is None
    assert play.device().reachability is Reachability.OK
    saved = list(play.of(SaveState))[-1].state
    assert saved.bindings == (second,)
    play.run_to(121)
    assert (play.device().contact, play.device().bindings) == (None, ())
    assert play.device().reachability is Reachability.UNKNOWN


def test_a_lesser_contact_that_lapses_is_not_noticed() -> None:
    play = Playbook(record())
    play.hears(Registered(MAC, (binding(5060, NOW + 600), binding(5062, NOW + 60, q=0.1)), "pbx-a.example.net", ""))
    play.run_to(61)
    assert play.device().contact == contact(5060, NOW + 600)
    assert play.device().live_bindings(play.now) == (binding(5060, NOW + 600),)


def test_bindings_survive_a_restart_prolonged_by_the_outage() -> None:
    play = Playbook(record())
    play.hears(registered())
    state = play.device().state()
    device = Device(play.device().record, NOW)
    device.restore(state)
    assert (device.contact, device.bindings) == (contact(), (binding(),))
    snapshot = Snapshot(records=(play.device().record,), states=(state,), marks={ALIVE_AT: NOW})
    again = Fleet(Settings(), snapshot, NOW + 100).device(MAC)
    assert again is not None
    assert again.bindings == (binding(expires_at=NOW + 3700),)


def test_an_address_that_another_phone_took_over_is_not_lost_when_the_first_one_leaves() -> None:
    play = Playbook(record(), record(OTHER_MAC, number="2042"))
    play.hears(registered())
    play.hears(Registered(OTHER_MAC, (binding(),), "pbx-a.example.net", ""))
    play.hears(Unregistered(MAC))
    assert play.fleet.mac_at("10.1.2.7", 5060) == OTHER_MAC


def test_a_registration_causes_one_ping_at_once() -> None:
    play = Playbook(record())
    play.answers[MAC] = 0.02
    play.hears(registered())
    play.run_to(1)
    assert len(pinged(play.orders)) == 1
    assert play.device().reachability is Reachability.OK


@pytest.mark.parametrize("domain", ["pbx-a.example.net", "PBX-A.Example.NET"])
def test_the_server_is_known_by_the_host_of_its_address(domain: str) -> None:
    play = Playbook(record(server="pbx-a"))
    play.hears(registered(domain=domain))
    assert play.device().registered_server == "pbx-a"


def test_a_domain_that_is_no_server_of_ours_is_taken_for_the_right_one() -> None:
    play = Playbook(record(server="pbx-a"))
    play.hears(registered(domain="192.0.2.1"))
    assert play.device().contact == contact()


def test_who_registers_with_another_server_has_no_contact_that_is_ours_to_ping() -> None:
    play = Playbook(record(server="pbx-a"))
    play.registers()
    orders = play.hears(registered(domain="pbx-b.example.net"))
    assert (play.device().contact, play.device().bindings) == (None, (binding(),))
    assert Decided("registration", "wrong server") in orders
    play.run_to(600)
    assert not pinged(play.orders)
    play.registers()
    assert play.device().contact is not None


def test_a_phone_that_takes_its_registration_back_falls_back_to_its_static_address() -> None:
    play = Playbook(record(contact=STATIC))
    play.hears(registered(5070))
    play.hears(Unregistered(MAC))
    assert play.device().contact == Contact(STATIC, "10.1.2.7", 5060)
    assert play.device().reachability is not Reachability.UNKNOWN


def test_a_sign_of_life_earns_a_silent_phone_one_ping_and_a_live_one_none() -> None:
    play = Playbook(record())
    play.registers()
    play.run_to(300)
    assert play.device().reachability is Reachability.UNREACHABLE
    before = len(pinged(play.orders))
    play.answers[MAC] = 0.02
    play.hears(LifeSign(MAC, "keep-alive"))
    play.run_to(301)
    assert len(pinged(play.orders)) == before + 1
    assert play.device().reachability is Reachability.OK
    assert play.hears(LifeSign(MAC, "keep-alive")) == []


def test_sip_of_devices_nobody_defined_changes_nothing() -> None:
    play = Playbook(record())
    strange = (
        replace(registered(), mac=STRANGER),
        Unregistered(STRANGER),
        LifeSign(STRANGER, "keep-alive"),
        ProbesAnswered((ProbeAnswered(STRANGER, 200, 0.02),)),
    )
    orders = [order for event in strange for order in play.hears(event)]
    assert orders == [Decided("registration", "of a device nobody defined", STRANGER)]
    assert len(play.fleet.devices()) == 1


@pytest.mark.parametrize("written", ["", "nonsense", "sip:", "sip:2041@[::1"])
def test_a_contact_that_is_none_means_none(written: str) -> None:
    assert static_contact(written) is None


def test_a_contact_of_the_inventory_never_expires() -> None:
    found = static_contact(STATIC)
    assert found is not None
    assert found.static
    play = Playbook(record(contact=STATIC))
    play.answers[MAC] = 0.02
    play.run_to(2 * 86400)
    assert play.device().contact == found
    assert play.now == NOW + 2 * 86400


def test_answers_by_the_handful_are_each_taken_for_their_own() -> None:
    play = Playbook(record(), record(OTHER_MAC, number="2042"), record(STRANGER, number="2043"))
    for mac in (MAC, OTHER_MAC, STRANGER):
        play.registers(mac)
    play.hears(ProbesAnswered(((MAC, 200, 0.02), (OTHER_MAC, 404, 3.0), ("connection/none", 200, 0.1))))
    states = [play.device(mac).reachability for mac in (MAC, OTHER_MAC, STRANGER)]
    assert states == [Reachability.OK, Reachability.LAGGED, Reachability.NO_STATUS]


def test_the_answers_of_phones_that_are_fine_order_nothing() -> None:
    play = Playbook(record())
    play.registers()
    play.hears(ProbesAnswered(((MAC, 200, 0.02),)))
    assert play.hears(ProbesAnswered(((MAC, 200, 0.03),) * 10)) == []
    assert play.device().round_trips.newest == pytest.approx(0.03)


def test_a_miss_of_nobody_orders_nothing() -> None:
    assert Playbook(record()).hears(ProbeMissed("connection/none", "timeout")) == []


def test_a_phone_whose_record_is_not_approved_is_not_pinged() -> None:
    play = Playbook(record(approved=False, contact=STATIC))
    play.run_to(300)
    assert not play.device().monitored
    assert not pinged(play.orders)


def test_a_static_contact_taken_out_of_the_inventory_is_pinged_no_more() -> None:
    play = Playbook(record(contact=STATIC))
    play.answers[MAC] = 0.02
    play.run_to(61)
    assert pinged(play.orders)
    play.hears(InventoryApplied(inventory(record(contact="")), "ops"))
    before = len(pinged(play.orders))
    play.run_to(400)
    assert play.device().contact is None
    assert len(pinged(play.orders)) == before
