"""What the fleet does about the licence: devices are blocked and let in again, and alarms tell how it stands.

Judged at the first turn after an operator changed who is there, after a reload, and when 80 % or all of the period is
over. A blocked device is UNMONITORED, with the reason: it is not pinged, its reports and fetches are refused
(`daemon.provisioning.first_contact`), and its silence means nothing. Thousands that are blocked at once, when a licence
suspends, are taken a step at a time, so that everybody else is served in between. Not here: who is blocked (`licence`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from daemon.config.licence_settings import Licence
from daemon.fleet import licence
from daemon.fleet.alarms.catalogue import (
    DEVICE_COUNT_EXCEEDED,
    DEVICE_DISCONNECTED,
    DEVICE_ON_WRONG_SERVER,
    ENDPOINT_LICENCE,
)
from daemon.fleet.alarms.trouble import Trouble
from daemon.fleet.commands import Command, Decided
from daemon.fleet.consequences import expect_report, follow, refresh_status, source_of
from daemon.fleet.device import Device
from daemon.fleet.licence import WARN_AT, LicenceStatus
from daemon.fleet.model import DeviceRecord, Reachability
from daemon.fleet.notifications import Severity
from daemon.fleet.parts import Parts
from daemon.fleet.reachability import Stimulus
from daemon.fleet.sip_events import watch
from daemon.fleet.store_commands import SaveState

SOURCE = "Ringkeeper/licence"

STEP = 300  # devices blocked or let in between two turns of everybody else; each is a state and a line of its timeline
UNLIMITED = Licence()
_NAMES = frozenset({ENDPOINT_LICENCE.name, DEVICE_COUNT_EXCEEDED.name})
_ENDED_BY_BLOCK = (DEVICE_DISCONNECTED, DEVICE_ON_WRONG_SERVER)  # the others end with the pings


@dataclass(frozen=True, slots=True)
class _Standing:
    """How bad it is with a part of the licence."""

    trouble: Trouble
    source: str
    tenant: str = ""


def review(parts: Parts, now: float) -> list[Command]:
    """Judge anew if it is time, and take the next step of what follows from it."""
    book = parts.licence
    if now < book.next_deadline() or parts.intake is not None:
        return []
    orders = list[Command]()
    if now >= book.due:
        records = [device.record for device in parts.roster.devices()] if _limited(parts) else []
        book.judge(parts.settings.licence, records, now)
        orders += _tell(parts, list(_standings(parts, records, now)), now)
    for mac, reason in book.take(STEP, now):
        if device := parts.roster.device(mac):
            orders += _set(parts, device, reason, now)
    return orders


def status(parts: Parts, now: float) -> LicenceStatus:
    """How the licence stands."""
    records = (device.record for device in parts.roster.devices())
    return licence.status(parts.settings.licence, records, len(parts.licence.blocked), now)


def _limited(parts: Parts) -> bool:
    """Whether there is anything to be judged: nearly never, and 30,000 records are a while to look at."""
    return parts.settings.licence != UNLIMITED


def _set(parts: Parts, device: Device, reason: str, now: float) -> list[Command]:
    device.blocked = reason
    if not reason:  # that we refused its reports is not its silence
        parts.graced_until = max(parts.graced_until, now + parts.settings.keep_alive.period)
    moved = watch(parts, device, now)
    if not reason and device.reachability is Reachability.UNMONITORED:
        device.reachability_reason = str(Stimulus.QUALIFY_OFF)
    orders = follow(parts, device, moved, now) or [SaveState(device.state())]
    if reason:
        orders += parts.alarms.clear_kinds(_ENDED_BY_BLOCK, device, source_of(device.mac), now)
    expect_report(parts, device)
    refresh_status(parts, device)
    return [*orders, Decided("licence", "device blocked" if reason else "device let in again", device.mac)]


def _standings(parts: Parts, records: Collection[DeviceRecord], now: float) -> Iterator[_Standing]:
    """What there is to tell: of the whole, and of each tenant that has terms of its own."""
    terms = parts.settings.licence
    period = licence.consumed(terms, now)
    for use in licence.uses(terms, records):
        yield from _of_devices(use, 0.0 if use.tenant else period, parts)
    if terms.devices is None and period >= WARN_AT:
        yield _Standing(_used(period, 0.0, "unlimited", f"{period:.0%} of the period, until {terms.expires}"), SOURCE)


def _of_devices(use: licence.Use, period: float, parts: Parts) -> Iterator[_Standing]:
    source = f"{SOURCE}/{use.tenant}" if use.tenant else SOURCE
    if max(use.share, period) >= WARN_AT:
        which = f"{use.devices} of {use.limit} devices"
        if period:
            which += f"; {period:.0%} of the period, until {parts.settings.licence.expires}"
        yield _Standing(_used(period, use.share, str(use.limit), which), source, use.tenant)
    if use.devices > use.limit:
        trouble = replace(
            Trouble.of(DEVICE_COUNT_EXCEEDED),
            text=f"Devices beyond the licence: {use.devices - use.limit}. The newest are blocked.",
            info=(f"{use.devices - use.limit} blocked", f"the licence is for {use.limit} devices"),
        )
        yield _Standing(trouble, source, use.tenant)


def _used(period: float, devices: float, capacity: str, which: str) -> Trouble:
    """The licence's alarm, by the worse of its two parts."""
    full = max(period, devices) >= 1.0
    part = "devices" if devices >= period else "period"
    text = f"{'100' if full else '80'} % of the licence's {part} is used."
    severity = Severity.CRITICAL if full else Severity.MAJOR
    info = (f"Endpoint License capacity {capacity} devices.", which)
    return replace(Trouble.of(ENDPOINT_LICENCE), severity=severity, text=text, info=info)


def _tell(parts: Parts, standings: list[_Standing], now: float) -> list[Command]:
    """Raise these, and end the others, also those of tenants that have no terms of their own any more."""
    orders = list[Command]()
    for standing in standings:
        orders += _raise(parts, standing, now)
    still = {standing.trouble.identity(standing.source) for standing in standings}
    over = [alarm.id for alarm in parts.alarms.active.values() if alarm.name in _NAMES and alarm.id not in still]
    return orders + [order for identity in over for order in parts.alarms.clear(identity, now, None)]


def _raise(parts: Parts, standing: _Standing, now: float) -> list[Command]:
    """Nothing if it has been told just so."""
    trouble, identity = standing.trouble, standing.trouble.identity(standing.source)
    if parts.alarms.lasts(identity):
        known = parts.alarms.active[identity]
        if (known.severity, known.description) == (trouble.severity, trouble.text):
            return []
    return parts.alarms.report(trouble, None, standing.source, now, standing.tenant)
