from __future__ import annotations

import math
from dataclasses import replace

import pytest

from daemon.config.settings import Settings
from daemon.fleet.acts import DeviceDeleted, InventoryApplied
from daemon.fleet.commands import Decided
from daemon.fleet.events import (
    ConnectorFailed,
    ConnectorRecovered,
    ConnectorsConfigured,
    ContactsLearned,
    ContactsLost,
    Unregistered,
)
from daemon.fleet.model import Contact, LearnedContact, Reachability
from daemon.fleet.records import NumberStatus, Snapshot
from daemon.fleet.store_commands import SaveState
from tests.support.builders import MAC, NOW, OTHER_MAC, PBX_A, PBX_B, inventory, record
from tests.support.playbook import Playbook

OVER_TLS = Contact("sips:2041@10.1.2.7:5061", "10.1.2.7", 5061, math.inf, "tls")


def at_port(port: int, user: str = "2041") -> Contact:
    return Contact(f"sip:{user}@10.1.2.7:{port}", "10.1.2.7", port, math.inf)


def learned(server: str, where: Contact | int = 5060, user: str = "2041") -> ContactsLearned:
    contact = at_port(where, user) if isinstance(where, int) else where
    return ContactsLearned(server, (LearnedContact(user, contact),))


def lost(server: str, user: str = "2041", uri: str = "") -> ContactsLost:
    return ContactsLost(server, ((user, uri),))


@pytest.fixture
def play() -> Playbook:
    """A phone of pbx-a, which answers pings."""
    play = Playbook(record(server="pbx-a"))
    play.answers[MAC] = 0.02
    return play


def test_a_phone_that_registers_elsewhere_is_pinged_where_its_server_says(play: Playbook) -> None:
    orders = play.hears(learned("pbx-a"))
    assert any(isinstance(order, SaveState) for order in orders)
    play.run_to(1)
    device = play.device()
    assert (device.reachability, device.contact, device.registered_server) == (Reachability.OK, at_port(5060), "pbx-a")
    assert play.fleet.mac_at("10.1.2.7", 5060) == MAC


def test_what_is_said_again_changes_and_writes_nothing(play: Playbook) -> None:
    play.hears(learned("pbx-a"))
    assert play.hears(learned("pbx-a")) == []


def test_a_phone_that_moved_is_pinged_where_it_is_now(play: Playbook) -> None:
    play.hears(learned("pbx-a"))
    play.hears(learned("pbx-a", 5062))
    assert play.device().contact == at_port(5062)
    assert play.fleet.mac_at("10.1.2.7", 5060) is None


def test_a_user_that_is_nobodys_number_is_ignored(play: Playbook) -> None:
    assert play.hears(learned("pbx-a", user="9999")) == []
    assert not play.fleet.learned_users("pbx-a")


def test_a_learned_contact_does_not_end_by_a_time(play: Playbook) -> None:
    play.hears(learned("pbx-a"))
    play.run_to(100_000)
    assert play.device().reachability is Reachability.OK


def test_who_is_no_longer_registered_has_no_contact(play: Playbook) -> None:
    play.hears(learned("pbx-a"))
    play.run_to(1)
    play.hears(lost("pbx-a"))
    device = play.device()
    assert (device.reachability, device.contact, device.registered_server) == (Reachability.UNKNOWN, None, "")
    assert play.hears(lost("pbx-a")) == []


def test_the_end_of_another_contact_than_the_one_in_use_changes_nothing(play: Playbook) -> None:
    play.hears(learned("pbx-a", 5062))
    assert play.hears(lost("pbx-a", uri="sip:2041@10.1.2.7:5060")) == []
    assert play.device().contact == at_port(5062)
    play.hears(lost("pbx-a", uri="sip:2041@10.1.2.7:5062"))
    assert play.device().contact is None


def test_a_static_contact_takes_the_place_of_a_learned_one_that_ended() -> None:
    play = Playbook(record(server="pbx-a", contact="sip:2041@10.1.2.9:5060"))
    play.hears(learned("pbx-a"))
    assert play.device().contact == at_port(5060)
    play.hears(lost("pbx-a"))
    contact = play.device().contact
    assert contact is not None
    assert (contact.host, contact.static) == ("10.1.2.9", True)


# Whose word counts.


