"""What an inventory must fulfil before any of it is taken, and when that holds no more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.fleet.acts import DeviceDeleted
from daemon.fleet.events import KeepAliveHeard
from daemon.fleet.model import Mac, Tenant
from daemon.fleet.records import Inventory, NumberEntry, NumberStatus, Snapshot
from tests.support.builders import ACME, MAC, NOW, OTHER_MAC, inventory, record, report
from tests.support.playbook import Playbook

NOBODYS = Mac("00908f000009")


def found(wanted: Inventory, *numbers: NumberEntry) -> list[str]:
    return objected(Playbook(snapshot=Snapshot(numbers=numbers)), wanted)


def objected(play: Playbook, wanted: Inventory) -> list[str]:
    """Why the fleet would not take it."""
    return list(play.fleet.check(wanted).finish().sentences)


def only(*devices: Mac, **fields: str) -> Inventory:
    """An inventory of devices alone, with these fields written."""
    records = tuple(record(mac, **fields) for mac in devices)
    return Inventory(devices=records, device_fields=dict.fromkeys(devices, frozenset(fields)))


def test_what_is_defined_in_the_same_inventory_may_be_referred_to() -> None:
    assert found(inventory(record(server="pbx-a", site="hq"))) == []


def test_what_is_referred_to_must_exist() -> None:
    lonely = Inventory(devices=(record(tenant="nobody", site="moon", server="pbx-z"),))
    assert [fault.partition(": ")[2] for fault in found(lonely)] == [
        "there is no tenant nobody; define it in the same inventory",
        "tenant nobody has no site moon",
        "there is no server pbx-z; define it in the same inventory",
    ]


def test_a_site_belongs_to_its_own_tenant() -> None:
    other = replace(inventory(record(tenant="globex", site="hq")), tenants=(ACME, Tenant("globex")))
    assert found(other) == [f"device {MAC}: tenant globex has no site hq"]


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (NumberEntry("2041", NumberStatus.USED, device=NOBODYS), f"is used by device {NOBODYS}"),
        (NumberEntry("2041", NumberStatus.RESERVED), "is reserved"),
        (
            NumberEntry("2041", NumberStatus.COOLING, device=NOBODYS, tag="a tag", release_date=NOW),
            f"is cooling after device {NOBODYS} (a tag)",
        ),
    ],
)
def test_a_number_that_is_not_free_is_refused_with_the_reason(entry: NumberEntry, why: str) -> None:
    assert found(inventory(record()), entry) == [f"device {MAC}: number 2041 {why}"]


@pytest.mark.parametrize("status", NumberStatus)
def test_a_device_may_keep_its_own_number_in_whatever_status_it_is(status: NumberStatus) -> None:
    assert found(inventory(record()), NumberEntry("2041", status, device=MAC)) == []


def test_a_short_entry_is_judged_by_what_the_device_will_be() -> None:
    play = Playbook(record(site="hq"))
    moved = only(MAC, tenant="globex")
    with_tenant = replace(moved, tenants=(Tenant("globex"),))
    assert objected(play, with_tenant) == [f"device {MAC}: tenant globex has no site hq"]


def test_a_number_may_be_taken_over_when_its_holder_gives_it_up_in_the_same_inventory() -> None:
    play = Playbook(record(), record(OTHER_MAC, number="2042"))
    assert objected(play, only(OTHER_MAC, number="2041")) == [
        f"device {OTHER_MAC}: number 2041 is used by device {MAC}"
    ]
    both = Inventory(
        devices=(record(OTHER_MAC, number="2041"), record(number="")),
        device_fields={OTHER_MAC: frozenset({"number"}), MAC: frozenset({"number"})},
    )
    assert objected(play, both) == []


def test_slices_of_it_are_as_short_as_is_asked_and_find_the_same() -> None:
    play = Playbook()
    wanted = inventory(record(server="pbx-z"), record(OTHER_MAC))
    check, slices = play.fleet.check(wanted), 1
    while not check.step(1):
        slices += 1
    assert slices > 6
    assert check.checked == play.fleet.check(wanted).finish()
    assert check.checked.sentences == (
        f"device {MAC}: there is no server pbx-z; define it in the same inventory",
        f"device {OTHER_MAC}: number 2041 would be that of device {MAC} as well",
    )


def test_a_check_holds_until_an_operator_does_something_and_phones_are_none() -> None:
    play = Playbook(record())
    checked = play.fleet.check(inventory(record())).finish()
    play.hears(KeepAliveHeard(MAC, report(), "10.1.2.7", with_secret=False))
    assert checked.edition == play.fleet.roster.edition
    play.hears(DeviceDeleted(MAC, "ops"))
    assert checked.edition != play.fleet.roster.edition
