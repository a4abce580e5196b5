"""Who hears of an alarm now and who later: carries the table of `telling` out, by shelves, sites, holds and storm.

What stands in an alarm's way is asked anew whenever it may have changed, never remembered: so an alarm whose shelf or
site moved is put on a list, and looked at again with a few hundred others in a step. Not here: the table (`telling`),
what raises an alarm and what ends it (`book`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from daemon.config.alarm_settings import Alarms
from daemon.fleet.alarms.catalogue import VANISHING
from daemon.fleet.alarms.ledger import Ledger
from daemon.fleet.alarms.shelves import ShelfBook
from daemon.fleet.alarms.sites import SiteBook
from daemon.fleet.alarms.storm import Storm
from daemon.fleet.alarms.telling import Cue, destination
from daemon.fleet.commands import Command, Decided
from daemon.fleet.notifications import Alarm, Telling
from daemon.scheduler.deadlines import Deadlines

# Alarms that one step moves. Each takes 17 µs (30,000 that were put on a shelf), and a step is to be over in 20 ms with
# all that it causes and the look at a site.
STEP = 300


class Teller:
    """The alarms that wait for something: a time, a turn, or another look."""

    def __init__(self, ledger: Ledger, shelves: ShelfBook, sites: SiteBook, settings: Alarms, now: float) -> None:
        self.settings = settings
        self.storm = Storm(settings)
        self.holds: Deadlines[str] = Deadlines()
        self._ledger = ledger
        self._shelves = shelves
        self._sites = sites
        self._unsettled: dict[str, None] = {}
        self._unsettled_at = math.inf
        for alarm in sorted(ledger.active.values(), key=lambda alarm: alarm.raised_at):
            self._wait(alarm, now + settings.hold_down, now)
        self.reconsider(ledger.active, now)

    def next_deadline(self) -> float:
        """When somebody's time, turn or look has come."""
        return min(self.holds.next_deadline(), self.storm.next_deadline(), self._unsettled_at)

    def expire(self, now: float) -> list[Command]:
        """Tell of those whose time or turn has come, and look at some of the unsettled."""
        orders: list[Command] = []
        held = self.holds.expire(now, STEP)
        for alarm_id in held:
            orders += self._advance(self._ledger.active[alarm_id], Cue.HELD_LONG_ENOUGH, now)
        turns = self.storm.turns(now, STEP - len(held))
        for alarm_id in turns:
            orders += self._advance(self._ledger.active[alarm_id], Cue.ITS_TURN, now)
        for alarm_id in list(islice(self._unsettled, STEP - len(held) - len(turns))):
            del self._unsettled[alarm_id]
            orders += self._settle(self._ledger.active[alarm_id], now)
        self._unsettled_at = now if self._unsettled else math.inf
        return orders

    def begin(self, alarm: Alarm, now: float) -> list[Command]:
        """A new alarm, HELD like each: told at once unless something stands in its way."""
        held_until = self._held_until(alarm)
        if held_until <= now or self._gate(alarm, now):
            return self._advance(alarm, Cue.RAISED, now)
        self.holds.set(alarm.id, held_until)
        return [*self._ledger.keep(alarm), Decided("alarm", "held down", alarm.device)]

    def changed(self, alarm: Alarm, now: float) -> list[Command]:
        """An alarm became better or worse, or says something else; it is told if it is one that receivers follow."""
        alarm = replace(alarm, changed=alarm.known)
        if alarm.telling is Telling.TOLD:
            return self._advance(alarm, Cue.CHANGED, now)
        return [*self._ledger.keep(alarm), Decided("alarm", f"changed while {alarm.telling}", alarm.device)]

    def reconsider(self, alarm_ids: Iterable[str], now: float) -> None:
        """What stood in the way of these may be gone, or something may stand there now."""
        self._unsettled.update(dict.fromkeys(alarm_ids))
        if self._unsettled:
            self._unsettled_at = min(self._unsettled_at, now)

    def leave(self, alarm: Alarm) -> None:
        """It ended, or is moved: it waits for nothing any more."""
        self.holds.cancel(alarm.id)
        self.storm.leave(alarm.id)
        self._unsettled.pop(alarm.id, None)

    def _settle(self, alarm: Alarm, now: float) -> list[Command]:
        """Look again at what stands in its way."""
        gate = self._gate(alarm, now)
        if alarm.telling is Telling.SHELVED and gate is not Cue.SHELVED:
            young = not gate and not alarm.known and self._held_until(alarm) > now
            return self._advance(alarm, Cue.YOUNG if young else Cue.UNSHELVED, now)
        if alarm.telling is Telling.FOLDED and self._sites.down(alarm.site) != alarm.parent:
            return self._move(alarm, gate or Cue.SITE_BACK, now)
        return self._move(alarm, gate, now) if gate and destination(alarm.telling, gate) is not alarm.telling else []

    def _advance(self, alarm: Alarm, cue: Cue, now: float) -> list[Command]:
        """Let an alarm through as far as the gates allow."""
        cue = self._gate(alarm, now) or cue
        told = destination(alarm.telling, cue) is Telling.TOLD and _owed(alarm)
        if told and alarm.device and cue is not Cue.ITS_TURN and not self.storm.admits(now):
            cue = Cue.TOO_MANY
        return self._move(alarm, cue, now)

    def _gate(self, alarm: Alarm, now: float) -> Cue | None:
        """The shelf or the site that stands in its way."""
        if self._shelves.shelved(alarm, now):
            return Cue.SHELVED
        folds = not alarm.known and alarm.name in VANISHING
        return Cue.SITE_DOWN if folds and self._sites.down(alarm.site) else None

    def _move(self, alarm: Alarm, cue: Cue, now: float) -> list[Command]:
        """Take the step that `cue` means, and say so."""
        telling = destination(alarm.telling, cue)
        parent = self._sites.down(alarm.site) if telling is Telling.FOLDED else ""
        moved = replace(alarm, telling=telling, parent=parent)
        self.leave(alarm)
        self._wait(moved, now + self.settings.site.grace if cue is Cue.SITE_BACK else self._held_until(alarm), now)
        told = telling is Telling.TOLD and _owed(alarm)
        orders = self._ledger.tell(moved, now) if told else self._ledger.keep(moved)
        return [*orders, Decided("alarm", cue, alarm.device)]

    def _wait(self, alarm: Alarm, held_until: float, now: float) -> None:
        if alarm.telling is Telling.HELD:
            self.holds.set(alarm.id, held_until)
        elif alarm.telling is Telling.QUEUED:
            self.storm.queue(alarm.id, now)

    def _held_until(self, alarm: Alarm) -> float:
        """The end of the hold-down, which only those have that vanish."""
        return alarm.raised_at + self.settings.hold_down if alarm.name in VANISHING else -math.inf


def _owed(alarm: Alarm) -> bool:
    """Whether receivers do not know it, or not as it is."""
    return alarm.changed or not alarm.known
