"""Conversations about alarms: a playbook that knows what receivers were told and what the disk has, and can restart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from daemon.config.settings import Settings
from daemon.fleet.acts import ShelfOpened
from daemon.fleet.commands import Answer, Command
from daemon.fleet.events import AlertsHeard
from daemon.fleet.fleet import Fleet
from daemon.fleet.model import DeviceRecord, Mac
from daemon.fleet.notifications import Alarm, Notification, Occasion, PastAlarm, Severity, Shelf, Telling
from daemon.fleet.records import Snapshot
from daemon.fleet.store_commands import (
    DropAlarm,
    DropShelf,
    Notify,
    RecordAlarm,
    SaveAlarm,
    SaveMark,
    SaveShelf,
)
from tests.support.builders import MAC, NOW, alert, binding, record, settings
from tests.support.playbook import Playbook

SOURCE = "10.1.2.7"


def phones(count: int, **fields: Any) -> list[DeviceRecord]:
    """So many phones of acme's headquarters, with numbers from 3000 on."""
    return [record(mac_of(index), number=str(3000 + index), **{"site": "hq", **fields}) for index in range(count)]


def mac_of(index: int) -> Mac:
    """The MAC of one of them."""
    return Mac(f"00908f{0xA00000 + index:06x}")


def hurried(**alarms: Any) -> Settings:
    """The defaults, with these settings of alarms; they are quick to see."""
    return settings(alarms=alarms)


class AlarmPlay(Playbook):
    """A fleet whose store is the list of its orders."""

    def tells(self, severity: Severity, mac: Mac = MAC, **fields: Any) -> list[Command]:
        """A phone sends an alarm, or with CLEARED the end of one."""
        return self.hears(AlertsHeard(mac, (alert(severity=severity, **fields),), SOURCE, with_secret=False))

    def shelve(self, seconds: float, *, after: float = 0.0, **what: str) -> int:
        """An operator shelves alarms from now (or later) on for so long; the shelf's id."""
        said = {"tenant": "", "site": "", "device": "", "source": "", "name": "", **what}
        starts_at = self.now + after
        answers = self.hears(
            ShelfOpened(**said, starts_at=starts_at, ends_at=starts_at + seconds, reason="works", by="ops")
        )
        return next(order.shelf for order in answers if isinstance(order, Answer))

    def pass_time(self, seconds: float) -> None:
        """Let time pass from now on."""
        self.run_to(self.now - NOW + seconds)

    def everybody_answers(self, count: int) -> None:
        """The first `count` phones register and answer pings."""
        for index in range(count):
            self.answers[mac_of(index)] = 0.02
            self.registers(mac_of(index))
        self.pass_time(61)

    def registers(self, mac: Mac = MAC, domain: str = "pbx-a.example.net", expires: float = 1e9) -> None:
        """A phone registers from an address of its own."""
        super().registers(mac, domain, expires)
        device = self.device(mac)
        port = 1024 + int(mac[-3:], 16)
        self.fleet.roster.move(device, binding(port).contact)

    def silence(self, macs: Iterable[Mac]) -> None:
        """These answer no ping any more."""
        for mac in macs:
            self.answers.pop(mac, None)

    def alarm(self, name: str, mac: Mac | None = None) -> Alarm:
        """The active alarm of that name, of that device or of none."""
        (found,) = [each for each in self.fleet.alarms.values() if each.name == name and each.device == mac]
        return found

    def tellings(self, name: str) -> list[Telling]:
        """Of the active alarms of that name, in the order of their raise."""
        return [alarm.telling for alarm in self.fleet.alarms.values() if alarm.name == name]

    def history(self) -> list[tuple[str, str]]:
        """What is over: name and reason."""
        return [(past.alarm.name, past.reason) for past in self.recorded()]

    def recorded(self) -> list[PastAlarm]:
        """The whole history."""
        return [order.past for order in self.of(RecordAlarm)]

    def notifications(self) -> list[Notification]:
        """What receivers were told, in order."""
        return [order.notification for order in self.of(Notify)]

    def reasons(self) -> set[str]:
        """Why alarms moved."""
        return {decided.reason for decided in self.decisions() if decided.rule == "alarm"}

    def restart(self, away: float = 0.0) -> None:
        """The daemon ends here, and starts again some seconds later with what was kept."""
        roster, parts = self.fleet.roster, self.fleet.parts
        alarms, shelves = self.on_disk()
        snapshot = Snapshot(
            tenants=tuple(roster.tenants.values()),
            servers=tuple(roster.servers.values()),
            records=tuple(device.record for device in roster.devices()),
            states=tuple(device.state() for device in roster.devices()),
            alarms=tuple(alarms.values()),
            shelves=tuple(shelves.values()),
            alarms_recorded=max((past.id for past in self.recorded()), default=0),
            marks={order.name: order.value for order in self.of(SaveMark)},
        )
        self.now += away
        self.fleet = Fleet(parts.settings, snapshot, self.now)

    def on_disk(self) -> tuple[dict[str, Alarm], dict[int, Shelf]]:
        """The alarms and shelves that the orders so far have kept."""
        alarms, shelves = dict[str, Alarm](), dict[int, Shelf]()
        for order in self.orders:
            match order:
                case SaveAlarm(alarm):
                    alarms[alarm.id] = alarm
                case DropAlarm(key):
                    del alarms[key]
                case SaveShelf(shelf):
                    shelves[shelf.id] = shelf
                case DropShelf(number):
                    del shelves[number]
                case _:
                    pass
        return alarms, shelves

    def receivers_know(self) -> dict[str, Alarm]:
        """What a receiver that keeps a list of active alarms has on it."""
        listed: dict[str, Alarm] = {}
        for told in self.notifications():
            if told.occasion is Occasion.CLEARED:
                del listed[told.alarm.id]
            else:
                assert (told.alarm.id in listed) == (told.occasion is Occasion.CHANGED)
                listed[told.alarm.id] = told.alarm
        return listed
