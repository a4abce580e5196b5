"""Users: made, changed with what their phones took from them, moved, deleted."""

from __future__ import annotations

import pytest

from daemon.fleet.acts import InventoryApplied, UserDeleted, UserWritten
from daemon.fleet.commands import Answer, Command
from daemon.fleet.model import Tenant
from daemon.fleet.records import Inventory, User
from daemon.fleet.store_commands import DropDevice, DropUser, SaveDevice, SaveUser
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.playbook import Playbook

ALICE = User("alice", "acme", "Alice A.", "2041", "sealed")
PHONE = record(display_name="Alice A.", sip_password="sealed")


def refusals(orders: list[Command]) -> tuple[str, ...]:
    return next((order.refused for order in orders if isinstance(order, Answer)), ())


def with_alice() -> Playbook:
    play = Playbook(PHONE, record(OTHER_MAC, number="2042", display_name="Kitchen"))
    play.hears(InventoryApplied(Inventory(tenants=(Tenant("globex"),), users=(ALICE,)), "test"))
    return play


def test_a_user_is_made_and_kept() -> None:
    play = Playbook(record())
    orders = play.hears(UserWritten(User("bob", "acme"), "", "ops"))
    assert [order.user.key for order in orders if isinstance(order, SaveUser)] == ["acme/bob"]
    assert play.fleet.users["acme/bob"].name == "bob"


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (UserWritten(ALICE, "", "ops"), "there is a user acme/alice already"),
        (UserWritten(ALICE, "acme/nobody", "ops"), "there is no user acme/nobody"),
        (UserWritten(User("bob", "nowhere"), "", "ops"), "user nowhere/bob: there is no tenant nowhere"),
        (UserDeleted("acme/nobody", True, "ops"), "there is no user acme/nobody"),
        (UserDeleted("acme/alice", False, "ops"), "user acme/alice has 2 devices"),
    ],
)
def test_what_cannot_be_is_refused(act: UserWritten | UserDeleted, why: str) -> None:
    play = with_alice()
    (said,) = refusals(play.hears(act))
    assert said.startswith(why)
    assert play.fleet.users == {"acme/alice": ALICE}


def test_what_a_phone_took_from_its_user_follows_and_the_rest_stays() -> None:
    play = with_alice()
    play.hears(UserWritten(User("alice", "acme", "Alice B.", "2050", "other"), "acme/alice", "ops"))
    first, second = play.device().record, play.device(OTHER_MAC).record
    assert (first.display_name, first.number, first.sip_password) == ("Alice B.", "2050", "other")
    assert (second.display_name, second.number, second.sip_password) == ("Kitchen", "2042", "")
    assert play.fleet.numbers["2041"].status == "Cooling"


def test_a_user_moves_to_another_tenant_with_the_phones() -> None:
    play = with_alice()
    orders = play.hears(UserWritten(User("alice", "globex", "Alice A.", "2041", "sealed"), "acme/alice", "ops"))
    assert [order.key for order in orders if isinstance(order, DropUser)] == ["acme/alice"]
    assert {order.record.tenant for order in orders if isinstance(order, SaveDevice)} == {"globex"}
    assert list(play.fleet.users) == ["globex/alice"]


def test_a_user_is_deleted_with_the_phones() -> None:
    play = with_alice()
    orders = play.hears(UserDeleted("acme/alice", True, "ops"))
    assert [order.mac for order in orders if isinstance(order, DropDevice)] == [MAC, OTHER_MAC]
    assert not play.fleet.users
    assert not play.fleet.devices()
