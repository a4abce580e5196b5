"""Finding devices: the indexes say what the records say, whatever happens to them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from daemon.fleet.device import Device
from daemon.fleet.model import Contact, Mac, Reachability, Tenant
from daemon.fleet.records import Snapshot
from daemon.fleet.roster import Roster
from tests.support.builders import MAC, NOW, contact, record

MACS = [Mac(f"00908f00000{index}") for index in range(4)]
ACTS = st.tuples(
    st.sampled_from(["define", "remove", "move"]),
    st.sampled_from(MACS),
    st.sampled_from(["", "2041", "2042"]),
    st.booleans(),
    st.sampled_from([None, 5060, 5062]),
)


def test_a_phone_is_alone_at_its_address_until_another_is_heard_from_there() -> None:
    roster = Roster(Snapshot())
    one, other = (Device(record(mac), NOW) for mac in MACS[:2])
    one.source = "10.1.2.7"
    roster.add(one)
    roster.add(other)
    roster.heard_from(other, "10.1.2.8")
    assert roster.is_alone(one)
    roster.heard_from(other, "10.1.2.7")
    roster.heard_from(other, "10.1.2.7")
    assert not roster.is_alone(one)
    roster.remove(other)
    assert roster.is_alone(one)


def test_an_address_is_whose_alone_is_heard_from_there_else_whose_contact_is_there() -> None:
    roster = Roster(Snapshot())
    one, other = (Device(record(mac), NOW) for mac in MACS[:2])
    roster.add(one)
    roster.add(other)
    roster.move(other, contact())
    assert roster.mac_from("10.1.2.7") == other.mac
    assert not roster.is_source("10.1.2.7")
    roster.heard_from(one, "10.1.2.7")
    assert roster.mac_from("10.1.2.7") == one.mac
    roster.heard_from(other, "10.1.2.7")
    assert roster.mac_from("10.1.2.7") is None
    assert roster.is_source("10.1.2.7")
    assert roster.mac_from("") is None


@given(st.lists(ACTS, max_size=30))
def test_every_index_leads_to_a_device_that_is_really_there(
    acts: list[tuple[str, Mac, str, bool, int | None]],
) -> None:
    roster = Roster(Snapshot())
    for act, mac, number, approved, port in acts:
        wanted = record(mac, number=number, approved=approved)
        device = roster.device(mac)
        match act:
            case "define" if device:
                roster.redefine(device, wanted)
            case "define":
                roster.add(Device(wanted, NOW))
            case "remove" if device:
                roster.remove(device)
            case "move" if device:
                roster.move(device, contact(port) if port else None)
        devices = {each.mac: each for each in roster.devices()}
        assert roster.unapproved == sum(not each.record.approved for each in devices.values())
        for user in ("2041", "2042"):
            found = roster.mac_of_user(user)
            assert found is None or (devices[found].number, devices[found].record.approved) == (user, True)
        for at in (5060, 5062):
            found = roster.mac_at("10.1.2.7", at)
            assert found is None or devices[found].contact == contact(at)


def test_a_phone_that_is_not_approved_has_no_sip_user() -> None:
    roster = Roster(Snapshot())
    device = Device(record(approved=False), NOW)
    roster.add(device)
    assert roster.mac_of_user("2041") is None
    roster.redefine(device, replace(device.record, approved=True))
    assert roster.mac_of_user("2041") == MAC


def test_there_may_be_no_default_tenant() -> None:
    assert Roster(Snapshot()).default_tenant() is None
    chosen = Tenant("b", default=True)
    assert Roster(Snapshot(tenants=(Tenant("a"), chosen))).default_tenant() is chosen


def test_the_census_counts_every_device_on_every_axis() -> None:
    roster = Roster(Snapshot())
    for mac in MACS:
        roster.add(Device(record(mac), NOW))
    first = roster.device(MACS[0])
    assert first is not None
    first.reachability = Reachability.OK
    reachability, presence, status = roster.census()
    assert reachability == {Reachability.NO_STATUS: 3, Reachability.OK: 1}
    assert presence.total() == status.total() == 4


def test_a_contact_at_the_same_place_may_change_its_name() -> None:
    roster, device = Roster(Snapshot()), Device(record(), NOW)
    roster.add(device)
    roster.move(device, contact())
    roster.move(device, Contact("sip:other@10.1.2.7", "10.1.2.7", 5060, NOW))
    assert roster.mac_at("10.1.2.7", 5060) == MAC
