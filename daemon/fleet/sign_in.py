"""A user signs in on a phone that is somebody else's: the phone goes to them.

IP Phone Manager does so since its version 7.2 ("Signing in to a Phone into which Another User is Signed"), and only for
phones of zero touch. How a phone came to us is not what matters later, so we ask what follows from it: a phone that we
gave a SIP password registers as whom we say; one without has its user sign in at its keys. The phones that the new user
had before stay theirs: people have more than one, and the vendor's text leaves it open. The former user keeps what else
they have. The number goes along if no other phone has it, else the phone has none until an operator says.
Not here: what a phone's report looks like (`daemon.http.phones.keepalive`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from daemon.fleet.commands import Command, Decided
from daemon.fleet.device import Device
from daemon.fleet.inventory_events import define_device
from daemon.fleet.model import DeviceRecord, Report
from daemon.fleet.parts import Parts
from daemon.fleet.records import NumberEntry, NumberStatus, User


def signed_in(record: DeviceRecord, report: Report, users: Mapping[str, User]) -> User | None:
    """The other user of its tenant who has signed in on this phone; None if nobody has, or if it is not followed."""
    if not record.approved or record.sip_password:
        return None
    for name in (report.user_id, report.user_name):
        user = users.get(f"{record.tenant}/{name}") if name and name != record.user else None
        if user is not None:
            return user
    return None


def moved_to(record: DeviceRecord, user: User, numbers: Mapping[str, NumberEntry]) -> DeviceRecord:
    """The phone as the new user's."""
    entry = numbers.get(user.number)
    free = entry is None or entry.status is NumberStatus.AVAILABLE or entry.device == record.mac
    number = user.number if user.number and free else ""
    return replace(record, user=user.name, display_name=user.display_name, number=number)


def follow_sign_in(parts: Parts, device: Device, report: Report, now: float) -> list[Command]:
    """Move a phone to whoever has signed in on it."""
    if not parts.settings.provisioning.follow_sign_in:
        return []
    user = signed_in(device.record, report, parts.roster.users)
    if user is None:
        return []
    if parts.intake is not None:
        return [Decided("sign_in", "must wait for an intake", device.mac)]
    orders: list[Command] = [Decided("sign_in", "phone moved to its new user", device.mac)]
    record = moved_to(device.record, user, parts.numbers.entries)
    if device.number and device.number != record.number:
        orders += parts.numbers.cool(device.number, device.mac, now)
    return [*orders, *define_device(parts, record, f"the sign-in of {user.name} in place of {device.record.user}", now)]
