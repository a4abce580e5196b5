"""Whether an address is the phone's own: within the tenant's networks, as the phone says, and nobody else's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.fleet.device import Device
from daemon.fleet.model import Contact
from daemon.fleet.phone_address import url_of, why_not_its_own
from tests.support.builders import ACME, NOW, record, report


def heard(source: str = "10.1.2.7", *, ip: str = "", contact: Contact | None = None) -> Device:
    device = Device(record(), NOW)
    device.source = source
    device.report = replace(report(), ip=ip) if ip else None
    device.contact = contact
    return device


def registered(uri: str, expires_at: float | None = NOW + 60) -> Contact:
    return Contact(uri, "10.1.2.7", 5060, expires_at)


@pytest.mark.parametrize(
    ("device", "alone", "why"),
    [
        (heard(ip="10.1.2.7"), False, ""),
        (heard(contact=registered("sip:2041@10.1.2.7:5060")), False, ""),
        (heard(), True, ""),
        (heard(contact=registered("sip:2041@192.168.1.20", None)), True, ""),  # an operator's word, not the phone's
        (heard(""), True, "its address is not known"),
        (heard("192.0.2.7", ip="192.0.2.7"), True, "its address 192.0.2.7 is not within its tenant's networks"),
        (heard(ip="192.168.1.20"), True, "it is behind NAT: it has 192.168.1.20, and comes from 10.1.2.7"),
        (heard(ip="phone.example.net"), True, "it is behind NAT"),
        (heard(contact=registered("sip:2041@192.168.1.20")), True, "it is behind NAT"),
        (heard(), False, "it may be behind NAT: another phone comes from 10.1.2.7, too"),
    ],
)
def test_an_address_counts_only_if_nothing_says_that_it_is_shared(device: Device, alone: bool, why: str) -> None:
    found = why_not_its_own(device, ACME, lambda _: alone)
    assert found.startswith(why)
    assert bool(found) is bool(why)


def test_a_phone_without_a_tenant_or_whose_tenant_has_no_network_is_left_alone() -> None:
    for tenant in (None, replace(ACME, subnet=None, sites=())):
        assert "not within" in why_not_its_own(heard(ip="10.1.2.7"), tenant, lambda _: True)


def test_addresses_are_compared_as_numbers_and_written_as_urls_have_them() -> None:
    six = heard("::1", ip="0:0:0:0:0:0:0:1")
    assert "not within" in why_not_its_own(six, ACME, lambda _: True)
    assert url_of(six, "http", 8080, "/x") == "http://[::1]:8080/x"
    assert url_of(heard(), "https", None, "/x") == "https://10.1.2.7/x"
