"""What stands in the tables of RINGKEEPER-MIB: devices, sites, active alarms, receivers. From a row to encoded values.

Not here: which rows there are and in what order (`snapshot`), which numbers names have (`mib`, `oids`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from daemon.fleet.device import Device
from daemon.fleet.model import Status
from daemon.fleet.notifications import Alarm, Severity
from daemon.snmp import mib, oids
from daemon.snmp.agent.mib_values import common_text, counter, moment, natural, numbers, octets, text, truth
from daemon.snmp.agent.snapshot import Directory, Entry, Listed, Site, Snapshot
from daemon.snmp.agent.tables import Column, Rows
from daemon.snmp.ber import Oid

Row = TypeVar("Row")
Reading = Callable[[Row], bytes | None]

_REACHABILITY, _PRESENCE, _STATUS = numbers(mib.REACHABILITY), numbers(mib.PRESENCE), numbers(mib.STATUS)
_TELLING = numbers(mib.TELLING)
_SEVERITY, _EVENT_TYPE = numbers(oids.ITU_SEVERITY), numbers(oids.IANA_EVENT_TYPE)
_CAUSE = numbers(oids.IANA_PROBABLE_CAUSE)

# Common are those that many rows share: encoded once, they cost a third.
_COMMON_DEVICE_TEXTS: Mapping[str, Callable[[Device], str]] = {
    "rkDevModel": lambda device: device.model,
    "rkDevTenant": lambda device: device.record.tenant,
    "rkDevSite": lambda device: device.record.site,
    "rkDevFirmware": lambda device: device.firmware,
    "rkDevStatusReason": lambda device: device.status_reason,
}
_DEVICE_TEXTS: Mapping[str, Callable[[Device], str]] = {
    "rkDevUser": lambda device: device.record.user,
    "rkDevNumber": lambda device: device.number,
    "rkDevAddress": lambda device: device.ip,
}
_COMMON_ALARM_TEXTS: Mapping[str, Callable[[Alarm], str]] = {
    "rkActiveName": lambda alarm: alarm.name,
    "rkActiveTenant": lambda alarm: alarm.tenant,
    "rkActiveText": lambda alarm: alarm.description,
}
_ALARM_TEXTS: Mapping[str, Callable[[Alarm], str]] = {
    "rkActiveId": lambda alarm: alarm.id,
    "rkActiveSource": lambda alarm: alarm.source,
    "rkActiveInfo": lambda alarm: "; ".join(filter(None, alarm.additional_info)),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A receiver of notifications: how many wait for it, the number it was given last, how many it lost.

    `oldest` are the seconds that the oldest of them waits, 0 if none does.
    """

    name: str
    waiting: int
    last_number: int
    dropped: int
    oldest: float


def fleet_columns(enterprise: int, listed: Listed, snapshot: Snapshot, directory: Directory) -> list[Column[Any]]:
    """The columns of devices, sites and alarms, with the rows that `listed` has."""
    return [
        *_columns(enterprise, mib.DEVICES, listed.devices, device_readings(snapshot)),
        *_columns(enterprise, mib.SITES, listed.sites, site_readings(snapshot)),
        *_columns(enterprise, mib.ALARMS, listed.alarms, alarm_readings(directory)),
    ]


def receiver_columns(enterprise: int, receivers: Callable[[], Iterable[Waiting]]) -> list[Column[Any]]:
    """The columns of receivers; they are a handful, so each read looks them up anew."""
    return _columns(enterprise, mib.RECEIVERS, _Receivers(receivers), receiver_readings())


def device_readings(snapshot: Snapshot) -> dict[str, Reading[Device]]:
    """How each column of a device is read."""
    return {
        **_texts(mib.DEVICES, text, _DEVICE_TEXTS),
        **_texts(mib.DEVICES, common_text, _COMMON_DEVICE_TEXTS),
        "rkDevReachability": lambda device: _REACHABILITY[device.reachability],
        "rkDevPresence": lambda device: _PRESENCE[device.presence],
        "rkDevStatus": lambda device: _STATUS[device.status],
        "rkDevRoundTrip": lambda device: natural(_milliseconds(device.round_trips.newest)),
        "rkDevLastSeen": lambda device: moment(device.last_seen),
        "rkDevWorstAlarm": lambda device: _SEVERITY[snapshot.worst.get(device.mac, Severity.CLEARED)],
    }


