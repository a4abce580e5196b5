"""Which rows the fleet's tables have, looked at every few seconds while somebody asks, and never for a request alone.

Sets of rows are kept for each set of tenants that an access is given, so what others have does not exist in them.
They are sorted only when they are others than before, and everything goes in slices, between which the loop turns.
Counts are taken in the same walk. Not here: what stands in the rows' cells (`fleet_tables`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple, Protocol

from daemon.fleet.alarms.catalogue import SITE_DOWN
from daemon.fleet.device import Device
from daemon.fleet.model import Mac, Presence, Reachability, Status, Tenant
from daemon.fleet.notifications import Alarm, Severity
from daemon.snmp.agent.tables import Rows
from daemon.snmp.ber import Oid
from daemon.snmp.mib import SITE_NAME_LIMIT, SITE_TENANT_LIMIT

# How old the set of rows and the counts may be when somebody asks: a walk of 30,000 phones takes longer.
RENEWED_EVERY = 3.0

# Devices or alarms looked at in one piece: some 3 ms.
SLICE = 2000

Scope = frozenset[str]
"""The tenants whose rows are seen; empty: everybody's, and what belongs to none."""

ALL: Scope = frozenset()


class Directory(Protocol):
    """What the tables ask the fleet."""

    @property
    def tenants(self) -> Mapping[str, Tenant]:
        """By name."""

    @property
    def alarms(self) -> Mapping[str, Alarm]:
        """The active ones by id."""

    def devices(self) -> Collection[Device]:
        """All devices."""

    def device(self, mac: Mac) -> Device | None:
        """The device with this MAC."""


class Site(NamedTuple):
    """A row of the site table; `name` is "" for the devices of a tenant that are at no site."""

    tenant: str
    name: str


class Entry(NamedTuple):
    """A row of the table of active alarms: its number there, and the alarm's id."""

    number: int
    alarm: str


class Standing(NamedTuple):
    """Where a device belongs, and how it is."""

    site: Site
    reachability: Reachability
    presence: Presence
    status: Status


class Counts(NamedTuple):
    """How many devices are in which state."""

    reachability: Mapping[Reachability, int]
    presence: Mapping[Presence, int]
    status: Mapping[Status, int]


class Listed:
    """The rows that one scope sees, and how many devices of it are in which state."""

    def __init__(self, scope: Scope, directory: Directory) -> None:
        self.scope = scope
        self.devices: Rows[Device] = Rows(
            device_index,
            present=lambda device: directory.device(device.mac) is device and self.admits(device.record.tenant),
        )
        self.sites: Rows[Site] = Rows(site_index)
        self.alarms: Rows[Entry] = Rows(
            lambda entry: (entry.number,),
            present=lambda entry: (
                (alarm := directory.alarms.get(entry.alarm)) is not None and self.admits(alarm.tenant)
            ),
        )
        self.counts = Counts({}, {}, {})

    def admits(self, tenant: str) -> bool:
        """Whether that tenant's rows are seen."""
        return not self.scope or tenant in self.scope

    def count(self, tally: Mapping[Standing, int]) -> None:
        """Take the counts of the newest walk."""
        reachability, presence, status = Counter[Reachability](), Counter[Presence](), Counter[Status]()
        for standing, number in tally.items():
            if self.admits(standing.site.tenant):
                reachability[standing.reachability] += number
                presence[standing.presence] += number
                status[standing.status] += number
        self.counts = Counts(reachability, presence, status)


