"""The hours in which nobody is at the phones of a site, by the site's own clock.

An operation that has quiet hours asks a phone only within them. They may pass midnight; on the days when clocks are
put forward or back they begin and end by the clock on the wall. Not here: any clock, which operation has them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from daemon.fleet.model import DeviceRecord, Tenant

_SHAPE = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)\Z")


def read_hours(text: str) -> tuple[time, time]:
    """`20:00-06:00` -> beginning and end; `ValueError` with a sentence for anything else."""
    found = _SHAPE.match(text)
    if found is None:
        raise ValueError("quiet hours are written like 20:00-06:00")
    hour, minute, end_hour, end_minute = map(int, found.groups())
    begin, end = time(hour, minute), time(end_hour, end_minute)
    if begin == end:
        raise ValueError("quiet hours that begin when they end are none: leave them out")
    return begin, end


def open_at(hours: str, zone: str, now: float) -> float:
    """`now` if it is within these hours there, else when they next begin; "" is always."""
    if not hours:
        return now
    begin, end = read_hours(hours)
    there = datetime.fromtimestamp(now, _zone(zone))
    clock = there.time()
    within = begin <= clock < end if begin < end else clock >= begin or clock < end
    if within:
        return now
    day = there.date() if clock < begin else there.date() + timedelta(days=1)
    return datetime.combine(day, begin, there.tzinfo).timestamp()


def zone_of(record: DeviceRecord, tenant: Tenant | None) -> str:
    """The time zone of a device: its site's, else its tenant's, else "" for UTC."""
    site = tenant.site_named(record.site) if tenant else None
    return (site.timezone if site else "") or (tenant.timezone if tenant else "")


@lru_cache(maxsize=256)
def _zone(name: str) -> tzinfo:
    """Read once per zone from the system's table; a name that is not there any more is UTC."""
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):
        return UTC