def site_readings(snapshot: Snapshot) -> dict[str, Reading[Site]]:
    """How each column of a site is read."""

    def counted(status: Status) -> Reading[Site]:
        return lambda site: natural(_counts(site).get(status, 0))

    def _counts(site: Site) -> Mapping[Status, int]:
        return snapshot.sites.get(site, {})

    return {
        "rkSiteDevices": lambda site: natural(sum(_counts(site).values())),
        "rkSiteDevicesOk": counted(Status.OK),
        "rkSiteDevicesWarning": counted(Status.WARNING),
        "rkSiteDevicesError": counted(Status.ERROR),
        "rkSiteDevicesUnmonitored": counted(Status.UNMONITORED),
        "rkSiteDown": lambda site: truth(f"{site.tenant}/{site.name}" in snapshot.down),
    }


def alarm_readings(directory: Directory) -> dict[str, Reading[Entry]]:
    """How each column of an active alarm is read; one that ended in this moment has no values."""

    def of(read: Callable[[Alarm], bytes]) -> Reading[Entry]:
        def reading(entry: Entry) -> bytes | None:
            alarm = directory.alarms.get(entry.alarm)
            return None if alarm is None else read(alarm)

        return reading

    return {
        **{name: of(read) for name, read in _texts(mib.ALARMS, text, _ALARM_TEXTS).items()},
        **{name: of(read) for name, read in _texts(mib.ALARMS, common_text, _COMMON_ALARM_TEXTS).items()},
        "rkActiveDevice": of(lambda alarm: octets(bytes.fromhex(alarm.device or ""))),
        "rkActiveSeverity": of(lambda alarm: _SEVERITY[alarm.severity]),
        "rkActiveEventType": of(lambda alarm: _EVENT_TYPE[alarm.event_type]),
        "rkActiveProbableCause": of(lambda alarm: _CAUSE.get(alarm.probable_cause, _CAUSE[0])),
        "rkActiveRaised": of(lambda alarm: moment(alarm.raised_at)),
        "rkActiveUpdated": of(lambda alarm: moment(alarm.updated_at)),
        "rkActiveTelling": of(lambda alarm: _TELLING[alarm.telling]),
        "rkActiveAcknowledged": of(lambda alarm: truth(bool(alarm.acknowledged_by))),
    }


def receiver_readings() -> dict[str, Reading[Waiting]]:
    """How each column of a receiver is read."""
    return {
        "rkReceiverWaiting": lambda receiver: natural(receiver.waiting),
        "rkReceiverLastNumber": lambda receiver: natural(receiver.last_number % 2**32),
        "rkReceiverDropped": lambda receiver: counter(receiver.dropped),
        "rkReceiverOldest": lambda receiver: natural(int(receiver.oldest)),
    }


class _Receivers(Rows[Waiting]):
    """Rows that are made anew for each question, because they are few and come and go with the settings."""

    def __init__(self, receivers: Callable[[], Iterable[Waiting]]) -> None:
        super().__init__(_receiver_index)
        self._receivers = receivers

    def find(self, suffix: Oid) -> Waiting | None:
        self._look()
        return super().find(suffix)

    def places(self, after: Oid | None, low: Oid, high: Oid | None) -> tuple[int, int]:
        self._look()
        return super().places(after, low, high)

    def _look(self) -> None:
        fitting = (each for each in self._receivers() if 0 < len(each.name.encode()) <= mib.RECEIVER_NAME_LIMIT)
        for _ in self.renew(list(fitting)):
            pass


def _receiver_index(receiver: Waiting) -> Oid:
    name = receiver.name.encode()
    return (len(name), *name)


def _columns(
    enterprise: int, table: mib.Table, rows: Rows[Row], readings: Mapping[str, Reading[Row]]
) -> list[Column[Any]]:
    return [Column(mib.column(enterprise, table, table.named(name)), rows, read) for name, read in readings.items()]


def _texts(
    table: mib.Table, encode: Callable[[str, int], bytes], texts: Mapping[str, Callable[[Row], str]]
) -> dict[str, Callable[[Row], bytes]]:
    """How texts are read: none has more octets than its column may have."""

    def reading(say: Callable[[Row], str], limit: int) -> Callable[[Row], bytes]:
        return lambda row: encode(say(row), limit)

    return {name: reading(say, table.named(name).limit) for name, say in texts.items()}


def _milliseconds(seconds: float | None) -> int:
    """A round trip, at least 1 if there was one, since 0 says that there was none."""
    return 0 if seconds is None else max(1, round(seconds * 1000))