class Snapshot:
    """What every scope sees; `renew` looks again."""

    def __init__(self, directory: Directory) -> None:
        self.sites: Mapping[Site, Mapping[Status, int]] = {}
        self.down: frozenset[str] = frozenset()  # sites with an alarm of their own, as "tenant/site"
        self.worst: Mapping[Mac, Severity] = {}  # of the active alarms of a device
        self.renewals = 0  # since start
        self._directory = directory
        self._listed: dict[Scope, Listed] = {}
        self._numbers: dict[str, int] = {}  # of the active alarms, by id, in the order in which they came
        self._last_number = 0
        self._renew_at = -1.0
        self._looked_at = (0, 0)  # how many devices and alarms there were

    def apply(self, scopes: Iterable[Scope]) -> None:
        """These are the scopes from now on, so that there are no more sets of rows than accesses."""
        self._listed = {scope: self._listed.get(scope) or Listed(scope, self._directory) for scope in scopes}
        self._renew_at = -1.0

    def listed(self, scope: Scope) -> Listed:
        """What that scope, which is one of those applied, sees."""
        return self._listed[scope]

    def stale(self, now: float) -> bool:
        """Whether it is time to look again, or so many rows are gone that passing over them takes long."""
        devices, alarms = self._looked_at
        fewer = max(devices - len(self._directory.devices()), alarms - len(self._directory.alarms))
        return now >= self._renew_at or fewer > SLICE

    def renew(self, now: float) -> Iterator[None]:
        """Look at everything again, in slices; between two of them the fleet may change, and is met as it is."""
        self._renew_at = now + RENEWED_EVERY
        self.renewals += 1
        self._looked_at = len(self._directory.devices()), len(self._directory.alarms)
        listed = tuple(self._listed.values())
        tally = yield from self._walk_devices(listed)
        yield from self._walk_alarms(listed)
        self._take_sites(tally)
        known = self._known_sites()
        for each in listed:
            each.count(tally)
            yield from each.sites.renew([site for site in known if each.admits(site.tenant)])

    def _walk_devices(self, listed: Iterable[Listed]) -> Generator[None, None, Mapping[Standing, int]]:
        tally: Counter[Standing] = Counter()
        devices = list(self._directory.devices())
        found: dict[Scope, list[Device]] = {each.scope: [] for each in listed if each.scope}
        for start in range(0, len(devices), SLICE):
            piece = devices[start : start + SLICE]
            tally.update(map(_standing, piece))
            for scope, rows in found.items():
                rows += [device for device in piece if device.record.tenant in scope]
            yield
        found[ALL] = devices
        for each in listed:
            yield from each.devices.renew(found[each.scope])
        return tally

    def _walk_alarms(self, listed: Iterable[Listed]) -> Iterator[None]:
        worst: dict[Mac, Severity] = {}
        down: set[str] = set()
        entries: list[tuple[str, Entry]] = []
        numbers: dict[str, int] = {}
        alarms = list(self._directory.alarms.values())
        for start in range(0, len(alarms), SLICE):
            for alarm in alarms[start : start + SLICE]:
                numbers[alarm.id] = number = self._numbers.get(alarm.id) or self._next_number()
                entries.append((alarm.tenant, Entry(number, alarm.id)))
                if alarm.device:
                    worst[alarm.device] = max(worst.get(alarm.device, Severity.CLEARED), alarm.severity)
                elif alarm.name == SITE_DOWN.name:
                    down.add(alarm.site)
            yield
        self._numbers, self.worst, self.down = numbers, worst, frozenset(down)
        for each in listed:
            yield from each.alarms.renew([entry for tenant, entry in entries if each.admits(tenant)])

    def _next_number(self) -> int:
        self._last_number = self._last_number % (2**32 - 1) + 1
        return self._last_number

    def _take_sites(self, tally: Mapping[Standing, int]) -> None:
        sites: defaultdict[Site, Counter[Status]] = defaultdict(Counter)
        for standing, number in tally.items():
            sites[standing.site][standing.status] += number
        self.sites = sites

    def _known_sites(self) -> list[Site]:
        """Those that are defined, and those that devices are at; a name that no index can hold is left out."""
        defined = (Site(tenant.name, site.name) for tenant in self._directory.tenants.values() for site in tenant.sites)
        return [
            site
            for site in dict.fromkeys(chain(defined, self.sites))
            if len(site.tenant.encode()) <= SITE_TENANT_LIMIT and len(site.name.encode()) <= SITE_NAME_LIMIT
        ]


def device_index(device: Device) -> Oid:
    """The octets of its MAC; no length before them, since there are always six (RFC 2578, section 7.7)."""
    return tuple(bytes.fromhex(device.mac))


def site_index(site: Site) -> Oid:
    """Both names, each with its length before it."""
    tenant, name = site.tenant.encode(), site.name.encode()
    return (len(tenant), *tenant, len(name), *name)


def _standing(device: Device) -> Standing:
    record = device.record
    return Standing(Site(record.tenant, record.site), device.reachability, device.presence, device.status)
