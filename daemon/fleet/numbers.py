"""Telephone numbers: used, cooling, available again. VOSS's number inventory as a table, driven by real presence.

A number that a device holds is Used. When the device is removed, signs out or disappears, the number cools for a
time before anybody else may have it; if the device comes back in time, it is simply used again. Releases are
deadlines, kept as dates on disk: one that fell due while we were not running is carried out at start, however old
(VOSS's nightly job looks back 20 days only). Not here: who is present (`presence`), who may be assigned what.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum

from daemon.config.durations import format_duration
from daemon.config.settings import Numbers
from daemon.fleet.commands import Command
from daemon.fleet.model import Mac, Transition
from daemon.fleet.records import NumberEntry, NumberStatus
from daemon.fleet.store_commands import AppendTransition, SaveNumber
from daemon.scheduler.deadlines import Deadlines

VENDOR = "AudioCodes"
USAGE = "Device"


class Turn(StrEnum):
    """What can happen to a number; the text is the reason an operator reads."""

    ASSIGNED = "assigned to a device"
    BACK = "its device came back within the cooling time"
    GONE = "its device is offline or deleted"
    RELEASED = "release date reached"


TABLE: dict[NumberStatus, dict[Turn, NumberStatus]] = {
    NumberStatus.AVAILABLE: {Turn.ASSIGNED: NumberStatus.USED},
    NumberStatus.RESERVED: {Turn.ASSIGNED: NumberStatus.USED},
    NumberStatus.USED: {Turn.GONE: NumberStatus.COOLING},
    NumberStatus.COOLING: {
        Turn.ASSIGNED: NumberStatus.USED,
        Turn.BACK: NumberStatus.USED,
        Turn.RELEASED: NumberStatus.AVAILABLE,
    },
}


class NumberBook:
    """All numbers by their text, and the dates on which cooling ones are released."""

    def __init__(self, entries: Iterable[NumberEntry], settings: Numbers) -> None:
        self.entries: dict[str, NumberEntry] = {entry.number: entry for entry in entries}
        self.count = Counter(entry.status for entry in self.entries.values())
        self.had_one_free = False  # since our start, as far as `number_supply` saw
        self.settings = settings
        self.releases: Deadlines[str] = Deadlines()
        for entry in self.entries.values():
            if entry.release_date is not None:
                self.releases.set(entry.number, entry.release_date)

    def define(self, entry: NumberEntry) -> list[Command]:
        """An operator lists a number; what became of it already is kept."""
        known = self.entries.get(entry.number)
        wanted = replace(known, vendor=entry.vendor or known.vendor) if known else entry
        return [] if wanted == known else self._keep(wanted)

    def assign(self, number: str, mac: Mac, now: float) -> list[Command]:
        """Give `number` to a device; a number nobody listed is listed by it."""
        entry = self.entries.get(number) or NumberEntry(number, vendor=VENDOR)
        if entry.status is NumberStatus.USED and entry.device == mac:
            return []
        used = replace(entry, usage=USAGE, vendor=entry.vendor or VENDOR, device=mac, tag="", release_date=None)
        return self._turn(used, Turn.ASSIGNED, now)

    def back(self, number: str, mac: Mac, now: float) -> list[Command]:
        """The device that bears `number` is present again: it gets it back, unless somebody else has it by now."""
        entry = self.entries.get(number)
        if entry is None or entry.device not in (None, mac):
            return []
        if entry.status is NumberStatus.COOLING:
            return self._turn(replace(entry, usage=USAGE, device=mac, tag="", release_date=None), Turn.BACK, now)
        if entry.status is NumberStatus.AVAILABLE:
            return self.assign(number, mac, now)
        return []

    def free(self, number: str) -> list[Command]:
        """Part a number from its device without rest: it moves to another device in the same act of an operator."""
        entry = self.entries[number]
        plain = replace(entry, status=NumberStatus.AVAILABLE, usage="", device=None, tag="", release_date=None)
        return self._keep(plain)

    def cool(self, number: str, mac: Mac, now: float) -> list[Command]:
        """The device that bears `number` is gone: let it rest."""
        entry = self.entries.get(number)
        if entry is None or entry.status is not NumberStatus.USED or entry.device != mac:
            return []
        duration = self._duration(entry)
        today = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
        tag = f"Registered user is either offline or deleted, release date {today} + {_spelled(duration)}"
        return self._turn(replace(entry, tag=tag, release_date=now + duration), Turn.GONE, now)

    def release(self, now: float) -> list[Command]:
        """Make every number available whose release date has come."""
        orders: list[Command] = []
        for number in self.releases.expire(now):
            entry = self.entries[number]
            orders += self._turn(replace(entry, usage="", device=None, tag="", release_date=None), Turn.RELEASED, now)
        return orders

    def _duration(self, entry: NumberEntry) -> float:
        """AudioCodes devices go offline without being deleted; hence their own, shorter cooling time."""
        ours = entry.vendor == VENDOR
        return self.settings.audiocodes_cooling_duration if ours else self.settings.cooling_duration

    def _turn(self, entry: NumberEntry, turn: Turn, now: float) -> list[Command]:
        """Move a number by the table; `entry` already has its other fields as they will be."""
        new = TABLE[entry.status].get(turn)
        if new is None:
            return []
        known = self.entries.get(entry.number)
        mac = entry.device or (known.device if known else None)
        orders = self._keep(replace(entry, status=new))
        if mac:
            reason = f"{entry.number}: {turn}"
            orders.append(AppendTransition(Transition(mac, now, "number", entry.status, new, reason)))
        return orders

    def _keep(self, entry: NumberEntry) -> list[Command]:
        if before := self.entries.get(entry.number):
            self.count[before.status] -= 1
        self.count[entry.status] += 1
        self.entries[entry.number] = entry
        if entry.release_date is None:
            self.releases.cancel(entry.number)
        else:
            self.releases.set(entry.number, entry.release_date)
        return [SaveNumber(entry)]


def _spelled(duration: float) -> str:
    """Whole days as VOSS's tag has them ("2 days"); what is no whole number of days as `36h`."""
    days, rest = divmod(duration, 86400)
    return f"{days:.0f} days" if not rest else format_duration(duration)
