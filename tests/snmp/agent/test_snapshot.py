"""Which rows there are, for whom, and when that is looked at."""

from __future__ import annotations

from dataclasses import replace

from daemon.fleet.model import Mac, Presence, Reachability, Status
from daemon.fleet.notifications import Severity
from daemon.snmp.agent.snapshot import ALL, RENEWED_EVERY, SLICE, Site, Snapshot, device_index, site_index
from tests.support.agent_peers import PlainFleet, a_device, alarm, tenant

ACME, BETA = frozenset({"acme"}), frozenset({"beta"})
ONE, TWO, THREE = "00908f000001", "00908f0000ff", "00908f010000"


def looked(fleet: PlainFleet, *scopes: frozenset[str]) -> Snapshot:
    """A snapshot that has looked once."""
    snapshot = Snapshot(fleet)
    snapshot.apply(scopes or (ALL,))
    look(snapshot)
    return snapshot


def look(snapshot: Snapshot, now: float = 0.0) -> int:
    """Look again; in how many slices."""
    return len(list(snapshot.renew(now)))


def test_devices_stand_in_the_order_of_their_macs_each_where_it_may_be_seen() -> None:
    fleet = PlainFleet(a_device(THREE), a_device(TWO, tenant="beta"), a_device(ONE))
    snapshot = looked(fleet, ALL, ACME, BETA, frozenset({"nobody"}))
    assert [device.mac for device in snapshot.listed(ALL).devices.rows] == [ONE, TWO, THREE]
    assert [device.mac for device in snapshot.listed(ACME).devices.rows] == [ONE, THREE]
    assert [device.mac for device in snapshot.listed(BETA).devices.rows] == [TWO]
    assert not snapshot.listed(frozenset({"nobody"})).devices.rows
    assert device_index(fleet.by_mac[Mac(TWO)]) == (0, 0x90, 0x8F, 0, 0, 0xFF)


def test_a_device_that_goes_or_moves_is_gone_at_once_and_a_new_one_comes_with_the_next_look() -> None:
    fleet = PlainFleet(a_device(ONE), a_device(TWO))
    rows = looked(fleet, ACME).listed(ACME).devices
    moved = fleet.by_mac[Mac(TWO)]
    moved.record = replace(moved.record, tenant="beta")
    assert rows.find(device_index(moved)) is None
    gone = fleet.by_mac.pop(Mac(ONE))
    assert rows.find(device_index(gone)) is None
    fleet.by_mac[Mac(ONE)] = a_device(ONE)
    assert rows.find(device_index(gone)) is None  # another one with its name, and not looked at yet


def test_rows_are_looked_for_again_after_a_while_and_sorted_only_if_they_are_others() -> None:
    fleet = PlainFleet(a_device(ONE))
    snapshot = looked(fleet)
    before = snapshot.listed(ALL).devices.rows
    assert not snapshot.stale(RENEWED_EVERY - 0.1)
    assert snapshot.stale(RENEWED_EVERY)
    look(snapshot, RENEWED_EVERY)
    assert snapshot.listed(ALL).devices.rows is before
    fleet.by_mac[Mac(TWO)] = a_device(TWO)
    look(snapshot, 2 * RENEWED_EVERY)
    assert [device.mac for device in snapshot.listed(ALL).devices.rows] == [ONE, TWO]
    assert snapshot.renewals == 3


def test_it_is_looked_again_at_once_when_very_many_are_gone() -> None:
    fleet = PlainFleet(a_device(ONE))
    fleet.alarms = {str(number): alarm(str(number)) for number in range(SLICE + 1)}
    snapshot = looked(fleet)
    assert not snapshot.stale(0.0)
    fleet.alarms.pop("0")
    assert not snapshot.stale(0.0)
    fleet.alarms.clear()
    assert snapshot.stale(0.0)
    look(snapshot)
    assert not snapshot.stale(0.0)


