"""Whether a notification is taken, and for whose: the device it is about, and who may speak of it from where.

A device is named by the MAC in its varbinds, else by the address it says it is, else by the address it comes from.
Belief is what it is for reports over HTTP: a notification that proves its user (SNMPv3 with authentication) is
believed wherever it comes from, any other only from a network of the device's tenant or one that the settings name,
since a community is read by everybody on the way. What the licence does not cover is not heard. Pure. Not here:
communities and users (`opening`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from daemon.fleet.model import DeviceRecord, Mac, Network, Tenant
from daemon.provisioning.first_contact import Shown, believe
from daemon.provisioning.zero_touch import address_of
from daemon.snmp.receiver.heard import Heard


class Known(Protocol):
    """A device, as far as it matters here."""

    @property
    def record(self) -> DeviceRecord:
        """What operators decided about it."""

    @property
    def blocked(self) -> str:
        """Why the licence does not cover it; "" if it does."""


class Directory(Protocol):
    """Who there is."""

    @property
    def tenants(self) -> Mapping[str, Tenant]:
        """All tenants by name."""

    def device(self, mac: Mac) -> Known | None:
        """The device with this MAC."""

    def mac_from(self, address: str) -> Mac | None:
        """Whose this network address is, and nobody else's."""


def device_of(heard: Heard, source: str, directory: Directory) -> Mac | None:
    """Which of our devices it is about; None for none of them."""
    if heard.mac and directory.device(heard.mac):
        return heard.mac
    if heard.address and (mac := directory.mac_from(heard.address)):
        return mac
    return directory.mac_from(source)


def doubt(mac: Mac, source: str, networks: Sequence[Network], directory: Directory, *, proven: bool) -> str:
    """Why what comes from there is not taken for that device's: "blocked", "not_believed", or "" if it is."""
    device = directory.device(mac)
    if device and device.blocked:
        return "blocked"
    address = address_of(source)
    if proven or (address is not None and any(address in network for network in networks)):
        return ""
    record = device.record if device else None
    tenant = directory.tenants.get(record.tenant) if record else None
    return "" if believe(record, tenant, Shown(source)).believed else "not_believed"
