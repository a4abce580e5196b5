"""Whose phone is this."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from daemon.fleet.model import DeviceRecord, Mac, Site, Tenant
from daemon.provisioning.served import FileKind
from daemon.provisioning.zero_touch import NO_TENANT, Place, Rule, address_of, place_device, place_newcomer

HQ = Site("hq", ip_network("10.1.2.0/24"))
LAB = Site("lab", ip_network("10.1.2.128/25"))
ACME = Tenant("acme", subnet=ip_network("10.1.0.0/16"), sites=(HQ, LAB))
GLOBEX = Tenant("Globex", subnet=ip_network("10.0.0.0/8"), sites=(Site("hq", ip_network("10.9.0.0/16")), Site("quay")))
SPARE = Tenant("spare", default=True)
TENANTS = (GLOBEX, ACME, SPARE)


def newcomer(kind: FileKind, name: str, source: str) -> Place:
    return place_newcomer(kind, name, source, TENANTS, SPARE)


def test_the_tenant_in_the_url_wins_over_the_subnet() -> None:
    assert newcomer(FileKind.TENANT, "spare", "10.1.2.3") == Place(SPARE, None, Rule.URL_TENANT)


def test_a_tenants_name_is_compared_without_regard_to_case() -> None:
    assert newcomer(FileKind.TENANT, "GLOBEX", "192.0.2.1").tenant is GLOBEX


def test_the_site_within_the_tenant_of_the_url_is_found_by_subnet() -> None:
    assert newcomer(FileKind.TENANT, "acme", "10.1.2.3") == Place(ACME, HQ, Rule.URL_TENANT)


def test_a_url_with_a_name_nobody_has_places_a_phone_nowhere() -> None:
    assert newcomer(FileKind.TENANT, "nobody", "10.1.2.3") == Place(NO_TENANT, None, Rule.URL_UNKNOWN)
    assert newcomer(FileKind.TENANT, "", "10.1.2.3").rule is Rule.URL_UNKNOWN
    assert newcomer(FileKind.REGION, "nobody", "10.1.2.3").rule is Rule.URL_UNKNOWN


def test_a_region_is_a_tenants_name_or_a_sites() -> None:
    assert newcomer(FileKind.REGION, "acme", "192.0.2.1") == Place(ACME, None, Rule.URL_REGION)
    assert newcomer(FileKind.REGION, "quay", "192.0.2.1") == Place(GLOBEX, GLOBEX.sites[1], Rule.URL_REGION)


def test_of_two_sites_of_one_name_the_address_decides() -> None:
    assert newcomer(FileKind.REGION, "hq", "10.9.1.1") == Place(GLOBEX, GLOBEX.sites[0], Rule.URL_REGION)
    assert newcomer(FileKind.REGION, "hq", "192.0.2.1") == Place(NO_TENANT, None, Rule.URL_AMBIGUOUS)


@pytest.mark.parametrize(
    ("source", "tenant", "site"),
    [
        ("10.1.2.200", ACME, LAB),
        ("10.1.2.3", ACME, HQ),
        ("10.1.99.1", ACME, None),
        ("10.200.0.1", GLOBEX, None),
        ("::ffff:10.1.2.3", ACME, HQ),
    ],
)
def test_the_smallest_subnet_that_holds_the_address_wins(source: str, tenant: Tenant, site: Site | None) -> None:
    for kind in (FileKind.SYSTEM, FileKind.CONFIGFILES, FileKind.HTTPPROXY):
        assert newcomer(kind, "", source) == Place(tenant, site, Rule.SUBNET)


def test_a_site_comes_before_its_tenant_when_both_have_the_same_subnet() -> None:
    site = Site("only", ip_network("10.1.0.0/16"))
    tenant = Tenant("one", subnet=ip_network("10.1.0.0/16"), sites=(site,))
    assert place_newcomer(FileKind.SYSTEM, "", "10.1.0.1", (tenant,), None) == Place(tenant, site, Rule.SUBNET)


def test_the_default_tenant_takes_the_rest() -> None:
    assert newcomer(FileKind.SYSTEM, "", "192.0.2.1") == Place(SPARE, None, Rule.DEFAULT)
    assert newcomer(FileKind.SYSTEM, "", "").rule is Rule.DEFAULT


def test_without_a_default_tenant_a_stranger_has_none() -> None:
    assert place_newcomer(FileKind.SYSTEM, "", "192.0.2.1", TENANTS, None) == Place(NO_TENANT, None, Rule.NOWHERE)


def test_a_defined_device_is_at_its_site_else_where_its_address_is() -> None:
    record = DeviceRecord(Mac("00908f4867af"), tenant="acme", site="lab")
    assert place_device(record, ACME, "10.1.2.3") == Place(ACME, LAB, Rule.DEFINED)
    assert place_device(DeviceRecord(record.mac, tenant="acme"), ACME, "10.1.2.3").site is HQ


def test_what_is_no_address_is_none() -> None:
    assert address_of("") is None
    assert address_of("pbx.example.net") is None
