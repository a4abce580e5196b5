"""What an operator's inventory must fulfil before any of it is taken, looked at a slice at a time.

What the file alone can tell (syntax, duplicates, subnets) was checked where it was read; here stand the checks that
need the running fleet: do the named tenants, sites and servers exist, is a number free. Should an operator change
something between two slices, the edition tells. 30,000 devices are looked at, so nothing here makes a record to see
three fields of it. Not here: reading files, what an entry makes of what there is (`enrolment`), taking the inventory
(`inventory_events`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from typing import NamedTuple

from daemon.fleet import connection_events
from daemon.fleet.licence import why_suspended
from daemon.fleet.model import DeviceRecord, Mac
from daemon.fleet.parts import Parts
from daemon.fleet.records import Checked, Inventory, NumberEntry, NumberStatus, Objection

# Looked at between two turns of everybody else, some 1 µs each; devices are looked at three times.
SLICE = 3000

_NOTHING: frozenset[str] = frozenset()


class Claim(NamedTuple):
    """What a device that is known will refer to once the inventory is taken; a new one is its own claim."""

    mac: Mac
    tenant: str
    site: str
    server: str
    number: str
    approved: bool


class Check:
    """The check of one inventory: `step` until it is over, then `checked` says what came of it."""

    def __init__(self, parts: Parts, inventory: Inventory) -> None:
        self._parts = parts
        self._inventory = inventory
        self._edition = parts.roster.edition
        self._tenants = {**parts.roster.tenants, **{tenant.name: tenant for tenant in inventory.tenants}}
        self._servers = {*parts.roster.servers, *(server.name for server in inventory.servers)}
        self._claims: dict[Mac, Claim | DeviceRecord] = {}
        self._claimed: dict[str, Claim | DeviceRecord] = {}  # by number, the first of those that want it
        self._found: list[Objection] = []
        self._left: Iterator[Objection | None] = chain(
            self._claim(),
            self._licence_faults(),
            self._default_faults(),
            self._site_faults(),
            self._user_faults(),
            self._reference_faults(),
            self._number_faults(),
            self._connection_faults(),
            self._draft_faults(),
        )

    def step(self, things: int = SLICE) -> bool:
        """Look at so many more things; whether there is nothing left to be looked at."""
        looked = 0
        for looked, found in enumerate(islice(self._left, things), 1):  # noqa: B007  the last one is what counts
            if found is not None:
                self._found.append(found)
        return looked < things

    def finish(self) -> Checked:
        """Look at all that is left."""
        while not self.step():
            pass
        return self.checked

    @property
    def checked(self) -> Checked:
        """What came of it, once it is over."""
        return Checked(
            self._inventory, tuple(self._found), self._claims.keys(), self._claimed.keys(), edition=self._edition
        )

    def _claim(self) -> Iterator[None]:
        lookup, fields = self._parts.roster.device, self._inventory.device_fields
        for entry in self._inventory.devices:
            device = lookup(entry.mac)
            self._claims[entry.mac] = (
                entry if device is None else _claim(entry, device.record, fields.get(entry.mac, _NOTHING))
            )
            yield None

    def _licence_faults(self) -> Iterator[Objection]:
        """A licence that suspends everything takes no new phones; what is known may be changed."""
        if not self._parts.licence.suspended:
            return
        devices = self._parts.roster.device
        new = [mac for mac in self._claims if (known := devices(mac)) is None or not known.record.approved]
        if new:
            why = why_suspended(self._parts.settings.licence)
            yield Objection("", f"no new devices are taken ({new[0]} and {len(new) - 1} others): {why}")

    def _default_faults(self) -> Iterator[Objection]:
        defaults = sorted(tenant.name for tenant in self._tenants.values() if tenant.default)
        if len(defaults) > 1:
            yield Objection("", f"tenants {', '.join(defaults)} would all be the default: there is one at most")

    def _site_faults(self) -> Iterator[Objection | None]:
        """A site does not go while devices are at it; those of the inventory are checked by what they refer to."""
        roster = self._parts.roster
        for tenant in self._inventory.tenants:
            known = roster.tenants.get(tenant.name)
            gone = {site.name for site in known.sites} - {site.name for site in tenant.sites} if known else ()
            yield None
            if gone:
                left = Counter(
                    device.record.site
                    for device in roster.devices()
                    if device.record.tenant == tenant.name
                    and device.record.site in gone
                    and device.mac not in self._claims
                )
                for site, devices in left.items():
                    yield Objection(
                        f"tenant {tenant.name}", f"site {site} still has {devices} devices: move them first"
                    )

    def _user_faults(self) -> Iterator[Objection | None]:
        for user in self._inventory.users:
            wrong = user.tenant and user.tenant not in self._tenants
            yield Objection(f"user {user.key}", _no_such("tenant", user.tenant)) if wrong else None

    def _reference_faults(self) -> Iterator[Objection | None]:
        good: set[tuple[str, str, str]] = set()  # most devices refer to the same few
        for claim in self._claims.values():
            refers = (claim.tenant, claim.site, claim.server)
            yield None
            if refers in good:
                continue
            wrong = tuple(self._wrong_references(claim))
            if not wrong:
                good.add(refers)
            for each in wrong:
                yield Objection(f"device {claim.mac}", each)

    def _wrong_references(self, claim: Claim | DeviceRecord) -> Iterator[str]:
        tenant = self._tenants.get(claim.tenant)
        if claim.tenant and tenant is None:
            yield _no_such("tenant", claim.tenant)
        if claim.site and (tenant is None or tenant.site_named(claim.site) is None):
            yield f"tenant {claim.tenant or '(none)'} has no site {claim.site}"
        if claim.server and claim.server not in self._servers:
            yield _no_such("server", claim.server)

    def _number_faults(self) -> Iterator[Objection | None]:
        """A number is given once: not while another device uses it, while it cools, or while it is reserved."""
        numbers = self._parts.numbers.entries
        for claim in self._claims.values():
            yield None
            number = claim.number
            if not number:
                continue
            first = self._claimed.setdefault(number, claim)
            if first is not claim and claim.approved and first.approved:
                yield Objection(f"device {claim.mac}", f"number {number} would be that of device {first.mac} as well")
            entry = numbers.get(number)
            if entry is not None and entry.device != claim.mac and (wrong := self._taken(entry)):
                yield Objection(f"device {claim.mac}", f"number {number} {wrong}")

    def _taken(self, entry: NumberEntry) -> str:
        holder = entry.device
        moves_on = holder is not None and holder in self._claims and self._claims[holder].number != entry.number
        if entry.status is NumberStatus.USED and not moves_on:
            return f"is used by device {holder}"
        if entry.status is NumberStatus.COOLING:
            return f"is cooling after device {holder} ({entry.tag})"
        return "is reserved" if entry.status is NumberStatus.RESERVED else ""

    def _connection_faults(self) -> Iterator[Objection]:
        known = self._parts.connections.by_name
        for sentence in connection_events.faults(self._inventory, known, self._tenants):
            about, _, wrong = sentence.partition(": ")
            yield Objection(about, wrong)

    def _draft_faults(self) -> Iterator[Objection]:
        if self._inventory.drafts:
            for sentence in self._parts.documents.faults(self._inventory.drafts):
                yield Objection("", sentence)


def _claim(entry: DeviceRecord, known: DeviceRecord, written: frozenset[str]) -> Claim:
    return Claim(
        entry.mac,
        entry.tenant if "tenant" in written else known.tenant,
        entry.site if "site" in written else known.site,
        entry.server if "server" in written else known.server,
        entry.number if "number" in written else known.number,
        entry.approved if "approved" in written or not known.approved else known.approved,
    )


def _no_such(kind: str, name: str) -> str:
    return f"there is no {kind} {name}; define it in the same inventory"
