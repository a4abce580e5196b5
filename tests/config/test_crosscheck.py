from __future__ import annotations

from daemon.config.crosscheck import check_entries
from daemon.config.positions import read_yaml
from daemon.config.sheet import Sheet


def faults(text: str) -> list[str]:
    sheet = Sheet(read_yaml(text, "a", []), "a", [])
    check_entries(sheet)
    return [fault.key for fault in sheet.faults]


def test_a_sound_inventory_has_no_contradiction() -> None:
    assert faults("tenants: [{name: a, subnet: 10.0.0.0/8, sites: [{name: s, subnet: 10.1.0.0/16}]}]") == []


def test_a_mac_is_the_same_in_any_punctuation() -> None:
    assert faults("devices: [{mac: 00908f4867af}, {mac: 00-90-8F-48-67-AF}]") == ["devices[1].mac"]


def test_devices_without_a_number_do_not_share_one() -> None:
    assert faults('devices: [{mac: 1, number: ""}, {mac: 2, number: ""}, {mac: 3}]') == []


def test_an_entry_with_a_fault_of_its_own_still_lends_its_name() -> None:
    assert faults("servers: [{name: a, address: nonsense}]\ndevices: [{mac: 1, server: a}]") == []


def test_sites_are_known_per_tenant() -> None:
    text = "tenants: [{name: a, sites: [{name: x}]}, {name: b, sites: [{name: y}]}]\ndevices: "
    assert faults(text + "[{mac: 1, tenant: a, site: x}, {mac: 2, tenant: b, site: x}]") == ["devices[1].site"]


def test_a_list_that_is_not_written_judges_nobody() -> None:
    assert faults("devices: [{mac: 1, tenant: a, site: x, server: s}]") == []


def test_nonsense_is_left_to_the_check_of_the_entry() -> None:
    assert faults("tenants: [x, {name: [a], subnet: no, sites: {a: b}}]\ndevices: [{mac: [1], tenant: {a: b}}]") == []
