"""What the fleet does about voice quality: reports of calls, and what they say of devices and sites.

A device whose experience gets worse or better has it on its timeline; a site whose experience is an error is an
alarm, which ends when the site has been better for a whole window, so that one about the limit tells of itself once.
Falling silent says nothing: a phone that makes no calls at night did not get well. Handlers only. Not here: verdicts
(`quality`), calls (`call_book`), anything on the wire.
"""

from __future__ import annotations

from collections.abc import Iterable

from daemon.fleet.alarms.catalogue import QUALITY_DEGRADED
from daemon.fleet.alarms.trouble import Trouble
from daemon.fleet.call_book import Reporter
from daemon.fleet.calls import CallQuality, QualityReport
from daemon.fleet.commands import Command, Decided
from daemon.fleet.device import Device
from daemon.fleet.events import LifeSign, QualityReported
from daemon.fleet.model import Mac, Status, Transition
from daemon.fleet.parts import Parts
from daemon.fleet.quality import Place
from daemon.fleet.sip_events import life_sign
from daemon.fleet.store_commands import AppendTransition, SaveCall
from daemon.provisioning.served import FileKind
from daemon.provisioning.zero_touch import NO_TENANT, place_device, place_newcomer

_WORSE = frozenset({Status.WARNING, Status.ERROR})
_JUDGED = _WORSE | {Status.OK}


def quality_reported(parts: Parts, event: QualityReported, now: float) -> list[Command]:
    """Somebody reported a call; if it was a phone of ours, it lives."""
    device = parts.roster.device(event.mac) if event.mac else None
    reporter = _reporter(parts, device, event.source)
    call = parts.calls.take(event.report, reporter, now)
    orders = life_sign(parts, LifeSign(device.mac, "quality report"), now) if device else []
    if call is None:
        return [*orders, Decided("quality", "repeated report", reporter.device)]
    orders += [SaveCall(call), Decided("quality", f"call {call.verdict}", reporter.device)]
    if device and event.report.alert:
        orders.append(AppendTransition(_alerted(device.mac, event.report, now)))
    return [*orders, *_follow(parts, [call, *parts.calls.expire(now)], now)]


def expire(parts: Parts, now: float) -> list[Command]:
    """Calls left the window; sites have been better for long enough."""
    orders = _follow(parts, parts.calls.expire(now), now)
    for alarm in parts.calls.recovering.expire(now):
        orders += parts.alarms.clear(alarm, now, None) if alarm in parts.alarms.active else []
    return orders


def restore(parts: Parts, now: float) -> None:
    """After a start: what timelines and managers were told goes on as it stood."""
    book = parts.calls
    book.told.update({mac: said for mac in book.devices() if (said := book.experience(mac).status) in _WORSE})
    bad = {_trouble_id(place) for place in book.places() if book.experience(place).status is Status.ERROR}
    for alarm in parts.alarms.active.values():
        if alarm.name == QUALITY_DEGRADED.name and alarm.id not in bad:
            book.recovering.set(alarm.id, now + book.settings.window)


def _reporter(parts: Parts, device: Device | None, source: str) -> Reporter:
    """Where a report counts: the device's tenant and site, else those whose network the source is in."""
    tenants = parts.roster.tenants
    if device:
        tenant = tenants.get(device.record.tenant, NO_TENANT)
        place = place_device(device.record, tenant, source)
    else:
        place = place_newcomer(FileKind.SYSTEM, "", source, tenants.values(), None)
    return Reporter(device.mac if device else None, place.tenant.name, place.site.name if place.site else "", source)


def _alerted(mac: Mac, report: QualityReport, now: float) -> Transition:
    alert = report.alert
    said = f"{alert.metric} {alert.level.lower()}" if alert else ""
    where = f"at the {alert.direction} end" if alert else ""
    return Transition(mac, now, "quality", "", said, f"alert {where}, call with {report.remote or 'somebody'}")


def _follow(parts: Parts, calls: Iterable[CallQuality], now: float) -> list[Command]:
    """What follows for the devices and sites of these calls, each looked at once."""
    orders: list[Command] = []
    for mac in dict.fromkeys(call.device for call in calls if call.device):
        orders += _tell_of_device(parts, mac, now)
    for place in dict.fromkeys(Place(call.tenant, call.site) for call in calls):
        orders += _tell_of_site(parts, place, now)
    return orders


def _tell_of_device(parts: Parts, mac: Mac, now: float) -> list[Command]:
    book = parts.calls
    experience, before = book.experience(mac), book.told.get(mac, Status.OK)
    if experience.status not in _JUDGED or experience.status is before or parts.roster.device(mac) is None:
        return []
    if experience.status in _WORSE:
        book.told[mac] = experience.status
    else:
        del book.told[mac]
    return [AppendTransition(Transition(mac, now, "quality", before, experience.status, experience.reason))]


def _tell_of_site(parts: Parts, place: Place, now: float) -> list[Command]:
    """Raise at once; begin to count towards the end as soon as it is no error any more."""
    book, alarm = parts.calls, _trouble_id(place)
    experience = book.experience(place)
    if experience.status is not Status.ERROR:
        if parts.alarms.lasts(alarm) and alarm not in book.recovering:
            book.recovering.set(alarm, now + book.settings.window)
        return []
    book.recovering.cancel(alarm)
    if parts.alarms.lasts(alarm) or not place.tenant:
        return []
    trouble = Trouble.of(QUALITY_DEGRADED, experience.reason)
    site = f"{place.tenant}/{place.site}" if place.site else ""
    return parts.alarms.report(trouble, None, _source(place), now, place.tenant, site=site)


def _trouble_id(place: Place) -> str:
    return Trouble.of(QUALITY_DEGRADED).identity(_source(place))


def _source(place: Place) -> str:
    """What the alarm of a site names as its source; calls from outside every site are the tenant's own."""
    return f"Site/{place.tenant}/{place.site}" if place.site else f"Tenant/{place.tenant}"
