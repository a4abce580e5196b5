"""Operators' acts: inventories whole or not at all, removals, arming, access, settings; and the disk's troubles."""

from __future__ import annotations

from dataclasses import replace

from daemon.fleet.acts import (
    DeviceArmed,
    DeviceDeleted,
    InventoryApplied,
    OperatorAdded,
    OperatorRemoved,
    SettingsChanged,
    TenantDeleted,
)
from daemon.fleet.commands import Answer, Command
from daemon.fleet.events import StoreFailed, StoreRecovered, UnknownPhoneHeard
from daemon.fleet.model import Mac, Reachability, Tenant
from daemon.fleet.records import Inventory, Operator, Role
from daemon.fleet.store_commands import (
    DropDevice,
    DropOperator,
    DropTenant,
    SaveDevice,
    SaveServer,
    SaveTenant,
)
from tests.support.builders import ACME, MAC, NOW, OTHER_MAC, contact, inventory, record, settings
from tests.support.playbook import Playbook, pinged

DAY = 86400


def _refusals(orders: list[Command]) -> tuple[str, ...]:
    return next(order.refused for order in orders if isinstance(order, Answer))


def test_a_new_device_is_defined_armed_for_a_day_and_kept() -> None:
    play = Playbook(record())
    assert play.device().record.armed_until == NOW + DAY
    assert [order.record.mac for order in play.of(SaveDevice)] == [MAC]
    assert [order.tenant for order in play.of(SaveTenant)] == [ACME]
    assert [order.server.name for order in play.of(SaveServer)] == ["pbx-a", "pbx-b"]


def test_the_same_inventory_again_writes_nothing() -> None:
    play = Playbook(record())
    again = play.hears(InventoryApplied(inventory(replace(record(), armed_until=0.0)), "ops"))
    assert not [order for order in again if isinstance(order, SaveDevice | SaveTenant | SaveServer)]


def test_a_short_entry_changes_only_what_it_names() -> None:
    play = Playbook(record(user="alice", site="hq"))
    short = Inventory(devices=(record(user="bob", number=""),), device_fields={MAC: frozenset({"user"})})
    play.hears(InventoryApplied(short, "ops"))
    changed = play.device().record
    assert (changed.user, changed.number, changed.site) == ("bob", "2041", "hq")


def test_an_inventory_with_one_fault_changes_nothing_and_names_all_its_faults() -> None:
    play = Playbook()
    bad = inventory(record(), record(OTHER_MAC, number="2042", tenant="nobody", server="pbx-z"))
    refused = _refusals(play.hears(InventoryApplied(bad, "ops")))
    assert len(refused) == 2
    assert any("no tenant nobody" in reason for reason in refused)
    assert any("no server pbx-z" in reason for reason in refused)
    assert len(play.fleet.devices()) == 0
    assert not play.fleet.tenants


def test_there_is_one_default_tenant_at_most() -> None:
    play = Playbook(record())
    refused = _refusals(play.hears(InventoryApplied(Inventory((Tenant("globex", default=True),)), "ops")))
    assert refused == ("tenants acme, globex would all be the default: there is one at most",)


def test_a_device_whose_number_changes_gives_the_old_one_up() -> None:
    play = Playbook(record(number="2041"))
    play.hears(InventoryApplied(inventory(record(number="2042")), "ops"))
    assert [(entry.number, str(entry.status)) for entry in play.fleet.numbers.values()] == [
        ("2041", "Cooling"),
        ("2042", "Used"),
    ]
    assert play.fleet.mac_of_user("2042") == MAC
    assert play.fleet.mac_of_user("2041") is None


def test_approval_arms_the_phone() -> None:
    play = Playbook(record(approved=False))
    assert play.device().record.armed_until == 0.0
    play.run_to(100)
    approved = Inventory(devices=(record(approved=True),), device_fields={MAC: frozenset({"approved"})})
    play.hears(InventoryApplied(approved, "ops"))
    assert play.device().record.armed_until == NOW + 100 + DAY


def test_listing_a_phone_that_waits_approves_it_unless_the_entry_says_otherwise() -> None:
    for written, approved in ((frozenset({"number"}), True), (frozenset({"number", "approved"}), False)):
        play = Playbook()
        play.hears(UnknownPhoneHeard(MAC, "acme", "420HD", "10.1.2.9"))
        listed = Inventory((ACME,), devices=(record(approved=approved),), device_fields={MAC: written})
        play.hears(InventoryApplied(listed, "ops"))
        assert play.device().record.approved is approved


