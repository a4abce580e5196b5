from __future__ import annotations

import time
from ipaddress import ip_network
from pathlib import Path

import pytest

from daemon.config import inventory as module
from daemon.config.inventory import load_inventory, parse_inventory
from daemon.errors import ConfigError
from daemon.fleet.model import DeviceRecord, Mac, Server, Site, Tenant
from daemon.fleet.records import Inventory, NumberEntry, NumberStatus

DATA = Path(__file__).parents[1] / "data" / "config"
BROKEN = sorted(DATA.glob("inventory-bad-*.yml"))
EXAMPLE = Path(__file__).parents[2] / "etc" / "inventory.yml"


def sealed(password: str) -> str:
    return f"sealed:{password}"


def parse(text: str) -> Inventory:
    return parse_inventory(text, "inventory.yml", sealed)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_inventory_is_told_all_its_faults(path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_inventory(path, sealed)
    assert str(caught.value).replace(f"{path.parent}/", "") + "\n" == path.with_suffix(".expected").read_text()


def test_the_example_inventory_is_read() -> None:
    inventory = load_inventory(EXAMPLE, sealed)
    assert [device.number for device in inventory.devices] == ["2041", "2042"]
    assert inventory.devices[1].lagged_after == 0.5
    assert [site.name for site in inventory.tenants[0].sites] == ["hq", "depot"]


def test_the_nouns_of_the_contract_are_read() -> None:
    inventory = parse(
        """
tenants: [{name: acme, subnet: 10.1.0.0/16, default: true, sites: [{name: hq, subnet: 10.1.2.0/24}]}]
servers: [{name: pbx-a, address: "sip:pbx-a.example.net:5060"}]
devices: [{mac: "00-90-8F-48-67-AF", model: 420HD, tenant: acme, user: alice, number: "2041", server: pbx-a,
           qualify: true, sip_password: "hush", contact: "sip:2041@10.1.2.7:5060"}]
numbers: [{number: "2041", vendor: AudioCodes}]
"""
    )
    assert inventory.tenants == (
        Tenant("acme", subnet=ip_network("10.1.0.0/16"), default=True, sites=(Site("hq", ip_network("10.1.2.0/24")),)),
    )
    assert inventory.servers == (Server("pbx-a", "sip:pbx-a.example.net:5060"),)
    assert inventory.devices == (
        DeviceRecord(
            mac=Mac("00908f4867af"),
            model="420HD",
            tenant="acme",
            user="alice",
            number="2041",
            server="pbx-a",
            contact="sip:2041@10.1.2.7:5060",
            sip_password="sealed:hush",
        ),
    )
    assert inventory.device_fields == {
        "00908f4867af": {"model", "tenant", "user", "number", "server", "qualify", "sip_password", "contact"}
    }
    assert inventory.numbers == (NumberEntry("2041", vendor="AudioCodes"),)


def test_numbers_keep_their_zeros_and_plus_without_quotes() -> None:
    inventory = parse("numbers: [{number: 0041}, {number: 2041}, {number: +4930123}, {number: 0x10}]")
    assert [entry.number for entry in inventory.numbers] == ["0041", "2041", "+4930123", "0x10"]


def test_a_cooling_number_has_its_date() -> None:
    inventory = parse("numbers: [{number: 1, status: Cooling, tag: gone, release_date: 2026-03-04T09:15:02Z}]")
    assert inventory.numbers == (NumberEntry("1", NumberStatus.COOLING, tag="gone", release_date=1772615702.0),)


def test_an_empty_inventory_is_fine() -> None:
    assert parse("") == Inventory()
    assert parse("devices:\nnumbers: []") == Inventory()


def test_references_into_lists_that_are_not_written_are_left_to_the_fleet() -> None:
    inventory = parse("devices: [{mac: 00908f4867af, tenant: elsewhere, site: anywhere, server: any}]")
    assert inventory.devices[0].site == "anywhere"


def test_a_written_blank_counts_as_written() -> None:
    inventory = parse('devices: [{mac: 00908f4867af, number: "", server: "", contact: "", lagged_after: null}]')
    assert inventory.device_fields["00908f4867af"] == {"number", "server", "contact", "lagged_after"}  # type: ignore[index]


def test_a_password_file_is_read_beside_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "alice").write_text("hush\n")
    path = tmp_path / "inventory.yml"
    path.write_text("devices: [{mac: 00908f4867af, sip_password_file: alice}]")
    inventory = load_inventory(path, sealed)
    assert inventory.devices[0].sip_password == "sealed:hush"
    assert inventory.device_fields["00908f4867af"] == {"sip_password"}  # type: ignore[index]


def test_an_inventory_from_the_network_has_no_file_of_this_machine_read() -> None:
    with pytest.raises(ConfigError, match="files are read only for an inventory on the daemon's own disk"):
        parse("devices: [{mac: 00908f4867af, sip_password_file: /etc/shadow}]")


def test_nothing_is_sealed_when_there_is_a_fault() -> None:
    def never(password: str) -> str:
        raise AssertionError(password)

    with pytest.raises(ConfigError):
        parse_inventory("devices: [{mac: 00908f4867af, sip_password: x}, {mac: 1}]", "i.yml", never)


def test_a_missing_inventory_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_inventory(tmp_path / "none.yml", sealed)


def test_more_devices_than_the_ceiling_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_DEVICES", 2)
    three = "devices: [{mac: 00908f486701}, {mac: 00908f486702}, {mac: 00908f486703}]"
    with pytest.raises(ConfigError, match="has more than 2 devices"):
        parse(three)


@pytest.mark.alone
def test_thirty_thousand_devices_are_read_in_a_few_seconds() -> None:
    lines = (
        f"  - {{mac: {index:012x}, model: 420HD, tenant: acme, user: user{index}, number: {index:06d}, qualify: true}}"
        for index in range(30_000)
    )
    began = time.process_time()
    inventory = parse("devices:\n" + "\n".join(lines))
    assert len(inventory.devices) == 30_000
    assert inventory.devices[41].number == "000041"
    assert time.process_time() - began < 20  # 2 s were measured; this only catches a square in the number of devices
