"""What the fleet does about phones' HTTP: keep-alives, alarms and fetched files.

Handlers only. Whether a report is believed was decided before it became an event
(`daemon.provisioning.first_contact`). Not here: anything on the wire, phones that nobody defined (`quarantine`).
"""

from __future__ import annotations

from dataclasses import replace

from daemon.fleet import presence
from daemon.fleet.alarms.phone_kinds import ENDED_BY_REGISTRATION
from daemon.fleet.alarms.trouble import Trouble
from daemon.fleet.commands import Answer, Command, Decided
from daemon.fleet.consequences import alive, follow, refresh_status, source_of
from daemon.fleet.device import Device
from daemon.fleet.events import AlertsHeard, FileFetched, FileMade, KeepAliveHeard
from daemon.fleet.model import Mac
from daemon.fleet.operations import signals as operation_signals
from daemon.fleet.operations.steps import Turn
from daemon.fleet.parts import Parts
from daemon.fleet.presence import SAID, Sign
from daemon.fleet.sign_in import follow_sign_in
from daemon.fleet.store_commands import SaveDevice, SaveState


def keep_alive_heard(parts: Parts, event: KeepAliveHeard, now: float) -> list[Command]:
    """A phone reported itself; an unchanged report costs a comparison and no write."""
    device = parts.roster.device(event.mac)
    if device is None:
        return [Decided("keep_alive", "of a device nobody defined", event.mac)]
    changed = event.report != device.report or event.source != device.source
    device.report = event.report
    sign = SAID.get(event.report.status.lower(), Sign.SAID_SOMETHING_ELSE)
    orders = _heard(parts, device, event.source, sign, now, with_secret=event.with_secret)
    if changed:
        orders += follow_sign_in(parts, device, event.report, now)
    if changed and not any(isinstance(order, SaveState) for order in orders):
        orders.append(SaveState(device.state()))
    if sign is Sign.SAID_STARTED:
        orders += parts.requests.acknowledge(device.mac)
    if sign is Sign.SAID_REGISTERED:
        orders += _registration_works(parts, device, now)
    orders += operation_signals.reported(parts, device, sign, now)
    given = parts.requests.hand_out(device.mac, now)
    if given:
        handed = (request for order in given if isinstance(order, Answer) for request in order.requests)
        given += operation_signals.handed_out(parts, device.mac, handed, now)
    return [*orders, *given, Decided("keep_alive", "changed" if changed else "same")]


def alerts_heard(parts: Parts, event: AlertsHeard, now: float) -> list[Command]:
    """A phone sent alarms or clears; that is a report too."""
    device = parts.roster.device(event.mac)
    if device is None:
        return [Decided("alarm", "of a device nobody defined", event.mac)]
    if not device.record.approved:
        return [Decided("alarm", "of a phone that waits for approval", device.mac)]
    orders = _heard(parts, device, event.source, None, now, with_secret=event.with_secret)
    for alert in event.alerts:
        orders += parts.alarms.report(Trouble.told_by_phone(alert), device, source_of(device.mac), now)
    refresh_status(parts, device)
    return orders


def file_fetched(parts: Parts, event: FileFetched, now: float) -> list[Command]:
    """A phone fetched its configuration or firmware."""
    device = parts.roster.device(event.mac)
    if device is None:
        return [Decided("provisioning", "fetch by a device nobody defined", event.mac)]
    sign = Sign.FETCHED if event.kind == "config" else None
    orders = _heard(parts, device, event.source, sign, now, with_secret=event.with_secret)
    if sign:
        orders += parts.requests.acknowledge(device.mac)
    if sign and event.complete:
        orders += operation_signals.seen(parts, device.mac, Turn.FETCH, now)
    return [*orders, Decided("provisioning", "complete file" if event.complete else f"{event.kind} without secrets")]


def silent(parts: Parts, mac: Mac, now: float) -> list[Command]:
    """A phone did not report within the disconnect timeout."""
    device = parts.roster.device(mac)
    return follow(parts, device, presence.step(device, Sign.SILENT, now), now) if device else []


def _heard(
    parts: Parts, device: Device, source: str, sign: Sign | None, now: float, *, with_secret: bool
) -> list[Command]:
    """What every report and fetch has in common: it is a sign of life, and may move the phone's presence."""
    parts.roster.heard_from(device, source)
    device.tries += not device.record.approved
    orders = _disarm(parts, device) if with_secret and device.record.armed_until else []
    return orders + alive(parts, device, sign, now)


def _disarm(parts: Parts, device: Device) -> list[Command]:
    """The phone has used its permanent secret: from now on nothing less gets it the complete file."""
    parts.roster.redefine(device, replace(device.record, armed_until=0.0))
    return [SaveDevice(device.record), Decided("first_contact", "secret used, disarmed", device.mac)]


def _registration_works(parts: Parts, device: Device, now: float) -> list[Command]:
    """A phone that says it is registered has got over its registration alarms, whether or not it sent the clear."""
    orders = parts.alarms.clear_kinds(ENDED_BY_REGISTRATION, device, source_of(device.mac), now)
    if orders:
        refresh_status(parts, device)
    return orders


def file_made(parts: Parts, event: FileMade, now: float) -> list[Command]:
    """Keep what a phone is about to be given, if it is a device's."""
    if parts.roster.device(event.mac) is None:
        return [Decided("provisioning", "file of a device nobody defined", event.mac)]
    return parts.files_given.add(event, now)
