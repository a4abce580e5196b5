"""What the fleet does about SIP: pings answered and missed, registrations, signs of life.

Handlers only: each turns one event into orders with the rules of `qualify` and `reachability`. Not here: anything
on the wire.
"""

from __future__ import annotations

from dataclasses import replace

from daemon.errors import BadMessage
from daemon.fleet import connection_events, homing, lagging
from daemon.fleet.commands import Command, Decided
from daemon.fleet.consequences import follow, number, refresh_status, source_of
from daemon.fleet.device import Device
from daemon.fleet.events import (
    LifeSign,
    ProbeMissed,
    ProbesAnswered,
    Registered,
    Unregistered,
)
from daemon.fleet.model import Binding, Contact, Mac, Tenant, Transition
from daemon.fleet.operations import signals as operation_signals
from daemon.fleet.operations.steps import Turn
from daemon.fleet.parts import Parts
from daemon.fleet.reachability import Stimulus
from daemon.fleet.store_commands import SaveState
from daemon.sip.uri import contact_from_uri, parse_sip_uri


def probes_answered(parts: Parts, event: ProbesAnswered, now: float) -> list[Command]:
    """Pings came back. Of most of them nothing follows."""
    orders: list[Command] = []
    for answer in parts.pinging.unusual(event.answers):
        if device := parts.roster.device(Mac(answer.key)):
            orders += follow(parts, device, parts.pinging.answered(device, answer, now), now)
        else:
            orders += connection_events.answered(parts, answer, now)
    return orders


def probe_missed(parts: Parts, event: ProbeMissed, now: float) -> list[Command]:
    """A ping did not come back."""
    device = parts.roster.device(Mac(event.key))
    if device is None:
        return connection_events.missed(parts, event, now)
    return follow(parts, device, parts.pinging.missed(device, event.cause, now), now)


def registered(parts: Parts, event: Registered, now: float) -> list[Command]:
    """A phone registered; with its own server, or with another."""
    device = parts.roster.device(event.mac)
    if device is None:
        return [Decided("registration", "of a device nobody defined", event.mac)]
    device.ever_registered = True
    device.registered_server = _server_at(parts, event.domain)
    if device.record.server and device.registered_server not in ("", device.record.server):
        return _strayed(parts, device, event.bindings, now)
    parts.roster.move(device, _preferred(event.bindings), event.bindings)
    parts.pinging.registered(device, now)
    orders: list[Command] = [SaveState(device.state()), Decided("registration", "taken", device.mac)]
    orders += number(parts, device, now)
    orders += homing.settle(parts, device, source_of(device.mac), now)
    return [*orders, *operation_signals.seen(parts, device.mac, Turn.REGISTER, now)]


def unregistered(parts: Parts, event: Unregistered, now: float) -> list[Command]:
    """A phone took its registration back."""
    device = parts.roster.device(event.mac)
    return _departed(parts, device, Stimulus.UNREGISTERED, now) if device else []


def registration_expired(parts: Parts, mac: Mac, now: float) -> list[Command]:
    """The contact a phone is reached at was not renewed in time; another one it registered takes its place."""
    device = parts.roster.device(mac)
    if device is None:
        return []
    live = device.live_bindings(now)
    if not live:
        return _departed(parts, device, Stimulus.REGISTRATION_EXPIRED, now)
    parts.roster.move(device, _preferred(live), live)
    parts.pinging.registered(device, now)
    return [SaveState(device.state()), Decided("registration", "next contact", mac)]


def unreachable_for_long(parts: Parts, mac: Mac, now: float) -> list[Command]:
    """A phone stayed unreachable until we stop asking."""
    device = parts.roster.device(mac)
    if device is None:
        return connection_events.silent_for_long(parts, mac, now)
    return follow(parts, device, parts.pinging.silent_for_long(device, now), now)


def lagged_for_long(parts: Parts, mac: Mac, now: float) -> list[Command]:
    """A phone has answered slowly for so long that it is an alarm."""
    device = parts.roster.device(mac)
    return lagging.lasted(parts, device, source_of(mac), now) if device else []


def life_sign(parts: Parts, event: LifeSign, now: float) -> list[Command]:
    """Something came from the phone that is no answer to a ping."""
    device = parts.roster.device(event.mac)
    outcome = parts.pinging.wake(device, now) if device else None
    return [outcome] if outcome else []


NO_TENANT = Tenant("")


def watch(parts: Parts, device: Device, now: float) -> Transition | None:
    """Begin, resume or end pinging a device, by the limits that its record, its tenant or the settings give it."""
    record, settings = device.record, parts.settings.qualify
    tenant = parts.roster.tenants.get(record.tenant, NO_TENANT)
    device.monitored = record.qualify and record.approved and not device.blocked
    device.lagged_after = record.lagged_after or tenant.lagged_after or settings.lagged_after
    # A ping is judged before the next one leaves, so none can be missed after a later answer.
    device.period = max(record.interval or tenant.interval or settings.interval, settings.timeout)
    device.place = record.place
    moved = parts.pinging.watch(device, now)
    if device.blocked:
        device.reachability_reason = device.blocked
    return replace(moved, reason=device.blocked) if moved and device.blocked else moved


def static_contact(uri: str) -> Contact | None:
    """The contact an operator wrote down, if any; inventories are checked, so a bad one means none."""
    try:
        return contact_from_uri(uri) if uri else None
    except BadMessage:
        return None


def _departed(parts: Parts, device: Device, why: Stimulus, now: float) -> list[Command]:
    parts.roster.move(device, static_contact(device.record.contact), ())
    moved = parts.pinging.departed(device, why, now)
    return follow(parts, device, moved, now) or [SaveState(device.state()), *number(parts, device, now)]


def _preferred(bindings: tuple[Binding, ...]) -> Contact:
    """The contact with the highest q (RFC 3261 section 20.10); of equals the newest, which stands first."""
    return max(bindings, key=lambda binding: binding.q).contact


def _strayed(parts: Parts, device: Device, bindings: tuple[Binding, ...], now: float) -> list[Command]:
    """Its bindings are kept, since the order of its REGISTERs counts whichever server it means."""
    parts.roster.move(device, None, bindings)
    detail = f"{device.registered_server} instead of {device.record.server}"
    moved = parts.pinging.strayed(device, now, detail)
    orders = [*follow(parts, device, moved, now), *homing.settle(parts, device, source_of(device.mac), now)]
    refresh_status(parts, device)
    return [*orders, SaveState(device.state()), Decided("registration", "wrong server")]


def _server_at(parts: Parts, domain: str) -> str:
    """The name of the server with this domain; "" when no server of the inventory has it."""
    for server in parts.roster.servers.values():
        if _host(server.address) == domain.lower():
            return server.name
    return ""


def _host(address: str) -> str:
    try:
        return parse_sip_uri(address).host
    except BadMessage:
        return address.lower()
