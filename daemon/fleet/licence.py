"""Whom the licence covers, how much of it is used, and when that changes by itself. Pure: settings and records in.

Devices count once they are approved. Of too many the newest are blocked, by the time at which they were defined, so
whoever was there first stays; first within each tenant that has terms of its own, then over all. An expired licence
blocks nobody unless it is to suspend everything. Days begin and end at midnight UTC. Not here: what being blocked means
to a device, the alarms (`licence_events`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from heapq import nlargest
from itertools import islice

from daemon.config.licence_settings import Licence
from daemon.fleet.model import DeviceRecord, Mac

WARN_AT = 0.8  # of the period, and of the devices; the vendor's table 6-7


@dataclass(frozen=True, slots=True)
class LicenceStatus:
    """How the licence stands. `limit` and `expires` are None if unlimited; `days_left` is below 0 once it has expired.

    `consumed` is the share of the period that is over, `suspended` whether pings, reports and operators are refused.
    """

    devices: int
    limit: int | None
    blocked: int
    expires: date | None
    days_left: int | None
    consumed: float
    expired: bool
    suspended: bool


@dataclass(frozen=True, slots=True)
class Use:
    """How many devices there are of so many: over all (`tenant` is ""), or of one tenant."""

    tenant: str
    devices: int
    limit: int

    @property
    def share(self) -> float:
        """Of the limit."""
        return self.devices / self.limit


def consumed(terms: Licence, now: float) -> float:
    """The share of the period that is over, 0 to 1; 0 if it never ends."""
    if terms.starts is None or terms.expires is None:
        return 0.0
    begin, end = _midnight(terms.starts), _end(terms.expires)
    return min(1.0, max(0.0, (now - begin) / (end - begin)))


def expired(terms: Licence, now: float) -> bool:
    """Whether its last day is over."""
    return terms.expires is not None and now >= _end(terms.expires)


def suspended(terms: Licence, now: float) -> bool:
    """Whether it has expired and is to suspend everything."""
    return terms.after_expiry == "suspend" and expired(terms, now)


def why_suspended(terms: Licence) -> str:
    """The sentence for whoever is refused."""
    return f"the licence expired on {terms.expires}; write its new terms under `licence` and reload"


def next_moment(terms: Licence, now: float) -> float:
    """When the passing of time will next change something; infinity if never."""
    if terms.starts is None or terms.expires is None:
        return math.inf
    begin, end = _midnight(terms.starts), _end(terms.expires)
    return next((at for at in (begin + WARN_AT * (end - begin), end) if at > now), math.inf)


def uses(terms: Licence, records: Iterable[DeviceRecord]) -> list[Use]:
    """How many devices there are, for each of its terms that counts them."""
    of_tenant = Counter(record.tenant for record in records if record.approved)
    found = [] if terms.devices is None else [Use("", of_tenant.total(), terms.devices)]
    return found + [Use(name, of_tenant[name], limit) for name, limit in terms.tenants.items()]


def blocked(terms: Licence, records: Collection[DeviceRecord], now: float) -> dict[Mac, str]:
    """The devices that the licence does not cover, each with the reason."""
    if suspended(terms, now):
        reason = f"blocked: the licence expired on {terms.expires}"
        return {record.mac: reason for record in records if record.approved}
    if terms.devices is None and not terms.tenants:
        return {}
    counted = [record for record in records if record.approved]
    found: dict[Mac, str] = {}
    for name, limit in terms.tenants.items():
        own = [record for record in counted if record.tenant == name]
        found |= dict.fromkeys(_newest(own, limit), f"blocked: the licence of tenant {name} is for {limit} devices")
    if terms.devices is not None:
        left = [record for record in counted if record.mac not in found]
        found |= dict.fromkeys(_newest(left, terms.devices), f"blocked: the licence is for {terms.devices} devices")
    return found


def status(terms: Licence, records: Iterable[DeviceRecord], blocked: int, now: float) -> LicenceStatus:
    """How it stands, for people."""
    today = datetime.fromtimestamp(now, UTC).date()
    return LicenceStatus(
        devices=sum(record.approved for record in records),
        limit=terms.devices,
        blocked=blocked,
        expires=terms.expires,
        days_left=None if terms.expires is None else (terms.expires - today).days,
        consumed=consumed(terms, now),
        expired=expired(terms, now),
        suspended=suspended(terms, now),
    )


class LicenceBook:
    """What came of the licence: who is blocked, with the reason, and whether all is suspended.

    `due` is when to judge it anew; `changes` are the devices that are still to be blocked, or let in (""), which goes
    on at `step_due`.
    """

    def __init__(self, terms: Licence, records: Collection[DeviceRecord], now: float) -> None:
        self.blocked = blocked(terms, records, now)
        self.suspended = suspended(terms, now)
        self.due = now  # at the first turn, for there may be something to tell
        self.changes: dict[Mac, str] = {}
        self.step_due = math.inf

    def next_deadline(self) -> float:
        """When `licence_events.review` must be called."""
        return min(self.due, self.step_due)

    def judge(self, terms: Licence, records: Collection[DeviceRecord], now: float) -> None:
        """See anew whom the licence covers, and when that will change by itself."""
        self.due = next_moment(terms, now)
        self.suspended = suspended(terms, now)
        wanted = blocked(terms, records, now)
        let_in = dict.fromkeys(self.blocked.keys() - wanted.keys(), "")
        self.changes = {mac: why for mac, why in wanted.items() if self.blocked.get(mac) != why} | let_in
        self.step_due = now if self.changes else math.inf

    def take(self, most: int, now: float) -> list[tuple[Mac, str]]:
        """The next of the changes, which are then no longer to be made."""
        taken = [(mac, self.changes.pop(mac)) for mac in list(islice(self.changes, most))]
        for mac, why in taken:
            if why:
                self.blocked[mac] = why
            else:
                self.blocked.pop(mac, None)
        self.step_due = now if self.changes else math.inf
        return taken


def _newest(records: list[DeviceRecord], limit: int) -> list[Mac]:
    """Those beyond `limit`."""
    beyond = nlargest(max(0, len(records) - limit), records, key=lambda record: (record.defined_at, record.mac))
    return [record.mac for record in beyond]


def _midnight(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp()


def _end(day: date) -> float:
    return _midnight(day + timedelta(days=1))