def test_who_is_registered_with_another_server_than_its_own_has_no_status_and_the_reason(play: Playbook) -> None:
    play.hears(learned("pbx-b"))
    device = play.device()
    assert (device.reachability, device.contact, device.registered_server) == (Reachability.NO_STATUS, None, "pbx-b")
    assert device.reachability_reason == "registered with another server than its own: pbx-b instead of pbx-a"
    assert play.hears(learned("pbx-b")) == []


def test_its_own_servers_word_counts_whatever_others_list_it_too(play: Playbook) -> None:
    play.hears(learned("pbx-a"))
    play.run_to(1)
    for _ in range(2):
        assert play.hears(learned("pbx-b", 5062)) == []
        assert play.hears(learned("pbx-a")) == []
    assert play.device().reachability is Reachability.OK


def test_when_its_own_server_lets_go_of_it_the_other_servers_list_counts(play: Playbook) -> None:
    play.hears(learned("pbx-a"))
    play.hears(learned("pbx-b", 5062))
    play.hears(lost("pbx-a"))
    play.hears(learned("pbx-b", 5062))
    assert play.device().reachability_reason.endswith("pbx-b instead of pbx-a")


def test_a_stray_that_comes_home_is_pinged_again(play: Playbook) -> None:
    play.hears(learned("pbx-b", 5062))
    play.hears(learned("pbx-a"))
    play.run_to(1)
    assert play.device().reachability is Reachability.OK
    assert play.hears(lost("pbx-b")) == []


def test_a_stray_whose_registration_ends_is_no_stray_any_more(play: Playbook) -> None:
    play.hears(learned("pbx-b"))
    play.hears(lost("pbx-b"))
    assert (play.device().reachability, play.device().registered_server) == (Reachability.UNKNOWN, "")


def test_nobodys_list_moves_what_a_phone_registered_with_us(play: Playbook) -> None:
    play.registers(expires=60)
    own = play.device().contact
    for event in (learned("pbx-b", 5062), learned("pbx-a", 5064), lost("pbx-a"), learned("pbx-a", 5064)):
        play.hears(event)
        assert play.device().contact == own


def test_when_what_it_registered_with_us_ends_its_servers_list_counts(play: Playbook) -> None:
    play.registers(expires=60)
    play.hears(learned("pbx-a", 5064))
    play.hears(Unregistered(MAC))
    play.hears(learned("pbx-a", 5064))
    assert play.device().contact == at_port(5064)


def test_what_a_phone_registers_with_us_counts_before_what_was_learned(play: Playbook) -> None:
    play.hears(learned("pbx-a", 5064))
    play.registers(expires=60)
    own = play.device().contact
    play.hears(lost("pbx-a"))
    assert own is not None
    assert play.device().contact == own
    assert not own.learned


def test_a_device_without_a_server_follows_the_newest_word_and_does_not_flutter() -> None:
    play = Playbook(record(server=""))
    play.hears(learned("pbx-a", 5060))
    play.hears(learned("pbx-b", 5062))
    assert play.device().registered_server == "pbx-b"
    for _ in range(2):
        assert play.hears(learned("pbx-a", 5060)) == []
        assert play.hears(learned("pbx-b", 5062)) == []
    play.hears(learned("pbx-a", 5064))
    assert play.device().registered_server == "pbx-a"
    play.hears(lost("pbx-a"))
    play.hears(learned("pbx-b", 5062))
    assert play.device().contact == at_port(5062)


# Over connections that are not ours.


def test_a_contact_over_tls_is_noted_but_not_pinged(play: Playbook) -> None:
    orders = play.hears(learned("pbx-a", OVER_TLS))
    assert Decided("registration", "learned, out of reach", MAC) in orders
    device = play.device()
    assert (device.contact, device.registered_server, device.reachability) == (None, "pbx-a", Reachability.NO_STATUS)
    assert device.reachability_reason == "registered with pbx-a over tls, so only pbx-a can ping it"
    assert play.hears(learned("pbx-a", OVER_TLS)) == []
    assert play.hears(learned("pbx-b")) == [], "its own server has it"


def test_a_phone_that_changes_to_tls_is_no_longer_pinged_at_its_old_contact(play: Playbook) -> None:
    play.hears(learned("pbx-a"))
    play.run_to(1)
    play.hears(learned("pbx-a", OVER_TLS))
    assert (play.device().contact, play.device().reachability) == (None, Reachability.UNKNOWN)
    play.hears(lost("pbx-a"))
    assert play.device().registered_server == ""


# Inventories and restarts.


