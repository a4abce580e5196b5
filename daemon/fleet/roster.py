"""Who is in the fleet: devices, tenants, servers, operators, and the ways to find a device.

The reading side that edges ask, and the indexes behind it. Kept in step only through the few methods below, so an
index cannot lag behind its device. Not here: any rule, any decision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from operator import attrgetter

from daemon.fleet.device import Device
from daemon.fleet.model import Binding, Contact, DeviceRecord, Mac, Presence, Reachability, Server, Status, Tenant
from daemon.fleet.notifications import Severity
from daemon.fleet.records import NumberStatus, Operator, Snapshot, User
from daemon.fleet.sources import Sources

_SIP_PORT, _SIPS_PORT = 5060, 5061

_NOBODY: dict[Mac, Device] = {}


@dataclass(frozen=True, slots=True)
class FleetStatistics:
    """How many of what, at one moment."""

    devices: int
    unapproved: int
    reachability: dict[Reachability, int]
    presence: dict[Presence, int]
    status: dict[Status, int]
    numbers: dict[NumberStatus, int]
    connections: dict[Reachability, int]  # SIP connections by what pings say
    alarms: dict[Severity, int]


# Three of a device's fields, for counts of the whole fleet.
_REACHABILITY, _PRESENCE, _STATUS = (attrgetter(axis) for axis in ("reachability", "presence", "status"))


class Roster:
    """Everything that is defined, by name."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.tenants: dict[str, Tenant] = {tenant.name: tenant for tenant in snapshot.tenants}
        self.servers: dict[str, Server] = {server.name: server for server in snapshot.servers}
        self.operators: dict[str, Operator] = {operator.name: operator for operator in snapshot.operators}
        self.users: dict[str, User] = {user.key: user for user in snapshot.users}
        self.edition = 0  # rises with what operators do, since that can make wrong what an inventory was checked by
        self.waiting: set[Mac] = set()  # for approval: phones that nobody has defined
        self._devices: dict[Mac, Device] = {}
        self._by_user: dict[str, Mac] = {}
        self._by_address: dict[tuple[str, int], Mac] = {}
        self._by_place: dict[str, dict[Mac, Device]] = {}
        self._sources = Sources()

    @property
    def unapproved(self) -> int:
        """How many phones wait for approval."""
        return len(self.waiting)

    def waiting_at(self, source: str) -> int:
        """How many of them were last heard from this network address."""
        return sum(self._devices[mac].source == source for mac in self.waiting)

    def device(self, mac: Mac) -> Device | None:
        """The device with this MAC."""
        return self._devices.get(mac)

    def devices(self) -> Collection[Device]:
        """All devices, in the order in which they were defined."""
        return self._devices.values()

    def default_tenant(self) -> Tenant | None:
        """The tenant of phones that nothing else places."""
        return next((tenant for tenant in self.tenants.values() if tenant.default), None)

    def mac_of_user(self, user: str) -> Mac | None:
        """The approved device whose number is this SIP user."""
        return self._by_user.get(user)

    def mac_at(self, host: str, port: int) -> Mac | None:
        """Whose SIP contact, or one of them, is at this socket address."""
        return self._by_address.get((host, port))

    def at(self, place: str) -> Collection[Device]:
        """The devices of a site, named "tenant/site"."""
        return self._by_place.get(place, _NOBODY).values()

    def is_alone(self, device: Device) -> bool:
        """Whether nobody else was last heard from its network address."""
        return not self._sources.shared(device.source)

    def is_source(self, address: str) -> bool:
        """Whether any device was last heard from this network address."""
        return address in self._sources

    def mac_from(self, address: str) -> Mac | None:
        """Who alone was last heard from this network address, else whose SIP contact is there at SIP's own port."""
        if self._sources.shared(address):
            return None
        return self._sources.sole(address) or self.mac_at(address, _SIP_PORT) or self.mac_at(address, _SIPS_PORT)

    def heard_from(self, device: Device, source: str) -> None:
        """A device reported or fetched something from this network address."""
        if source != device.source:
            self._sources.remove(device.source, device.mac)
            device.source = source
            self._sources.add(source, device.mac)

    def add(self, device: Device) -> None:
        """Take in a new device."""
        self._devices[device.mac] = device
        self._sources.add(device.source, device.mac)
        self._index(device)
        self.move(device, device.contact)

    def redefine(self, device: Device, record: DeviceRecord) -> None:
        """Give a device a new record."""
        self._unindex(device)
        device.record = record
        self._index(device)

    def move(self, device: Device, contact: Contact | None, bindings: tuple[Binding, ...] | None = None) -> None:
        """Give a device another contact to be reached at, or none; and other bindings than it has, unless None."""
        for address in _addresses(device):
            if self._by_address.get(address) == device.mac:
                del self._by_address[address]
        device.contact = contact
        device.bindings = device.bindings if bindings is None else bindings
        for address in _addresses(device):
            self._by_address[address] = device.mac

    def remove(self, device: Device) -> None:
        """Forget a device."""
        self.move(device, None, ())
        self._unindex(device)
        self._sources.remove(device.source, device.mac)
        del self._devices[device.mac]
        self.edition += 1

    def census(self) -> tuple[Counter[Reachability], Counter[Presence], Counter[Status]]:
        """Devices per reachability, presence and status."""
        devices = self._devices.values()
        return (
            Counter(map(_REACHABILITY, devices)),
            Counter(map(_PRESENCE, devices)),
            Counter(map(_STATUS, devices)),
        )

    def _index(self, device: Device) -> None:
        record = device.record
        if not record.approved:
            self.waiting.add(record.mac)
        if record.number and record.approved:
            self._by_user[record.number] = record.mac
        if record.place:
            self._by_place.setdefault(record.place, {})[record.mac] = device

    def _unindex(self, device: Device) -> None:
        record = device.record
        self.waiting.discard(record.mac)
        if self._by_user.get(record.number) == record.mac:
            del self._by_user[record.number]
        if record.place:
            there = self._by_place[record.place]
            del there[record.mac]
            if not there:
                del self._by_place[record.place]


def _addresses(device: Device) -> set[tuple[str, int]]:
    """Where its packets may come from."""
    contacts = (device.contact, *(binding.contact for binding in device.bindings))
    return {(contact.host, contact.port) for contact in contacts if contact}
