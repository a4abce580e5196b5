from __future__ import annotations

from ipaddress import ip_address, ip_network
from pathlib import Path

import yaml

from daemon.config.inventory import load_inventory
from daemon.simulate.characters import Character
from daemon.simulate.inventory import SPARE_NUMBERS, inventory_text
from daemon.simulate.plan import plan_fleet

PLAN = plan_fleet(60)


def test_the_text_is_yaml_with_the_keys_of_an_inventory() -> None:
    inventory = yaml.safe_load(inventory_text(PLAN))
    assert list(inventory) == ["tenants", "servers", "devices", "numbers"]
    assert len(inventory["devices"]) == 60
    assert len(inventory["numbers"]) == 60 + SPARE_NUMBERS
    assert [server["name"] for server in inventory["servers"]] == ["pbx-a", "pbx-b"]
    assert [tenant["default"] for tenant in inventory["tenants"]] == [True, False]


def test_connections_are_listed_if_there_are_any() -> None:
    text = inventory_text(PLAN, [{"name": "carrier", "target": "sip:127.30.0.1:5070"}])
    assert yaml.safe_load(text)["connections"] == [{"name": "carrier", "target": "sip:127.30.0.1:5070"}]


def test_exactly_the_unmonitored_phones_are_not_qualified() -> None:
    devices = {device["mac"]: device for device in yaml.safe_load(inventory_text(PLAN))["devices"]}
    for phone in PLAN.phones:
        assert devices[phone.identity.mac]["qualify"] == (phone.character is not Character.UNMONITORED)


def test_every_phone_stands_in_the_subnet_of_its_site() -> None:
    inventory = yaml.safe_load(inventory_text(PLAN))
    subnets = {
        (tenant["name"], site["name"]): ip_network(site["subnet"])
        for tenant in inventory["tenants"]
        for site in tenant["sites"]
    }
    for phone in PLAN.phones:
        assert ip_address(phone.identity.address) in subnets[phone.identity.tenant, phone.identity.site]


def test_the_daemon_takes_it_without_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "inventory.yml"
    file.write_text(inventory_text(PLAN))
    inventory = load_inventory(file, seal=lambda password: password)
    assert len(inventory.devices) == 60


def test_newcomers_are_in_no_inventory() -> None:
    devices = yaml.safe_load(inventory_text(plan_fleet(4, newcomers=2)))["devices"]
    assert [device["mac"] for device in devices] == [f"00908f00000{index}" for index in range(4)]
