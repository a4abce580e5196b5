"""Alarms, their history, shelves, and the notifications for receivers, to rows and back.

In the column order of `daemon.store.schema`; `x_of(x_row(x)) == x`. Pure: not here are SQL, disk and time.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import Any

from daemon.fleet.model import Mac
from daemon.fleet.notifications import (
    Alarm,
    End,
    EventType,
    Notification,
    Occasion,
    PastAlarm,
    Severity,
    Shelf,
    Telling,
    Told,
)
from daemon.store.rows import Row
from daemon.store.texts import compact, parsed


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A notification for one receiver; `id` is its row, and rises with time, `number` counts what this receiver got.

    `again_at`: when an operator asked for it to be sent again.
    """

    id: int
    receiver: str
    number: int
    notification: Notification
    again_at: float | None = None

    @property
    def since(self) -> float:
        """Since when it waits."""
        return self.notification.at if self.again_at is None else self.again_at


def alarm_row(alarm: Alarm) -> Row:
    """An active alarm."""
    values = _alarm_values(alarm)
    values[_INFO] = compact(values[_INFO])
    return tuple(values)


def alarm_of(row: Row) -> Alarm:
    """The alarm of a row."""
    values = list(row)
    values[_INFO] = parsed(values[_INFO])
    return _alarm(values)


def past_row(past: PastAlarm) -> Row:
    """An alarm that is over."""
    return (past.id, *alarm_row(past.alarm), past.cleared_at, past.reason)


def past_of(row: Row) -> PastAlarm:
    """The alarm of a row of the history."""
    identity, *alarm, cleared_at, reason = row
    return PastAlarm(identity, alarm_of(tuple(alarm)), cleared_at, reason)


def shelf_row(shelf: Shelf) -> Row:
    """A shelf."""
    return astuple(shelf)


def shelf_of(row: Row) -> Shelf:
    """The shelf of a row."""
    return Shelf(*row)


def entry_row(entry: OutboxEntry) -> Row:
    """A notification that waits for its receiver."""
    told = entry.notification
    text = compact(
        {
            "sequence": told.sequence,
            "at": told.at,
            "alarm": _alarm_values(told.alarm),
            "device_ip": told.device_ip,
            "occasion": told.occasion.value,
        }
    )
    return (entry.id, entry.receiver, entry.number, told.at, text, entry.again_at, None, "")


def entry_of(row: Row) -> OutboxEntry:
    """The entry of a row, whether it still waits or not."""
    identity, receiver, number, _, text, again_at, *_ = row
    return OutboxEntry(identity, receiver, number, _notification(text), again_at)


def told_of(row: Row) -> Told:
    """What the journal says of a row."""
    *_, left_at, end = row
    entry = entry_of(row)
    return Told(entry.id, entry.number, entry.notification, left_at, End(end) if end else None)


def _notification(text: str) -> Notification:
    """Also of a text that 0.3.0 wrote: there an alarm was an object, with fewer fields, and no occasion."""
    told = parsed(text)
    known = told["alarm"]
    alarm = _alarm([known[name] for name in _ALARM_FIELDS if name in known] if isinstance(known, dict) else known)
    usual = Occasion.CLEARED if alarm.severity is Severity.CLEARED else Occasion.RAISED
    return Notification(told["sequence"], told["at"], alarm, told["device_ip"], Occasion(told.get("occasion", usual)))


_ALARM_FIELDS = tuple(field.name for field in fields(Alarm))
_INFO = _ALARM_FIELDS.index("additional_info")
_SEVERITY = _ALARM_FIELDS.index("severity")
_PEAK = _ALARM_FIELDS.index("peak")
_DEFAULTS = [field.default for field in fields(Alarm)]


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
        alarm.site,
        alarm.telling.value,
        alarm.known,
        alarm.peak.value,
        alarm.parent,
        alarm.raises,
        alarm.acknowledged_by,
        alarm.acknowledged_at,
        alarm.note,
        alarm.changed,
        alarm.ends_at,
    ]


def _alarm(values: list[Any]) -> Alarm:
    """The alarm of these values, of which the newer ones may be missing."""
    if len(values) <= _PEAK:
        values = [*values, *_DEFAULTS[len(values) : _PEAK], values[_SEVERITY]]
    values = [*values, *_DEFAULTS[len(values) :]]
    identity, sequence, name, source, device, tenant, severity, description, event_type, cause, info, *others = values
    raised_at, updated_at, site, telling, known, peak, parent, raises, by, seen_at, note, changed, ends_at = others
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
        raised_at,
        updated_at,
        site,
        Telling(telling),
        bool(known),
        Severity(peak),
        parent,
        raises,
        by,
        seen_at,
        note,
        bool(changed),
        ends_at,
    )
