"""What placeholders are worth when nobody wrote them down."""

from __future__ import annotations

import math

import pytest

from daemon.config.settings import KeepAlive, Provisioning, Sip
from daemon.fleet.model import DeviceRecord, Mac, Server, Site, Tenant
from daemon.provisioning.placeholders.computed import (
    DEFAULTS,
    House,
    Secrets,
    Written,
    device_layers,
    keep_alive_minutes,
    nightly_slot,
    shared_layers,
)
from daemon.provisioning.placeholders.lookup import Family, Lookup

MAC = Mac("00908f4867af")
SECRETS = Secrets("rosebud", "s" * 32)


def lookup(
    record: DeviceRecord | None = None,
    *,
    settings: Provisioning | None = None,
    tenant: Tenant | None = None,
    site: Site | None = None,
    server: Server | None = None,
    secrets: Secrets | None = SECRETS,
    plain_urls: bool = False,
) -> Lookup:
    layers = device_layers(
        record or DeviceRecord(MAC), site, server, secrets, address="192.0.2.1:8081", plain_urls=plain_urls
    )
    house = House(settings or Provisioning(), KeepAlive(), Sip(domain="pbx.example.net"))
    written = Written({}, {})
    shared = shared_layers(house, tenant or Tenant("acme"), "420HD", written)
    return Lookup(layers + shared)


def text(found_in: Lookup, name: str) -> str:
    value = found_in.resolve(name)
    assert value is not None, name
    return value.text


def family(found_in: Lookup, name: str) -> Family:
    value = found_in.resolve(name)
    assert value is not None, name
    return value.family


def test_a_devices_own_values() -> None:
    found = lookup(DeviceRecord(MAC, number="2041", user="alice", display_name="Alice"))
    wanted = {
        "mac": MAC,
        "Line1Enabled": "1",
        "Line1Id": "2041",
        "Line1AuthName": "2041",
        "Line1AuthPassword": "rosebud",
        "DisplayName": "Alice",
        "IPPhoneUsername": MAC,
        "IPPhonePassword": "s" * 32,
        "AccessPath": f"k/{'s' * 32}/",
    }
    assert {name: text(found, name) for name in wanted} == wanted
    assert {family(found, name) for name in wanted} == {Family.DEVICE}


def test_a_device_without_a_number_has_no_line() -> None:
    assert text(lookup(), "Line1Enabled") == "0"
    assert text(lookup(), "Line1Id") == ""
    assert text(lookup(DeviceRecord(MAC, user="alice")), "DisplayName") == "alice"


def test_system_and_template_values() -> None:
    found = lookup()
    wanted = {
        "ServerAddress": "192.0.2.1:8081",
        "ServerIP": "192.0.2.1",
        "HTTP_OR_S": "http",
        "KeepAlivePeriod": "60",
        "Proxy_address": "pbx.example.net",
        "Proxy_port": "5060",
        "FirmwareFile": "420HD.img",
        "Model": "420HD",
        "Tenant": "acme",
    }
    assert {name: text(found, name) for name in wanted} == wanted
    assert family(found, "FirmwareFile") is Family.TEMPLATE
    assert family(found, "ServerIP") is Family.SYSTEM


def test_what_an_operator_wrote_stands_above_what_is_computed_in_the_same_family() -> None:
    settings = Provisioning(
        placeholders={"Proxy_port": "5070", "Language": "German"},
        template_placeholders={"420HD": {"FirmwareFile": "beta.img"}, "405": {"Language": "French"}},
    )
    found = lookup(settings=settings)
    assert text(found, "Proxy_port") == "5070"
    assert text(found, "FirmwareFile") == "beta.img"
    assert text(found, "Language") == "German"


