"""What the fleet does about first contact: tokens made and spent, permanent secrets renewed.

Handlers only. A token is spent by the event of its use, so that it is gone for whoever asks next before its file goes
out. Not here: opening the window (`operator_events`), closing it when the secret is first used (`phone_events`), what
counts as proof (`daemon.provisioning.first_contact`).
"""

from __future__ import annotations

from dataclasses import replace

from daemon.fleet.acts import SecretRenewed, TokenIssued
from daemon.fleet.commands import Answer, Command, Decided
from daemon.fleet.device import Device
from daemon.fleet.events import TokenUsed
from daemon.fleet.model import DeviceRecord, Transition
from daemon.fleet.parts import Parts
from daemon.fleet.store_commands import AppendTransition, SaveDevice


def token_issued(parts: Parts, event: TokenIssued, now: float) -> list[Command]:
    """The device has this one token from now on, and no other."""
    device = parts.roster.device(event.mac)
    if device is None:
        return [Answer(refused=("there is no such device",))]
    if not device.record.approved:
        return [Answer(refused=("the phone waits for approval: approve it first, a token alone gets it nothing",))]
    record = replace(device.record, token_hash=event.token_hash, token_until=now + event.lifetime)
    return _redefined(parts, device, record, "token issued", f"by {event.by}", now)


def secret_renewed(parts: Parts, event: SecretRenewed, now: float) -> list[Command]:
    """The former secret is worth nothing any more, and neither is a token that is still about."""
    device = parts.roster.device(event.mac)
    if device is None:
        return [Answer(refused=("there is no such device",))]
    record = replace(
        device.record,
        secret_generation=device.record.secret_generation + 1,
        armed_until=now + parts.settings.provisioning.first_contact_window if event.rearm else 0.0,
        token_hash="",
        token_until=0.0,
    )
    done = "secret renewed, armed" if event.rearm else "secret renewed"
    return _redefined(parts, device, record, done, f"by {event.by}", now)


def token_used(parts: Parts, event: TokenUsed, now: float) -> list[Command]:
    """The token is spent."""
    device = parts.roster.device(event.mac)
    if device is None or not device.record.token_hash:
        return [Decided("first_contact", "token of nobody", event.mac)]
    record = replace(device.record, token_hash="", token_until=0.0)
    orders = _redefined(parts, device, record, "token used", f"from {event.source or 'a Unix socket'}", now)
    return [*orders, Decided("first_contact", "token used", device.mac)]


def _redefined(  # noqa: PLR0917 - a step of the timeline in its own order
    parts: Parts, device: Device, record: DeviceRecord, done: str, reason: str, now: float
) -> list[Command]:
    parts.roster.redefine(device, record)
    return [SaveDevice(device.record), AppendTransition(Transition(device.mac, now, "provisioning", "", done, reason))]