def test_a_number_that_is_given_to_another_device_takes_the_contact_with_it() -> None:
    play = Playbook(record(server="pbx-a"), record(OTHER_MAC, number="2042", server="pbx-a"))
    play.hears(learned("pbx-a"))
    changed = inventory(record(server="pbx-a", number="2049"), record(OTHER_MAC, number="2041", server="pbx-a"))
    play.hears(InventoryApplied(changed, "test"))
    play.hears(learned("pbx-a"))
    assert (play.device().contact, play.device(OTHER_MAC).contact) == (None, at_port(5060))


def test_a_device_with_a_new_number_keeps_what_its_server_says_of_that(play: Playbook) -> None:
    play.hears(learned("pbx-a"))
    play.hears(InventoryApplied(inventory(record(server="pbx-a", number="2050")), "test"))
    play.hears(learned("pbx-a", 5062, user="2050"))
    play.hears(lost("pbx-a", "2041"))
    assert play.device().contact == at_port(5062, "2050")


def test_the_end_of_a_contact_of_a_deleted_device_is_nothing(play: Playbook) -> None:
    play.hears(learned("pbx-a"))
    play.hears(DeviceDeleted(MAC, "test"))
    assert play.hears(learned("pbx-a")) == []
    assert play.hears(lost("pbx-a")) == []


def restarted(play: Playbook) -> Playbook:
    states = tuple(device.state() for device in play.fleet.devices())
    records = tuple(device.record for device in play.fleet.devices())
    return Playbook(snapshot=Snapshot(servers=(PBX_A, PBX_B), records=records, states=states))


@pytest.mark.parametrize("server", ["pbx-a", "pbx-b"])
def test_after_a_restart_a_list_that_lacks_a_phone_ends_what_was_learned_before(play: Playbook, server: str) -> None:
    play.hears(learned(server))
    again = restarted(play)
    assert again.device().contact == play.device().contact
    assert list(again.fleet.learned_users(server)) == ["2041"]
    again.hears(lost(server))
    assert (again.device().contact, again.device().registered_server) == (None, "")


def test_after_a_restart_what_is_said_again_writes_nothing_twice(play: Playbook) -> None:
    play.hears(learned("pbx-a"))
    again = restarted(play)
    assert again.hears(learned("pbx-a")) == []


def test_what_was_registered_with_us_is_not_taken_for_learned_after_a_restart(play: Playbook) -> None:
    play.registers(expires=3600)
    assert not restarted(play).fleet.learned_servers()


def test_a_number_does_not_cool_while_another_server_has_its_phone(play: Playbook) -> None:
    play.hears(learned("pbx-a"))
    play.hears(learned("pbx-a", OVER_TLS))
    play.hears(learned("pbx-a"))
    entry = play.fleet.numbers.get("2041")
    assert entry is None or entry.status is NumberStatus.USED


# A server that cannot be asked.


def test_a_server_that_is_not_heard_raises_an_alarm_and_costs_nobody_its_contact(play: Playbook) -> None:
    play.hears(learned("pbx-a"))
    play.hears(ConnectorFailed("pbx-a", "connect: refused"))
    assert play.told() == [(1, "connectorDown", "MAJOR")]
    assert play.device().contact == at_port(5060)
    play.hears(ConnectorRecovered("pbx-a"))
    assert play.told()[-1] == (2, "connectorDown", "CLEARED")
    play.hears(ConnectorRecovered("pbx-a"))
    assert len(play.told()) == 2


def test_the_alarm_of_a_connector_that_is_gone_from_the_settings_ends(play: Playbook) -> None:
    play.hears(ConnectorFailed("pbx-a", "connect"))
    play.hears(ConnectorFailed("pbx-b", "connect"))
    play.hears(ConnectorsConfigured(("pbx-b",)))
    assert [alarm.source for alarm in play.fleet.alarms.values()] == ["Connector/pbx-b"]


def test_an_unmonitored_phone_is_not_pinged_wherever_it_is_registered() -> None:
    play = Playbook(record(server="pbx-a", qualify=False), settings=Settings())
    play.hears(learned("pbx-a"))
    play.run_to(600)
    assert play.device().reachability is Reachability.UNMONITORED


def test_a_thousand_contacts_of_strangers_are_no_work() -> None:
    play = Playbook(record())
    strangers = tuple(replace(LearnedContact("", at_port(5060)), user=str(number)) for number in range(90_000, 91_000))
    assert play.hears(ContactsLearned("pbx-a", strangers)) == []
    assert play.now == NOW
