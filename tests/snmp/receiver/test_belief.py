"""Whose device a notification is about, and who may speak of it from where."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network

import pytest

from daemon.fleet.model import DeviceRecord, Mac, Tenant
from daemon.snmp.receiver.belief import device_of, doubt
from daemon.snmp.receiver.heard import Heard

SBC, OTHER, STRANGER = Mac("00908f4867af"), Mac("00908f000002"), Mac("00908fffffff")
ELSEWHERE = (ip_network("198.51.100.0/24"),)


@dataclass(frozen=True)
class Known:
    record: DeviceRecord
    blocked: str = ""


class People:
    """Two devices of acme, at an address each."""

    tenants = {"acme": Tenant("acme", subnet=ip_network("10.1.0.0/16"))}  # noqa: RUF012 - read only
    at = {"10.1.2.7": SBC, "10.1.2.8": OTHER}  # noqa: RUF012 - read only

    def device(self, mac: Mac) -> Known | None:
        return Known(DeviceRecord(mac, tenant="acme")) if mac in self.at.values() else None

    def mac_from(self, address: str) -> Mac | None:
        return self.at.get(address)


@pytest.mark.parametrize(
    ("mac", "address", "source", "whose"),
    [
        (SBC, "10.1.2.8", "10.1.2.8", SBC),  # its MAC counts most
        (STRANGER, "10.1.2.8", "192.0.2.1", OTHER),
        (None, "10.1.2.7", "10.1.2.8", SBC),  # passed on by another
        (None, "192.168.1.2", "10.1.2.8", OTHER),  # what it calls its address is one behind NAT
        (None, "", "10.1.2.7", SBC),
        (STRANGER, "", "192.0.2.1", None),
    ],
)
def test_a_device_is_named_by_its_mac_then_its_word_then_its_address(
    mac: Mac | None, address: str, source: str, whose: Mac | None
) -> None:
    assert device_of(Heard((1, 3), mac, address), source, People()) == whose


@pytest.mark.parametrize(
    ("mac", "source", "reason"),
    [
        (SBC, "10.1.99.99", ""),
        (SBC, "198.51.100.4", ""),  # snmp.receiver.networks
        (SBC, "192.0.2.1", "not_believed"),
        (STRANGER, "10.1.2.7", "not_believed"),  # nobody's tenant has that network
        (SBC, "no address", "not_believed"),
    ],
)
def test_who_is_believed_comes_from_the_tenants_networks_or_those_of_the_settings(
    mac: Mac, source: str, reason: str
) -> None:
    assert doubt(mac, source, ELSEWHERE, People(), proven=False) == reason
    assert doubt(mac, source, ELSEWHERE, People(), proven=True) == ""


@pytest.mark.parametrize("proven", [True, False])
def test_a_device_that_the_licence_does_not_cover_is_not_heard(proven: bool) -> None:
    class Blocked(People):
        def device(self, mac: Mac) -> Known | None:
            return Known(DeviceRecord(mac, tenant="acme"), blocked="too many devices")

    assert doubt(SBC, "10.1.2.7", ELSEWHERE, Blocked(), proven=proven) == "blocked"
