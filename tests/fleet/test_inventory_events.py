"""Taking inventories: small ones at once, large ones a step at a time, and never half a record."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from daemon.fleet.acts import DeviceDeleted, InventoryApplied
from daemon.fleet.commands import Answer, Command, TellIntake
from daemon.fleet.events import KeepAliveHeard
from daemon.fleet.intake import STEP
from daemon.fleet.model import DeviceRecord, Mac, Site, Tenant
from daemon.fleet.records import LAID_OVER, Draft, Inventory, NumberStatus, User
from daemon.fleet.store_commands import AppendTransition, HoldCommits, ReleaseCommits, SaveDevice, SaveUser
from tests.support.builders import MAC, NOW, OTHER_MAC, inventory, record, report
from tests.support.playbook import Playbook

MANY = 2 * STEP + STEP // 2


def phones(count: int = MANY, shift: int = 0, **fields: str) -> tuple[DeviceRecord, ...]:
    """So many phones with a number each; `shift` gives each that of another."""
    return tuple(
        record(Mac(f"00908f{index:06x}"), number=str(5000 + (index + shift) % count), **fields)
        for index in range(count)
    )


def taken(play: Playbook) -> None:
    """Let the fleet take all of it."""
    while play.fleet.intake:
        play.now = max(play.now, play.fleet.next_deadline())
        play.orders += play.fleet.expire(play.now)


def test_a_large_inventory_is_taken_step_by_step_and_held_together() -> None:
    play = Playbook()
    play.hears(InventoryApplied(inventory(*phones()), "ops"))
    done = []
    while play.fleet.intake:
        done.append(play.fleet.intake.done)
        assert play.fleet.next_deadline() <= play.now
        play.orders += play.fleet.expire(play.now)
    assert done == [0, STEP, 2 * STEP]
    assert len(play.fleet.devices()) == MANY
    order = [type(order) for order in play.orders]
    assert order.index(HoldCommits) < order.index(SaveDevice)
    assert Counter(order)[ReleaseCommits] == 1
    assert SaveDevice not in order[order.index(ReleaseCommits) :]
    assert play.fleet.next_deadline() > play.now


def test_its_steps_are_told_as_one_each_and_those_of_its_phones_to_whoever_debugs() -> None:
    play = Playbook()
    play.hears(InventoryApplied(inventory(*phones()), "ops"))
    taken(play)
    assert [order.done for order in play.of(TellIntake)] == [0, STEP, 2 * STEP, MANY + 3]
    assert all(order.one_of_many for order in play.of(AppendTransition))
    play.orders.clear()
    play.hears(InventoryApplied(inventory(replace(phones()[0], display_name="Lobby")), "ops"))
    assert [order.one_of_many for order in play.of(AppendTransition)] == [False]


def test_what_was_checked_before_is_checked_again_only_if_an_operator_did_something_since() -> None:
    play = Playbook(record())
    wanted = inventory(record(OTHER_MAC, number="2042"), record(number="2043"))
    checked = play.fleet.check(wanted).finish()
    assert not refusals(play.hears(InventoryApplied(wanted, "ops", checked)))
    late = inventory(record(number="2044", tenant="globex"))
    checked = play.fleet.check(replace(late, tenants=(Tenant("globex"),))).finish()
    assert refusals(play.hears(InventoryApplied(late, "ops", checked)))  # that was the check of another one
    checked = play.fleet.check(Inventory(devices=(record(Mac("00908f00000b"), number="2045"),))).finish()
    play.hears(InventoryApplied(inventory(record(number="2045")), "ops"))
    assert refusals(play.hears(InventoryApplied(checked.inventory, "ops", checked)))


def refusals(orders: list[Command]) -> tuple[str, ...]:
    """Why it was not done."""
    return next((order.refused for order in orders if isinstance(order, Answer)), ())


def test_a_small_one_is_taken_at_once() -> None:
    play = Playbook(record())
    assert play.fleet.intake is None
    assert not list(play.of(HoldCommits))


def test_nothing_of_it_is_taken_if_any_of_it_is_wrong() -> None:
    play = Playbook()
    wrong = replace(phones()[-1], server="pbx-z")
    orders = play.hears(InventoryApplied(inventory(*phones()[:-1], wrong), "ops"))
    assert [order.refused for order in orders if isinstance(order, Answer)] == [
        (f"device {wrong.mac}: there is no server pbx-z; define it in the same inventory",)
    ]
    assert not play.fleet.devices()
    assert play.fleet.intake is None


def test_other_acts_must_wait_and_phones_need_not() -> None:
    play = Playbook(record())
    play.hears(InventoryApplied(inventory(*phones()), "ops"))
    (answer, _) = play.hears(DeviceDeleted(MAC, "ops"))
    assert isinstance(answer, Answer)
    assert answer.refused[0].startswith(f"an inventory of {MANY + 3} entries is being taken, 0 of them so far (ops)")
    play.hears(KeepAliveHeard(MAC, report(), "10.1.2.7", with_secret=False))
    assert play.device().presence == "REGISTERED"


def test_phones_that_pass_their_numbers_round_keep_a_whole_record_until_their_turn() -> None:
    play = Playbook()
    play.hears(InventoryApplied(inventory(*phones()), "ops"))
    taken(play)
    olds = {device.mac: device.record for device in play.fleet.devices()}
    news = {entry.mac: replace(olds[entry.mac], number=entry.number) for entry in phones(shift=1)}
    play.orders.clear()
    play.hears(InventoryApplied(inventory(*phones(shift=1)), "ops"))
    while play.fleet.intake:
        play.orders += play.fleet.expire(play.now)
        assert all(device.record in (olds[device.mac], news[device.mac]) for device in play.fleet.devices())
    assert {device.mac: device.record for device in play.fleet.devices()} == news
    assert {entry.status for entry in play.fleet.numbers.values()} == {NumberStatus.USED}
    assert all(play.fleet.numbers[device.number].device == device.mac for device in play.fleet.devices())
    assert all(play.fleet.mac_of_user(device.number) == device.mac for device in play.fleet.devices())


def test_what_an_end_or_a_start_has_no_time_for_is_taken_at_once() -> None:
    play = Playbook()
    play.hears(InventoryApplied(inventory(*phones()), "ops"))
    orders = play.fleet.finish_intake(NOW)
    assert play.fleet.intake is None
    assert isinstance(orders[-2], ReleaseCommits)
    assert len(play.fleet.devices()) == MANY


def test_one_number_is_not_given_to_two_devices_of_one_inventory() -> None:
    play = Playbook()
    orders = play.hears(InventoryApplied(inventory(record(), record(OTHER_MAC)), "ops"))
    assert next(order.refused for order in orders if isinstance(order, Answer)) == (
        f"device {OTHER_MAC}: number 2041 would be that of device {MAC} as well",
    )


def test_users_come_with_an_inventory_and_a_new_phone_takes_what_it_does_not_say() -> None:
    play = Playbook()
    alice = User("alice", "acme", "Alice", "2041", "sealed")
    short = frozenset({"tenant", "user"})
    phone = DeviceRecord(MAC, tenant="acme", user="alice")
    own = DeviceRecord(OTHER_MAC, tenant="acme", user="alice", display_name="Kitchen")
    both = replace(
        inventory(),
        users=(alice,),
        devices=(phone, own),
        device_fields={MAC: short, OTHER_MAC: short | {"display_name"}},
    )
    play.hears(InventoryApplied(both, "ops"))
    assert [order.user for order in play.of(SaveUser)] == [alice]
    assert (play.device().record.display_name, play.device().record.sip_password) == ("Alice", "sealed")
    assert (play.device(OTHER_MAC).record.display_name, play.device(OTHER_MAC).record.number) == ("Kitchen", "")
    again = play.hears(InventoryApplied(both, "ops"))
    assert not [order for order in again if isinstance(order, SaveUser | SaveDevice)]


def test_a_short_user_changes_only_what_it_names() -> None:
    play = Playbook(record())
    alice = User("alice", "acme", "Alice", "2041", "sealed")
    play.hears(InventoryApplied(Inventory(users=(alice,)), "ops"))
    named = Inventory(
        users=(User("alice", "acme", "Alice B."),), user_fields={"acme/alice": frozenset({"display_name"})}
    )
    play.hears(InventoryApplied(named, "ops"))
    assert play.fleet.users["acme/alice"] == replace(alice, display_name="Alice B.")


def test_placeholders_can_be_laid_over_those_there_are() -> None:
    play = Playbook(record(placeholders={"Language": "German", "VLANID": "12"}))
    over = Inventory(devices=(record(placeholders={"VLANID": "13"}),), device_fields={MAC: frozenset({LAID_OVER})})
    play.hears(InventoryApplied(over, "ops"))
    assert dict(play.device().record.placeholders) == {"Language": "German", "VLANID": "13"}


def test_a_phones_own_lines_come_with_it() -> None:
    play = Playbook()
    play.hears(InventoryApplied(replace(inventory(record()), drafts=(Draft(f"user/{MAC}", "sealed"),)), "ops"))
    assert play.fleet.documents[f"user/{MAC}"].body == "sealed"


def test_secrets_that_an_inventory_says_nothing_of_stay() -> None:
    play = Playbook()
    site = Site("hq", placeholders={"Pin": "2"})
    tenant = Tenant("acme", placeholders={"Pin": "1", "Tone": "a"}, sites=(site,))
    secretive = record(placeholders={"AdminPassword": "3", "Tone": "b"})
    every = frozenset({"placeholders", "tenant"})
    play.hears(InventoryApplied(Inventory((tenant,), devices=(secretive,), device_fields={MAC: every}), "ops"))
    bare = Inventory(
        (replace(tenant, placeholders={}, sites=(Site("hq"),)),),
        devices=(record(placeholders={}),),
        device_fields={MAC: every},
    )
    play.hears(InventoryApplied(bare, "ops"))
    kept = play.fleet.tenants["acme"]
    assert (dict(kept.placeholders), dict(kept.sites[0].placeholders)) == ({"Pin": "1"}, {"Pin": "2"})
    assert dict(play.device().record.placeholders) == {"AdminPassword": "3"}