def test_tenant_site_and_device_in_turn() -> None:
    tenant, site = Tenant("acme", placeholders={"VLANID": "1", "X": "t"}), Site("hq", placeholders={"VLANID": "2"})
    assert text(lookup(tenant=tenant), "VLANID") == "1"
    assert text(lookup(tenant=tenant, site=site), "VLANID") == "2"
    record = DeviceRecord(MAC, placeholders={"VLANID": "3"})
    assert text(lookup(record, tenant=tenant, site=site), "VLANID") == "3"
    assert text(lookup(record, tenant=tenant, site=site), "X") == "t"


def test_a_device_without_a_password_leaves_its_tenants_standing() -> None:
    tenant = Tenant("acme", placeholders={"Line1AuthPassword": "shared"})
    assert text(lookup(tenant=tenant, secrets=Secrets("", "s")), "Line1AuthPassword") == "shared"


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("sip:pbx-a.example.net:5070;transport=tcp", "pbx-a.example.net", "5070"),
        ("sip:pbx-a.example.net", "pbx-a.example.net", "5060"),
        ("sips:x@10.0.0.1:5061", "10.0.0.1", "5061"),
        ("10.0.0.1", "10.0.0.1", "5060"),
        ("sip:[2001:db8::1]:5060", "[2001:db8::1]", "5060"),
    ],
)
def test_the_proxy_is_the_server_the_device_is_assigned_to(address: str, host: str, port: str) -> None:
    found = lookup(server=Server("a", address))
    assert (text(found, "Proxy_address"), text(found, "Proxy_port")) == (host, port)
    assert family(found, "Proxy_address") is Family.DEVICE


def test_without_secrets_their_places_are_empty_and_withheld() -> None:
    found = lookup(DeviceRecord(MAC, number="2041", sip_password="sealed"), secrets=None)
    for name in ("Line1AuthPassword", "IPPhonePassword", "AccessPath"):
        value = found.resolve(name)
        assert value is not None
        assert (value.text, value.secret) == ("", True)


def test_a_phone_without_a_secret_yet_gets_plain_urls() -> None:
    value = lookup(secrets=None, plain_urls=True).resolve("AccessPath")
    assert value is not None
    assert (value.text, value.secret) == ("", False)


def test_the_access_path_is_secret_whenever_it_holds_the_secret() -> None:
    value = lookup(plain_urls=True).resolve("AccessPath")
    assert value is not None
    assert value.secret


@pytest.mark.parametrize(("period", "minutes"), [(1.0, 1), (60.0, 1), (61.0, 2), (3600.0, 60), (math.inf, 300)])
def test_the_keep_alive_period_in_the_phones_minutes(period: float, minutes: int) -> None:
    settings = KeepAlive.model_construct(period=period)
    assert keep_alive_minutes(settings) == minutes


def test_every_default_is_a_value_of_one_line() -> None:
    assert all(value.isprintable() for value in DEFAULTS.values())


def test_what_operators_wrote_stands_above_the_settings_family_by_family() -> None:
    settings = Provisioning(placeholders={"A": "1", "B": "1"}, template_placeholders={"420HD": {"C": "1", "D": "1"}})
    house = House(settings, KeepAlive(), Sip())
    found = Lookup(shared_layers(house, Tenant("acme"), "420HD", Written({"A": "2"}, {"C": "2", "B": "3"})))
    assert [text(found, name) for name in "ABCD"] == ["2", "3", "2", "1"]


def test_every_phone_has_its_place_in_the_night_and_keeps_it() -> None:
    spread = Provisioning(nightly_from=23 * 3600.0, nightly_spread=2 * 3600.0)
    slots = [nightly_slot(Mac(f"00908f{number:06x}"), spread) for number in range(2000)]
    assert slots == [nightly_slot(Mac(f"00908f{number:06x}"), spread) for number in range(2000)]
    assert {slot.split(":")[0] for slot in slots} == {"23", "0"}
    assert max(map(slots.count, set(slots))) < 40  # 2,000 in 120 minutes are 17 a minute
    assert nightly_slot(MAC, Provisioning(nightly_spread=0.0)) == "0:00"
