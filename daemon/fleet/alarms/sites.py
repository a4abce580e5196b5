"""When the phones that vanish at a site are one alarm of the site: the count that decides it, and when it is over.

A phone is *there* if it answers pings, or if it was heard within the window; it is *away* if it has an alarm that it
vanished and answers no ping. Those that were away before the window began count neither way, and neither do those
that nobody pings and that had nothing to report: of both nothing can be said within the window. A site is down when
more than `share` of those that had been there, and `minimum` at least, went away within `window`. It is back when at
most `back` of them is still away.

A vanish only asks for a look, which comes later and once for all that vanish meanwhile: a second later if so many did
that it may decide something, else with more patience. One site is looked at in a step. Probing goes on throughout, and
who returns is told of at once if receivers knew. Not here: what becomes of the phones' alarms (`telling`, `book`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from daemon.config.alarm_settings import SiteAlarm
from daemon.config.durations import format_duration
from daemon.fleet.alarms.catalogue import SITE_DOWN, VANISHING
from daemon.fleet.alarms.ledger import Ledger
from daemon.fleet.alarms.trouble import Trouble
from daemon.fleet.device import Device
from daemon.fleet.notifications import Alarm
from daemon.fleet.reachability import ALIVE
from daemon.fleet.roster import Roster
from daemon.scheduler.deadlines import Deadlines

# Seconds from a vanish or a return to the look at its site, no more than one pass over its phones in that time: when
# it may decide something, and when only phones that leave without an alarm could make it do so.
PAUSE, PATIENCE = 1.0, 10.0
# Seconds between looks at a site that is down, whether or not somebody returns: phones may be moved, too.
RECHECK = 60.0


@dataclass(frozen=True, slots=True)
class Fall:
    """A site went down: what is raised, and the alarms that may be folded beneath it."""

    source: str
    tenant: str
    trouble: Trouble
    children: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Census:
    """Of a site's phones: how many are there, and the alarms of those that went away since."""

    there: int
    away: tuple[tuple[Alarm, ...], ...]

    @property
    def total(self) -> int:
        """All that count."""
        return self.there + len(self.away)

    def share_away(self) -> float:
        """Of all that count; nobody is away from a site without phones."""
        return len(self.away) / max(1, self.total)


def source_of(place: str) -> str:
    """What the alarm of a site ("tenant/site") names as its source."""
    return f"Site/{place}"


class SiteBook:
    """Which sites are to be looked at, and when the phones began to vanish of those that are down."""

    def __init__(self, ledger: Ledger, roster: Roster, settings: SiteAlarm, now: float) -> None:
        self.settings = settings
        self.looks: Deadlines[str] = Deadlines()
        self._ledger = ledger
        self._roster = roster
        self._since: dict[str, float] = {}
        self._missing: dict[str, int] = {}  # how many vanish or return until a look can decide something
        self._ids: dict[str, str] = {}
        for alarm in ledger.active.values():
            if alarm.name == SITE_DOWN.name:
                self.looks.set(alarm.site, now + PAUSE)

    def alarm_id(self, place: str) -> str:
        """The id of the alarm of that site, active or not."""
        return self._ids.get(place) or self._ids.setdefault(place, Trouble.of(SITE_DOWN).identity(source_of(place)))

    def down(self, place: str) -> str:
        """The id of the alarm that the site is down, "" if it is not, or is back and its alarm is only about to end."""
        alarm = self._ledger.active.get(self.alarm_id(place)) if place else None
        return alarm.id if alarm is not None and alarm.ends_at is None else ""

    def vanished(self, alarm: Alarm, now: float) -> None:
        """A phone's alarm was raised: is its whole site gone?"""
        if alarm.name in VANISHING and alarm.site and not self.down(alarm.site):
            self._ask(alarm.site, now)

    def returned(self, alarm: Alarm, now: float) -> None:
        """A phone's alarm is over: is its whole site back?"""
        if alarm.name in VANISHING and self.down(alarm.site):
            self._ask(alarm.site, now)

    def fallen(self, place: str, now: float) -> Fall | None:
        """Look at a site that is not down: the fall if it is."""
        counted = self._count(place, now - self.settings.window)
        if len(counted.away) < self.settings.minimum or counted.share_away() <= self.settings.share:
            too_many = max(self.settings.minimum, int(self.settings.share * counted.total) + 1)
            self._missing[place] = too_many - len(counted.away)
            return None
        times = [min(alarm.updated_at for alarm in alarms) for alarms in counted.away]
        self._since[place] = min(times)
        self._missing[place] = self._until_back(counted)
        self.looks.set(place, now + RECHECK)
        took = format_duration(float(round(max(times) - min(times))))
        trouble = Trouble.of(SITE_DOWN, f"{len(counted.away)} of {counted.total} phones in {took}")
        children = tuple(alarm.id for alarms in counted.away for alarm in alarms)
        return Fall(source_of(place), place.partition("/")[0], trouble, children)

    def back(self, place: str, now: float) -> bool:
        """Look at a site that is down: whether it is back."""
        alarm = self._ledger.active[self.alarm_id(place)]
        since = self._since.get(place, alarm.raised_at - self.settings.window)
        counted = self._count(place, since)
        if counted.share_away() > self.settings.back:
            self._missing[place] = self._until_back(counted)
            self.looks.set(place, now + RECHECK)
            return False
        self._since.pop(place, None)
        self._missing.pop(place, None)
        return True

    def _until_back(self, counted: Census) -> int:
        return len(counted.away) - int(self.settings.back * counted.total)

    def _count(self, place: str, since: float) -> Census:
        there, away = 0, list[tuple[Alarm, ...]]()
        for device in self._roster.at(place):
            if device.reachability in ALIVE:
                there += 1
            elif alarms := tuple(self._vanishing(device)):
                # When it was raised last; that of a phone that flaps may be older.
                if min(alarm.updated_at for alarm in alarms) >= since:
                    away.append(alarms)
            elif device.last_seen is not None and device.last_seen >= since:
                there += 1
        return Census(there, tuple(away))

    def _vanishing(self, device: Device) -> Iterator[Alarm]:
        """The alarms that it vanished, but for those whose trouble is over."""
        alarms = self._ledger.of(device.mac).values()
        return (alarm for alarm in alarms if alarm.name in VANISHING and alarm.ends_at is None)

    def _ask(self, place: str, now: float) -> None:
        left = self._missing[place] = self._missing.get(place, 1) - 1
        at, planned = now + (PAUSE if left <= 0 else PATIENCE), self.looks.get(place)
        if planned is None or planned > at:
            self.looks.set(place, at)