def test_a_phone_just_approved_says_that_it_never_registered() -> None:
    play = Playbook(record(approved=False))
    play.hears(InventoryApplied(inventory(record(approved=True)), "ops"))
    assert play.device().status_reason == "never registered"


def test_arming_opens_the_window_again() -> None:
    play = Playbook(record())
    play.run_to(3 * DAY)
    play.hears(DeviceArmed(MAC, "ops"))
    assert play.device().record.armed_until == NOW + 4 * DAY


def test_a_deleted_device_is_gone_from_every_index_and_never_pinged_again() -> None:
    play = Playbook(record())
    play.registers()
    orders = play.hears(DeviceDeleted(MAC, "ops"))
    assert DropDevice(MAC) in orders
    assert play.fleet.device(MAC) is None
    assert play.fleet.mac_of_user("2041") is None
    assert play.fleet.mac_at(contact().host, contact().port) is None
    before = len(play.orders)
    play.run_to(7200)
    assert not pinged(play.orders[before:])


def test_deleting_or_arming_what_is_not_there_is_refused() -> None:
    play = Playbook()
    assert _refusals(play.hears(DeviceDeleted(MAC, "ops"))) == ("there is no such device",)
    assert _refusals(play.hears(DeviceArmed(MAC, "ops"))) == ("there is no such device",)


def test_switching_qualify_off_ends_the_alarm_and_the_pings() -> None:
    play = Playbook(record())
    play.registers()
    play.run_to(600)
    assert play.told()[-1][2] == "MAJOR"
    play.hears(InventoryApplied(inventory(record(qualify=False)), "ops"))
    assert play.device().reachability is Reachability.UNMONITORED
    assert play.told()[-1] == (2, "deviceUnreachable", "CLEARED")


def test_new_settings_move_the_deadlines_that_are_running() -> None:
    play = Playbook(record())
    play.registers()
    play.run_to(600)
    play.hears(SettingsChanged(settings(qualify={"unknown_after": "11m"})))
    play.run_to(900)
    assert play.device().reachability is Reachability.UNKNOWN


def test_a_new_operator_is_known_at_once() -> None:
    play = Playbook()
    ann = Operator("ann", Role.MONITOR, "00" * 32, NOW)
    play.hears(OperatorAdded(ann, "root"))
    assert play.fleet.operators == {"ann": ann}


def test_a_removed_operator_is_forgotten_on_disk_too() -> None:
    play = Playbook()
    play.hears(OperatorAdded(Operator("ann", Role.MONITOR, "00" * 32, NOW), "root"))
    assert DropOperator("ann") in play.hears(OperatorRemoved("ann", "root"))
    assert play.fleet.operators == {}
    assert _refusals(play.hears(OperatorRemoved("ann", "root"))) == ("there is no such operator",)


def test_a_disk_that_refuses_writes_raises_an_alarm_about_ourselves_until_it_takes_them_again() -> None:
    play = Playbook()
    play.hears(StoreFailed("disk full"))
    play.hears(StoreFailed("disk full"))
    assert play.told() == [(1, "storeFailure", "CRITICAL")]
    play.hears(StoreRecovered())
    assert play.told()[-1] == (2, "storeFailure", "CLEARED")


def test_an_inventory_of_many_devices_spreads_them_over_the_interval() -> None:
    records = [record(Mac(f"00908f{index:06x}"), number=str(5000 + index)) for index in range(50)]
    play = Playbook(*(replace(one, contact=f"sip:x@127.0.0.1:{6000 + i}") for i, one in enumerate(records)))
    play.answers = {one.mac: 0.01 for one in records}
    play.run_to(60.1)
    due = [device.pinged_at for device in play.fleet.devices()]
    assert min(due) > NOW
    assert max(due) - min(due) > 40


def test_a_tenant_is_deleted_only_when_nothing_belongs_to_it() -> None:
    play = Playbook(record())
    assert "still has 1 devices" in _refusals(play.hears(TenantDeleted("acme", "ops")))[0]
    play.hears(DeviceDeleted(MAC, "ops"))
    assert DropTenant("acme") in play.hears(TenantDeleted("acme", "ops"))
    assert _refusals(play.hears(TenantDeleted("acme", "ops"))) == ("there is no such tenant",)
