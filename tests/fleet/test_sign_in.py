"""Somebody signs in on another's phone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.fleet.acts import InventoryApplied
from daemon.fleet.events import KeepAliveHeard
from daemon.fleet.model import DeviceRecord, Report
from daemon.fleet.records import Inventory, NumberStatus, User
from daemon.fleet.sign_in import signed_in
from daemon.fleet.store_commands import AppendTransition, SaveDevice
from tests.support.builders import MAC, OTHER_MAC, record, report, settings
from tests.support.playbook import Playbook

BOB = User("bob", "acme", "Bob B.", "2050")
USERS = {BOB.key: BOB, "globex/carol": User("carol", "globex")}


@pytest.mark.parametrize(
    ("phone", "said", "who"),
    [
        (record(), Report(user_id="bob"), BOB),
        (record(), Report(user_name="bob"), BOB),
        (record(user=""), Report(user_name="bob"), BOB),
        (record(user="bob"), Report(user_name="bob"), None),
        (record(), Report(user_name="nobody"), None),
        (record(), Report(user_name="carol"), None),
        (record(), Report(), None),
        (record(sip_password="sealed"), Report(user_name="bob"), None),
        (record(approved=False), Report(user_name="bob"), None),
    ],
)
def test_only_a_known_user_of_its_tenant_on_a_phone_that_signs_in_itself(
    phone: DeviceRecord, said: Report, who: User | None
) -> None:
    assert signed_in(phone, said, USERS) == who


def hears_bob(play: Playbook) -> list[object]:
    return list(play.hears(KeepAliveHeard(MAC, replace(report(), user_name="bob"), "10.1.2.7", with_secret=False)))


def test_the_phone_goes_to_the_new_user_with_the_number_and_the_timeline_says_so() -> None:
    play = Playbook(record())
    play.hears(InventoryApplied(Inventory(users=(BOB,)), "ops"))
    orders = hears_bob(play)
    moved = play.device().record
    assert (moved.user, moved.display_name, moved.number) == ("bob", "Bob B.", "2050")
    assert play.fleet.numbers["2041"].status is NumberStatus.COOLING
    told = [order.transition.reason for order in orders if isinstance(order, AppendTransition)]
    assert "by the sign-in of bob in place of alice" in told
    assert not [order for order in hears_bob(play) if isinstance(order, SaveDevice)]


def test_the_new_users_former_phone_stays_theirs_and_keeps_the_number() -> None:
    play = Playbook(record(), record(OTHER_MAC, user="bob", number="2050"))
    play.hears(InventoryApplied(Inventory(users=(BOB,)), "ops"))
    hears_bob(play)
    assert (play.device().record.user, play.device().record.number) == ("bob", "")
    assert (play.device(OTHER_MAC).record.user, play.device(OTHER_MAC).record.number) == ("bob", "2050")


def test_it_is_not_followed_where_operators_do_not_want_it() -> None:
    play = Playbook(record(), settings=settings(provisioning={"follow_sign_in": False}))
    play.hears(InventoryApplied(Inventory(users=(BOB,)), "ops"))
    hears_bob(play)
    assert play.device().record.user == "alice"
