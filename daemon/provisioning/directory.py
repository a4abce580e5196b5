"""The company directory as a file for phones: names and numbers of a tenant, in the order of the names. Pure.

`provisioning/corporate_directory_uri` points a phone at it. What the file has to look like is not published by the
maker; what is known is that it may be called `.csv`. So it is a line per person, `name,number`, quoted as RFC 4180 says
where that is needed: try it with one phone before you point all of them at it. Not here: serving it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from hashlib import sha256
from heapq import nsmallest
from typing import NamedTuple, Protocol

from daemon.fleet.device import Device
from daemon.fleet.model import Tenant
from daemon.fleet.records import User

# More is no list that anybody scrolls through on a desk phone: LDAP is made for that (system/ldap/*).
MAX_ENTRIES = 5000
_MAX_FIELD = 64  # characters of a name or number

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_PREFIX, _SUFFIX = "directory-", ".cfg"


class Entry(NamedTuple):
    """Somebody who can be called."""

    name: str
    number: str


def directory_name(tenant: str) -> str:
    """What a tenant's directory is called; names that no URL takes as they are get a hash, so that no two meet."""
    safe = _UNSAFE.sub("_", tenant)
    told_apart = f"-{sha256(tenant.encode()).hexdigest()[:8]}" if safe != tenant else ""
    return f"{_PREFIX}{safe[:64]}{told_apart}{_SUFFIX}"


def tenant_of_directory(name: str, tenants: Iterable[str]) -> str | None:
    """Whose directory a file of this name is; None if it is nobody's."""
    if not name.lower().startswith(_PREFIX):
        return None
    return next((tenant for tenant in tenants if directory_name(tenant).lower() == name.lower()), None)


class People(Protocol):
    """What is asked of the fleet."""

    @property
    def tenants(self) -> Mapping[str, Tenant]:
        """By name."""

    @property
    def users(self) -> Mapping[str, User]:
        """By key."""

    def devices(self) -> Collection[Device]:
        """All of them."""


def company_directory(name: str, people: People) -> bytes | None:
    """The directory that a file of this name is; None if it is nobody's."""
    tenant = tenant_of_directory(name, people.tenants)
    return None if tenant is None else directory(entries_of(tenant, people))


def entries_of(tenant: str, people: People) -> Iterator[Entry]:
    """A tenant's users with a number, and its phones with one that no user has."""
    numbers: set[str] = set()
    for user in people.users.values():
        if user.tenant == tenant and user.number:
            numbers.add(user.number)
            yield Entry(user.display_name or user.name, user.number)
    for device in people.devices():
        record = device.record
        if record.tenant == tenant and record.approved and record.number and record.number not in numbers:
            yield Entry(record.display_name or record.user or record.number, record.number)


def directory(entries: Iterable[Entry]) -> bytes:
    """The file: each name and number once, those that would not fit a line left out, the first `MAX_ENTRIES` only."""
    fit = {(entry.name.casefold(), *entry) for entry in entries if _fits(entry)}
    first = nsmallest(MAX_ENTRIES, fit)
    return "".join(f"{_field(name)},{_field(number)}\n" for _, name, number in first).encode()


def _fits(entry: Entry) -> bool:
    name, number = entry
    if not name.strip() or not number.strip() or len(name) > _MAX_FIELD or len(number) > _MAX_FIELD:
        return False
    return name.isprintable() and number.isprintable()


def _field(text: str) -> str:
    """RFC 4180, section 2: quoted where a comma or quote stands in it."""
    doubled = text.strip().replace('"', '""')
    return f'"{doubled}"' if "," in text or '"' in text else doubled