def test_a_large_fleet_is_looked_at_in_slices() -> None:
    snapshot = Snapshot(PlainFleet(*(a_device(f"{number:012x}") for number in range(2 * SLICE))))
    snapshot.apply([ALL])
    assert look(snapshot) == 8  # two each to count, to sort and to merge, and two for the one site
    assert look(snapshot) == 2


def test_sites_are_those_defined_and_those_that_devices_are_at() -> None:
    fleet = PlainFleet(a_device(ONE, site="hq"), a_device(TWO), a_device(THREE, tenant="beta", site="x" * 52))
    fleet.tenants = {"acme": tenant("acme", "lab", "hq"), "beta": tenant("beta", "b")}
    snapshot = looked(fleet, ALL, BETA)
    assert snapshot.listed(ALL).sites.rows == [
        *(Site("acme", ""), Site("acme", "hq"), Site("acme", "lab")),
        Site("beta", "b"),
    ]
    assert snapshot.listed(BETA).sites.rows == [Site("beta", "b")]
    assert site_index(Site("ab", "c")) == (2, ord("a"), ord("b"), 1, ord("c"))


def test_devices_are_counted_by_state_for_each_scope() -> None:
    fleet = PlainFleet(a_device(ONE, site="hq"), a_device(TWO, tenant="beta"))
    fleet.by_mac[Mac(TWO)].reachability = Reachability.UNMONITORED
    fleet.by_mac[Mac(TWO)].presence = Presence.REGISTERED
    fleet.by_mac[Mac(TWO)].status = Status.OK
    snapshot = looked(fleet, ALL, BETA)
    everything = snapshot.listed(ALL).counts
    assert everything.reachability == {Reachability.NO_STATUS: 1, Reachability.UNMONITORED: 1}
    assert everything.status == {Status.UNMONITORED: 1, Status.OK: 1}
    assert snapshot.listed(BETA).counts.presence == {Presence.REGISTERED: 1}
    assert snapshot.sites[Site("acme", "hq")] == {Status.UNMONITORED: 1}


def test_an_alarm_keeps_its_number_as_long_as_it_is_active() -> None:
    fleet = PlainFleet()
    fleet.alarms = {"a": alarm("a"), "b": alarm("b", tenant="beta")}
    snapshot = looked(fleet, ALL, ACME)
    rows = snapshot.listed(ALL).alarms
    assert [(entry.number, entry.alarm) for entry in rows.rows] == [(1, "a"), (2, "b")]
    assert [entry.alarm for entry in snapshot.listed(ACME).alarms.rows] == ["a"]
    del fleet.alarms["a"]
    assert rows.find((1,)) is None
    fleet.alarms["c"] = alarm("c")
    look(snapshot)
    assert [(entry.number, entry.alarm) for entry in rows.rows] == [(2, "b"), (3, "c")]
    fleet.alarms["b"] = alarm("b", tenant="acme")
    fleet.alarms["c"] = alarm("c", tenant="beta")
    assert snapshot.listed(ACME).alarms.find((3,)) is None  # moved away, and not looked at yet


def test_the_worst_alarm_of_a_device_and_the_sites_that_are_down_are_noted() -> None:
    fleet = PlainFleet()
    fleet.alarms = {
        "a": alarm("a", device=Mac(ONE), severity=Severity.MINOR),
        "b": alarm("b", device=Mac(ONE), severity=Severity.CRITICAL),
        "c": alarm("c", name="siteDown", site="acme/hq"),
    }
    snapshot = looked(fleet)
    assert snapshot.worst == {ONE: Severity.CRITICAL}
    assert snapshot.down == {"acme/hq"}


def test_there_are_no_more_sets_of_rows_than_accesses() -> None:
    snapshot = looked(PlainFleet(a_device(ONE)), ALL, ACME)
    kept = snapshot.listed(ALL)
    snapshot.apply([ALL, BETA])
    assert snapshot.listed(ALL) is kept
    assert snapshot.stale(0.0)
    look(snapshot)
    assert not snapshot.listed(BETA).devices.rows
