"""The alarm book: which alarms are active, and the gapless numbering of what managers are told.

An alarm's identity is its source, name, event type and probable cause (X.733); raising it again renews its time and
is told again only if its severity or text changed, and a clear is told only if there was something to clear. A
notification takes the next sequence number in the very step that creates it, so numbers have no gaps whoever
listens. Not here: what kinds of alarm there are (`catalogue`), when a device is in trouble (`reachability`,
`presence`), object identifiers, sockets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from daemon.fleet.alarms.catalogue import ECHOES, Kind
from daemon.fleet.alarms.trouble import Trouble
from daemon.fleet.commands import Command, Decided
from daemon.fleet.device import Device
from daemon.fleet.model import Mac
from daemon.fleet.notifications import Alarm, Notification, Severity
from daemon.fleet.store_commands import DropAlarm, Notify, SaveAlarm, SaveMark

SEQUENCE = "notification_sequence"

# A broken phone may invent alarms; a good one has nine kinds. More than this per phone is noise.
ALARMS_PER_DEVICE = 20


class AlarmBook:
    """Active alarms by id, and the sequence of notifications."""

    def __init__(self, alarms: Iterable[Alarm], sequence: int) -> None:
        self.active: dict[str, Alarm] = {alarm.id: alarm for alarm in alarms}
        self.sequence = sequence
        self._of_device: dict[Mac, dict[str, Alarm]] = {}
        for alarm in self.active.values():
            self._index(alarm)

    def of(self, mac: Mac) -> tuple[Alarm, ...]:
        """The active alarms of a device."""
        return tuple(self._of_device.get(mac, {}).values())

    def worst(self, mac: Mac) -> tuple[Severity, str]:
        """Severity and name of a device's worst alarm, echoes of its own state left out."""
        own = [alarm for alarm in self._of_device.get(mac, {}).values() if alarm.name not in ECHOES]
        worst = max(own, key=lambda alarm: alarm.severity, default=None)
        return (worst.severity, worst.name) if worst else (Severity.CLEARED, "")

    def report(
        self, trouble: Trouble, device: Device | None, source: str, now: float, tenant: str = ""
    ) -> list[Command]:
        """Raise, change, renew or clear, by the trouble's severity and what is active already.

        `tenant` is whose it is when there is no device to say so.
        """
        if trouble.severity is Severity.CLEARED:
            return self.clear(trouble.identity(source), now, device)
        known = self.active.get(trouble.identity(source))
        if known is None and device and len(self._of_device.get(device.mac, {})) >= ALARMS_PER_DEVICE:
            return [Decided("alarm", "refused: too many alarms of one device", device.mac)]
        alarm = self._alarm(trouble, device, source, known, now, tenant=tenant)
        if known and (known.severity, known.description) == (alarm.severity, alarm.description):
            self._index(alarm)
            return [SaveAlarm(alarm), Decided("alarm", "renewed", alarm.device)]
        return self._tell(alarm, "changed" if known else "raised", device, now)

    def clear(self, alarm_id: str, now: float, device: Device | None) -> list[Command]:
        """End an alarm and say so; a clear without an alarm changes nothing."""
        alarm = self.active.pop(alarm_id, None)
        if alarm is None:
            return [Decided("alarm", "clear of an alarm that is not active", device.mac if device else None)]
        if alarm.device:
            self._of_device[alarm.device].pop(alarm_id)
        over = replace(alarm, severity=Severity.CLEARED, updated_at=now)
        return [DropAlarm(alarm_id), *self._notify(over, device, now), Decided("alarm", "cleared", alarm.device)]

    def clear_kinds(self, kinds: Iterable[Kind], device: Device, source: str, now: float) -> list[Command]:
        """End those of `kinds` that are active at `source`."""
        if not self._of_device.get(device.mac):  # nearly always, and making the ids takes 4 µs
            return []
        ids = (Trouble.of(kind).identity(source) for kind in kinds)
        return [order for id_ in ids if id_ in self.active for order in self.clear(id_, now, device)]

    def forget(self, device: Device, now: float) -> list[Command]:
        """A device is no more: its alarms end, and managers are told."""
        return [order for alarm in self.of(device.mac) for order in self.clear(alarm.id, now, device)]

    def _alarm(
        self, trouble: Trouble, device: Device | None, source: str, known: Alarm | None, now: float, *, tenant: str
    ) -> Alarm:
        return Alarm(
            id=trouble.identity(source),
            sequence=known.sequence if known else 0,
            name=trouble.name,
            source=source,
            device=device.mac if device else None,
            tenant=device.record.tenant if device else tenant,
            severity=trouble.severity,
            description=trouble.text,
            event_type=trouble.event_type,
            probable_cause=trouble.probable_cause,
            additional_info=trouble.info,
            raised_at=known.raised_at if known else now,
            updated_at=now,
        )

    def _tell(self, alarm: Alarm, reason: str, device: Device | None, now: float) -> list[Command]:
        told = replace(alarm, sequence=self.sequence + 1)
        self._index(told)
        return [SaveAlarm(told), *self._notify(told, device, now), Decided("alarm", reason, alarm.device)]

    def _notify(self, alarm: Alarm, device: Device | None, now: float) -> list[Command]:
        self.sequence += 1
        told = replace(alarm, sequence=self.sequence)
        address = device.ip if device else ""
        return [Notify(Notification(self.sequence, now, told, address)), SaveMark(SEQUENCE, self.sequence)]

    def _index(self, alarm: Alarm) -> None:
        self.active[alarm.id] = alarm
        if alarm.device:
            self._of_device.setdefault(alarm.device, {})[alarm.id] = alarm
