"""What an entry makes of what is known."""

from __future__ import annotations

from dataclasses import replace

from daemon.fleet.acts import InventoryApplied
from daemon.fleet.enrolment import merge, merge_user
from daemon.fleet.model import DeviceRecord
from daemon.fleet.records import Inventory, User
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.playbook import Playbook

ALICE = User("alice", "acme", "Alice", "2041", "sealed")


def test_a_short_entry_changes_only_what_it_names() -> None:
    play = Playbook(record(site="hq"))
    becoming = merge(record(tenant="globex", site="", number=""), frozenset({"tenant"}), play.fleet.roster)
    assert (becoming.tenant, becoming.site, becoming.number) == ("globex", "hq", "2041")


def test_what_says_nothing_new_is_the_very_record_that_is_known() -> None:
    play = Playbook(record())
    play.hears(InventoryApplied(Inventory(users=(ALICE,)), "ops"))
    known = play.device().record
    assert merge(replace(known), frozenset({"tenant", "number"}), play.fleet.roster) is known
    assert merge_user(replace(ALICE), frozenset({"display_name"}), play.fleet.roster) is play.fleet.users[ALICE.key]


def test_a_new_phone_takes_from_its_user_what_it_does_not_say_and_is_left_alone_if_it_says_all() -> None:
    play = Playbook(record())
    play.hears(InventoryApplied(Inventory(users=(ALICE,)), "ops"))
    bare = DeviceRecord(OTHER_MAC, tenant="acme", user="alice")
    assert merge(bare, frozenset({"user"}), play.fleet.roster) == replace(
        bare, display_name="Alice", sip_password="sealed"
    )
    full = replace(bare, display_name="Kitchen", sip_password="own")
    assert merge(full, frozenset({"display_name", "sip_password"}), play.fleet.roster) is full
    assert merge(replace(bare, mac=MAC), frozenset(), play.fleet.roster).display_name == record().display_name
