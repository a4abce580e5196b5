"""Alarms, and the notifications about them that wait for a manager, to rows and back.

In the column order of `daemon.store.schema`; `x_of(x_row(x)) == x`. Pure: not here are SQL, disk and time.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from daemon.fleet.model import Mac
from daemon.fleet.notifications import Alarm, EventType, Notification, Severity
from daemon.store.rows import Row
from daemon.store.texts import compact, parsed


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A notification that one manager has not been told of yet; `id` is its row, and rises with time."""

    id: int
    manager: str
    notification: Notification


def alarm_row(alarm: Alarm) -> Row:
    """An active alarm."""
    *plain, additional_info, raised_at, updated_at = _alarm_values(alarm)
    return (*plain, compact(additional_info), raised_at, updated_at)


def alarm_of(row: Row) -> Alarm:
    """The alarm of a row."""
    *plain, additional_info, raised_at, updated_at = row
    return _alarm([*plain, parsed(additional_info), raised_at, updated_at])


def entry_row(entry: OutboxEntry) -> Row:
    """A notification for one manager."""
    told = entry.notification
    text = compact(
        {
            "sequence": told.sequence,
            "at": told.at,
            "alarm": dict(zip(_ALARM_FIELDS, _alarm_values(told.alarm), strict=True)),
            "device_ip": told.device_ip,
        }
    )
    return (entry.id, entry.manager, text)


def entry_of(row: Row) -> OutboxEntry:
    """The outbox entry of a row."""
    identity, manager, text = row
    told = parsed(text)
    alarm = _alarm([told["alarm"][name] for name in _ALARM_FIELDS])
    return OutboxEntry(identity, manager, Notification(told["sequence"], told["at"], alarm, told["device_ip"]))


_ALARM_FIELDS = tuple(field.name for field in fields(Alarm))


def _alarm_values(alarm: Alarm) -> list[Any]:
    """The fields in the order of their declaration, as JSON knows them."""
    return [
        alarm.id,
        alarm.sequence,
        alarm.name,
        alarm.source,
        alarm.device,
        alarm.tenant,
        alarm.severity.value,
        alarm.description,
        alarm.event_type.value,
        alarm.probable_cause,
        list(alarm.additional_info),
        alarm.raised_at,
        alarm.updated_at,
    ]


def _alarm(values: list[Any]) -> Alarm:
    identity, sequence, name, source, device, tenant, severity, description, event_type, cause, info, *times = values
    return Alarm(
        identity,
        sequence,
        name,
        source,
        None if device is None else Mac(device),
        tenant,
        Severity(severity),
        description,
        EventType(event_type),
        cause,
        tuple(info),
        *times,
    )
