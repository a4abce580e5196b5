"""Alarms and notifications in one readable line."""

from __future__ import annotations

from daemon.fleet.model import Mac
from daemon.fleet.notifications import Alarm, EventType, Notification, Severity

WEDNESDAY = 1_772_615_702.125  # 2026-03-04T09:15:02.125Z


def an_alarm(
    name: str = "IPPhoneRegisterFailure",
    *,
    severity: Severity = Severity.CRITICAL,
    source: str = "IPPhone#1/00908f4867af",
    description: str = "SIP registration failed",
    event_type: EventType = EventType.COMMUNICATIONS,
    probable_cause: int = 5,
    additional_info: tuple[str, ...] = ("pbx-a refused it",),
    device: str | None = "00908f4867af",
    tenant: str = "acme",
) -> Alarm:
    """An alarm of one phone of acme's."""
    return Alarm(
        id=f"{source}/{name}/{probable_cause}",
        sequence=7,
        name=name,
        source=source,
        device=None if device is None else Mac(device),
        tenant=tenant,
        severity=severity,
        description=description,
        event_type=event_type,
        probable_cause=probable_cause,
        additional_info=additional_info,
        raised_at=WEDNESDAY,
        updated_at=WEDNESDAY,
    )


def a_notification(
    sequence: int = 7, *, alarm: Alarm | None = None, at: float = WEDNESDAY, device_ip: str = "10.1.2.7"
) -> Notification:
    """What is told of that alarm."""
    return Notification(sequence, at, alarm or an_alarm(), device_ip)
