"""The ledger of alarms: which are active, what receivers were told and by which number, and what is over.

The only place where an alarm is kept, told of or closed, each as one set of orders, so memory and disk cannot part. A
notification takes the next sequence number in the very step that creates it, so numbers have no gaps whoever listens.
Not here: whether an alarm is to be told of (`book`), receivers' own queues (`daemon.store.outbox`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from daemon.fleet.commands import Command
from daemon.fleet.device import Device
from daemon.fleet.model import Mac
from daemon.fleet.notifications import Alarm, Notification, Occasion, PastAlarm, Severity, Telling
from daemon.fleet.store_commands import DropAlarm, Notify, RecordAlarm, SaveAlarm, SaveMark

SEQUENCE = "notification_sequence"
_NONE: Mapping[str, Alarm] = {}


class Ledger:
    """Active alarms by id, by device and by the site's alarm they are folded beneath; and the two numberings."""

    def __init__(
        self, alarms: Iterable[Alarm], sequence: int, recorded: int, device_of: Callable[[Mac], Device | None]
    ) -> None:
        self.active: dict[str, Alarm] = {}
        self.sequence = sequence
        self.recorded = recorded
        self._device_of = device_of
        self._of_device: dict[Mac, dict[str, Alarm]] = {}
        self._beneath: dict[str, dict[str, None]] = {}
        for alarm in alarms:
            self.note(alarm)

    def of(self, mac: Mac) -> Mapping[str, Alarm]:
        """The active alarms of a device, by id."""
        return self._of_device.get(mac, _NONE)

    def beneath(self, parent: str) -> list[str]:
        """The ids of the alarms that are folded beneath this one."""
        return list(self._beneath.get(parent, ()))

    def note(self, alarm: Alarm) -> None:
        """This is how the alarm is now."""
        before = self.active.get(alarm.id)
        if before is not None and before.parent != alarm.parent:
            self._unfold(before)
        self.active[alarm.id] = alarm
        if alarm.device:
            self._of_device.setdefault(alarm.device, {})[alarm.id] = alarm
        if alarm.parent:
            self._beneath.setdefault(alarm.parent, {})[alarm.id] = None

    def keep(self, alarm: Alarm) -> list[Command]:
        """Keep an alarm, new or changed, without a word to anybody."""
        self.note(alarm)
        return [SaveAlarm(alarm)]

    def tell(self, alarm: Alarm, now: float) -> list[Command]:
        """Tell receivers of an alarm, or what they do not know of it yet, and keep that they were told."""
        occasion = Occasion.CHANGED if alarm.known else Occasion.RAISED
        told = replace(alarm, telling=Telling.TOLD, known=True, changed=False, parent="", sequence=self.sequence + 1)
        return [*self.keep(told), *self._notify(told, occasion, now)]

    def close(self, alarm: Alarm, reason: str, now: float) -> list[Command]:
        """An alarm is over: it goes into the history, and whoever was told of it is told of that."""
        del self.active[alarm.id]
        self._unfold(alarm)
        if alarm.device:
            left = self._of_device[alarm.device]
            del left[alarm.id]
            if not left:
                del self._of_device[alarm.device]
        self.recorded += 1
        orders: list[Command] = [DropAlarm(alarm.id), RecordAlarm(PastAlarm(self.recorded, alarm, now, reason))]
        if not alarm.known:
            return orders
        over = replace(alarm, severity=Severity.CLEARED, updated_at=now, sequence=self.sequence + 1)
        return [*orders, *self._notify(over, Occasion.CLEARED, now)]

    def _notify(self, told: Alarm, occasion: Occasion, now: float) -> list[Command]:
        self.sequence = told.sequence
        device = self._device_of(told.device) if told.device else None
        notification = Notification(self.sequence, now, told, device.ip if device else "", occasion)
        return [Notify(notification), SaveMark(SEQUENCE, self.sequence)]

    def _unfold(self, alarm: Alarm) -> None:
        children = self._beneath.get(alarm.parent)
        if children is not None:
            children.pop(alarm.id, None)
            if not children:
                del self._beneath[alarm.parent]
