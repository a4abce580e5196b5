"""What an inventory must fulfil before any of it is taken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.fleet.enrolment import faults, merged
from daemon.fleet.model import Mac, Tenant
from daemon.fleet.records import Inventory, NumberEntry, NumberStatus, Snapshot
from daemon.fleet.roster import Roster
from tests.support.builders import ACME, MAC, NOW, OTHER_MAC, inventory, record
from tests.support.playbook import Playbook

NOBODYS = Mac("00908f000009")


def found(wanted: Inventory, *numbers: NumberEntry) -> list[str]:
    return faults(wanted, Roster(Snapshot()), {entry.number: entry for entry in numbers})


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
    assert play.fleet.faults(with_tenant) == [f"device {MAC}: tenant globex has no site hq"]
    (becoming,) = merged(with_tenant, play.fleet.roster)
    assert (becoming.tenant, becoming.site, becoming.number) == ("globex", "hq", "2041")


def test_a_number_may_be_taken_over_when_its_holder_gives_it_up_in_the_same_inventory() -> None:
    play = Playbook(record(), record(OTHER_MAC, number="2042"))
    assert play.fleet.faults(only(OTHER_MAC, number="2041")) == [
        f"device {OTHER_MAC}: number 2041 is used by device {MAC}"
    ]
    both = Inventory(
        devices=(record(OTHER_MAC, number="2041"), record(number="")),
        device_fields={OTHER_MAC: frozenset({"number"}), MAC: frozenset({"number"})},
    )
    assert play.fleet.faults(both) == []
