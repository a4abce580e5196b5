"""What operators are shown of alarms, active and over: the fields of a list, and the models that OpenAPI describes.

`ALARMS` is the one place that says where a field of an active alarm comes from; its list, its filters and its page all
read it. Times are RFC 3339 text in UTC. Not here: which alarms there are (`daemon.fleet.alarms`).
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel

from daemon.fleet.alarms.advice import action_for
from daemon.fleet.device import Device
from daemon.fleet.model import Mac
from daemon.fleet.notifications import Alarm, EventType, PastAlarm, Severity, Telling
from daemon.http.operators.lists import Field, Listing, fold_mac, truth
from daemon.scheduler.timestamps import rfc3339

DeviceOf = Callable[[Mac], Device | None]


class AlarmFacts(BaseModel):
    """What every alarm has, active or over; `severity`, `peak` and `event_type` by AudioCodes' names.

    `probable_cause` is AudioCodes' number, `site` is "tenant/site", `peak` the worst it has been, `known` whether
    receivers were told of it, and `raises` how often it was raised in this life.
    """

    id: str
    source: str
    device: str | None
    tenant: str
    site: str
    name: str
    severity: str
    peak: str
    description: str
    event_type: str
    probable_cause: int
    additional_info: list[str]
    raised_at: str
    known: bool
    raises: int
    acknowledged_by: str
    acknowledged_at: str | None
    note: str


class AlarmItem(AlarmFacts):
    """An active alarm; `ip` is its device's address now, `action` what to do about it.

    `telling` says whether receivers hear of it, `parent` is the id of the site's alarm it is folded beneath, and
    `ends_at` is when it ends because its trouble is over, unless that comes back.
    """

    sequence: int
    ip: str
    updated_at: str
    telling: Telling
    parent: str
    ends_at: str | None
    action: str


class PastAlarmItem(AlarmFacts):
    """An alarm that is over: as it last was, when it ended, and why; `record` rises with time."""

    record: int
    cleared_at: str
    reason: str


class AlarmList(BaseModel):
    """A page of alarms; `next` is the cursor of the following one."""

    items: list[AlarmItem]
    next: str | None


def alarms_listing(device_of: DeviceOf) -> Listing[Alarm]:
    """How active alarms are listed; the address of an alarm is that of its device."""
    return Listing(
        key="id",
        fields={
            "id": Field(lambda alarm: alarm.id),
            "sequence": Field(lambda alarm: alarm.sequence),
            "source": Field(lambda alarm: alarm.source),
            "device": Field(lambda alarm: alarm.device, fold=fold_mac),
            "ip": Field(lambda alarm: _ip(alarm, device_of)),
            "tenant": Field(lambda alarm: alarm.tenant),
            "site": Field(lambda alarm: alarm.site),
            "name": Field(lambda alarm: alarm.name),
            "severity": Field(lambda alarm: int(alarm.severity), show=_severity),
            "peak": Field(lambda alarm: int(alarm.peak), show=_severity),
            "description": Field(lambda alarm: alarm.description),
            "event_type": Field(lambda alarm: EventType(alarm.event_type).name),
            "probable_cause": Field(lambda alarm: alarm.probable_cause),
            "raised_at": Field(lambda alarm: alarm.raised_at, show=rfc3339),
            "updated_at": Field(lambda alarm: alarm.updated_at, show=rfc3339),
            "telling": Field(lambda alarm: alarm.telling.value),
            "known": Field(lambda alarm: alarm.known, show=truth),
            "parent": Field(lambda alarm: alarm.parent),
            "raises": Field(lambda alarm: alarm.raises),
            "acknowledged_by": Field(lambda alarm: alarm.acknowledged_by),
            "acknowledged_at": Field(lambda alarm: alarm.acknowledged_at, show=rfc3339),
            "note": Field(lambda alarm: alarm.note),
            "ends_at": Field(lambda alarm: alarm.ends_at, show=rfc3339),
        },
        search=("name", "source", "description", "device", "ip"),
    )


def _severity(number: int) -> str:
    return Severity(number).name


def _ip(alarm: Alarm, device_of: DeviceOf) -> str:
    device = device_of(alarm.device) if alarm.device else None
    return device.ip if device else ""


# For whoever asks for no address.
ALARMS = alarms_listing(lambda _mac: None)


def alarm_item(alarm: Alarm, device_of: DeviceOf) -> AlarmItem:
    """An active alarm as lists show it."""
    return AlarmItem(
        **alarm_facts(alarm).model_dump(),
        sequence=alarm.sequence,
        ip=_ip(alarm, device_of),
        updated_at=rfc3339(alarm.updated_at),
        telling=alarm.telling,
        parent=alarm.parent,
        ends_at=None if alarm.ends_at is None else rfc3339(alarm.ends_at),
        action=action_for(alarm.name),
    )


def past_alarm_item(past: PastAlarm) -> PastAlarmItem:
    """An alarm of the history as it is shown."""
    return PastAlarmItem(
        **alarm_facts(past.alarm).model_dump(),
        record=past.id,
        cleared_at=rfc3339(past.cleared_at),
        reason=past.reason,
    )


def alarm_facts(alarm: Alarm) -> AlarmFacts:
    """What is shown of any alarm."""
    return AlarmFacts(
        id=alarm.id,
        source=alarm.source,
        device=alarm.device,
        tenant=alarm.tenant,
        site=alarm.site,
        name=alarm.name,
        severity=alarm.severity.name,
        peak=max(alarm.peak, alarm.severity).name,
        description=alarm.description,
        event_type=EventType(alarm.event_type).name,
        probable_cause=alarm.probable_cause,
        additional_info=list(alarm.additional_info),
        raised_at=rfc3339(alarm.raised_at),
        known=alarm.known,
        raises=alarm.raises,
        acknowledged_by=alarm.acknowledged_by,
        acknowledged_at=None if alarm.acknowledged_at is None else rfc3339(alarm.acknowledged_at),
        note=alarm.note,
    )
