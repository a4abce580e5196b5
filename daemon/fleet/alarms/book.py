"""The alarm book: what raises an alarm, changes, renews and ends it, and what is active.

An alarm's identity is its source, name, event type and probable cause (X.733); raising it again renews its time and
is told again only if its severity or text changed, and a clear is told only to whom the alarm was told. An end may
have to wait: for `alarms.clear_delay`, or until an alarm that flaps has been quiet. It is one deadline on the alarm,
recorded with it, that a new raise takes back. Every decision names its reason, and every alarm that ends is history.

Not here: what kinds of alarm there are (`catalogue`), when a device is in trouble (`reachability`, `presence`), who
hears of an alarm and when (`teller`), object identifiers, sockets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from daemon.config.alarm_settings import Alarms
from daemon.config.block import HOUR
from daemon.fleet.alarms.catalogue import ALARM_STORM, ALARM_TABLE_OVERFLOW, ECHOES, SITE_DOWN, VANISHING
from daemon.fleet.alarms.flapping import Flapping
from daemon.fleet.alarms.kind import Kind
from daemon.fleet.alarms.ledger import SEQUENCE, Ledger
from daemon.fleet.alarms.phone_kinds import WEB_LOGIN_FAILURE
from daemon.fleet.alarms.shelves import ShelfBook
from daemon.fleet.alarms.sites import SiteBook
from daemon.fleet.alarms.teller import STEP, Teller
from daemon.fleet.alarms.trouble import OURSELVES, Trouble
from daemon.fleet.commands import Command, Decided
from daemon.fleet.device import Device
from daemon.fleet.model import Mac
from daemon.fleet.notifications import Alarm, Severity, Shelf, Telling
from daemon.fleet.records import Snapshot
from daemon.fleet.roster import Roster
from daemon.scheduler.deadlines import Deadlines
from daemon.scheduler.pacing import TokenBucket

# A broken phone may invent alarms; a good one has nine kinds. More than this per phone is noise.
ALARMS_PER_DEVICE = 20
# Of `alarms.max_active`: below it there is room again, so that one alarm more or less raises no alarm of its own.
ROOM_AGAIN = 0.9

CLEARED, IN_TIME = "cleared", "recovered in time"


@dataclass(frozen=True, slots=True)
class AlarmStatistics:
    """How many alarms in which telling, and what else moves them; `recorded` counts the history from its beginning."""

    telling: dict[Telling, int]
    flapping: int
    ending: int
    sites_down: int
    shelves: int
    recorded: int


class AlarmBook:
    """Active alarms by id, their shelves and sites, and the deadlines of their ends."""

    def __init__(self, snapshot: Snapshot, settings: Alarms, roster: Roster, now: float) -> None:
        sequence = int(snapshot.marks.get(SEQUENCE, 0))
        self._ledger = Ledger(snapshot.alarms, sequence, snapshot.alarms_recorded, roster.device)
        self.active: Mapping[str, Alarm] = self._ledger.active
        self.shelves = ShelfBook(snapshot.shelves, settings, now)
        self.sites = SiteBook(self._ledger, roster, settings.site, now)
        self._teller = Teller(self._ledger, self.shelves, self.sites, settings, now)
        self._flapping = Flapping(snapshot.alarms, settings)
        self._ends: Deadlines[str] = Deadlines()
        self._paces: dict[Mac, TokenBucket] = {}
        self.apply(settings)
        for alarm in snapshot.alarms:
            self._await_end(alarm)
            if alarm.id == _STORM:
                self._teller.storm.look(now)

    def apply(self, settings: Alarms) -> None:
        """Go on with these settings; deadlines that are set stay."""
        self.settings = self._teller.settings = self._flapping.settings = self.shelves.settings = settings
        self.sites.settings = settings.site
        self._teller.storm.apply(settings)
        self._paces.clear()

    @property
    def sequence(self) -> int:
        """That of the newest notification."""
        return self._ledger.sequence

    @property
    def recorded(self) -> int:
        """The newest id of the history."""
        return self._ledger.recorded

    def of(self, mac: Mac) -> tuple[Alarm, ...]:
        """The active alarms of a device."""
        return tuple(self._ledger.of(mac).values())

    def worst(self, mac: Mac) -> tuple[Severity, str]:
        """Severity and name of a device's worst alarm, echoes of its own state left out."""
        own = [alarm for alarm in self._ledger.of(mac).values() if alarm.name not in ECHOES]
        worst = max(own, key=lambda alarm: alarm.severity, default=None)
        return (worst.severity, worst.name) if worst else (Severity.CLEARED, "")

    def lasts(self, alarm_id: str) -> bool:
        """Whether an alarm is active and its trouble not over."""
        alarm = self.active.get(alarm_id)
        return alarm is not None and alarm.ends_at is None

    def severity(self, alarm_id: str) -> Severity:
        """How bad an alarm is whose trouble is not over; CLEARED without one."""
        return self.active[alarm_id].severity if self.lasts(alarm_id) else Severity.CLEARED

    def report(
        self, trouble: Trouble, device: Device | None, source: str, now: float, tenant: str = "", *, site: str = ""
    ) -> list[Command]:
        """Raise, change, renew or clear, by the trouble's severity and what is active already.

        `tenant` is whose it is, and `site` ("tenant/site") where, when there is no device to say so.
        """
        alarm_id = trouble.identity(source)
        if trouble.severity is Severity.CLEARED:
            return self.clear(alarm_id, now, device)
        if device is not None:
            tenant, site = device.record.tenant, device.place
        known = self.active.get(alarm_id)
        if known is not None:
            return self._again(replace(known, tenant=tenant, site=site), trouble, now)
        if device is not None and (refused := self._refused(device, trouble, now)):
            return refused
        self._flapping.raised(alarm_id, now)
        alarm = Alarm(
            id=alarm_id,
            sequence=0,
            name=trouble.name,
            source=source,
            device=device.mac if device else None,
            tenant=tenant,
            severity=trouble.severity,
            description=trouble.text,
            event_type=trouble.event_type,
            probable_cause=trouble.probable_cause,
            additional_info=self._flapping.said(trouble.info, alarm_id, now),
            raised_at=now,
            updated_at=now,
            site=site,
            telling=Telling.HELD,
            known=False,
            peak=trouble.severity,
        )
        self._await_end(alarm)
        orders = self._teller.begin(alarm, now)
        self.sites.vanished(alarm, now)
        return orders

    def clear(self, alarm_id: str, now: float, device: Device | None, reason: str = CLEARED) -> list[Command]:
        """End an alarm, or let its end wait; a clear without an alarm changes nothing."""
        alarm = self.active.get(alarm_id)
        if alarm is None:
            return [Decided("alarm", "clear of an alarm that is not active", device.mac if device else None)]
        if alarm.ends_at is not None:
            return [Decided("alarm", "clear of an alarm whose end waits", alarm.device)]
        wait, why = self._patience(alarm, now)
        if not wait:
            return self.end(alarm, reason, now)
        ending = replace(alarm, ends_at=now + wait)
        orders = self._ledger.keep(ending)
        self._await_end(ending)
        self.sites.returned(alarm, now)
        self._teller.reconsider(self._ledger.beneath(alarm_id), now)
        return [*orders, Decided("alarm", why, alarm.device)]

    def clear_kinds(self, kinds: Iterable[Kind], device: Device, source: str, now: float) -> list[Command]:
        """End those of `kinds` that are active at `source`."""
        if not self._ledger.of(device.mac):  # nearly always, and making the ids takes 4 µs
            return []
        ids = (Trouble.of(kind).identity(source) for kind in kinds)
        return [order for id_ in ids if id_ in self.active for order in self.clear(id_, now, device)]

    def clear_others(self, kind: Kind, sources: Collection[str], now: float) -> list[Command]:
        """End what is active of this kind at other sources than these: there is nothing there any more."""
        over = [alarm.id for alarm in self.active.values() if alarm.name == kind.name and alarm.source not in sources]
        return [order for alarm_id in over for order in self.clear(alarm_id, now, None)]

    def forget(self, device: Device, now: float) -> list[Command]:
        """A device is no more: its alarms end, and managers are told."""
        self._paces.pop(device.mac, None)
        return [order for alarm in self.of(device.mac) for order in self.end(alarm, "device deleted", now)]

    def end(self, alarm: Alarm, reason: str, now: float, by: str = "") -> list[Command]:
        """End an active alarm now, whatever its end might have waited for."""
        if reason == CLEARED and alarm.telling in (Telling.HELD, Telling.QUEUED) and not alarm.known:
            reason = IN_TIME
        self._ends.cancel(alarm.id)
        self._teller.leave(alarm)
        children = self._ledger.beneath(alarm.id)
        orders = self._ledger.close(alarm, f"{reason} by {by}" if by else reason, now)
        self.sites.returned(alarm, now)
        self._teller.reconsider(children, now)
        if _OVERFLOW in self.active and len(self.active) < ROOM_AGAIN * self.settings.max_active:
            orders += self.clear(_OVERFLOW, now, None)
        return [*orders, Decided("alarm", reason, alarm.device)]

    def mark(self, alarm: Alarm) -> list[Command]:
        """Keep what an operator wrote on an active alarm."""
        return self._ledger.keep(alarm)

    def reshelve(self, shelf: Shelf, now: float) -> None:
        """A shelf begins or ends: look at every alarm that may be on it."""
        where = self._ledger.of(Mac(shelf.device)) if shelf.device else self.active
        self._teller.reconsider(where, now)

    def next_deadline(self) -> float:
        """When `expire` must be called."""
        return min(
            self._ends.next_deadline(),
            self.shelves.turns.next_deadline(),
            self.sites.looks.next_deadline(),
            self._teller.next_deadline(),
        )

    def expire(self, now: float) -> list[Command]:
        """Time has passed: shelves turn, ends come true, one site is looked at, and some alarms are told."""
        shelves, orders = self.shelves.turned(now)
        for shelf in shelves:
            self.reshelve(shelf, now)
        for alarm_id in self._ends.expire(now, STEP):
            if alarm := self.active.get(alarm_id):  # the end of one may be that of another
                orders += self._time_is_up(alarm, now)
        for place in self.sites.looks.expire(now, limit=1):
            orders += self._look_at(place, now)
        storm_is_due = self._teller.storm.next_deadline() <= now
        orders += self._teller.expire(now)
        return orders + self._tell_of_storm(now) if storm_is_due else orders

    def statistics(self) -> AlarmStatistics:
        """How many alarms in which telling, in one walk."""
        alarms = self.active.values()
        return AlarmStatistics(
            telling=dict(Counter(alarm.telling for alarm in alarms)),
            flapping=sum(self._flapping.flaps(alarm.id, alarm.updated_at) for alarm in alarms if alarm.raises > 1),
            ending=sum(alarm.ends_at is not None for alarm in alarms),
            sites_down=sum(alarm.name == SITE_DOWN.name for alarm in alarms),
            shelves=len(self.shelves.by_id),
            recorded=self.recorded,
        )

    def _again(self, known: Alarm, trouble: Trouble, now: float) -> list[Command]:
        """What is active already is reported again."""
        returned = known.ends_at is not None
        if returned:
            self._flapping.raised(known.id, now)
        alarm = replace(
            known,
            severity=trouble.severity,
            description=trouble.text,
            additional_info=self._flapping.said(trouble.info, known.id, now),
            updated_at=now,
            peak=max(known.peak, trouble.severity),
            raises=known.raises + returned,
            ends_at=None,
        )
        self._ends.cancel(alarm.id)
        self._await_end(alarm)
        if (known.severity, known.description) != (alarm.severity, alarm.description):
            orders = self._teller.changed(alarm, now)
        else:
            reason = "raised again before its end" if returned else "renewed"
            orders = [*self._ledger.keep(alarm), Decided("alarm", reason, alarm.device)]
        if returned:
            self.sites.vanished(alarm, now)
        return orders

    def _refused(self, device: Device, trouble: Trouble, now: float) -> list[Command]:
        """Why a device cannot have another alarm; nothing if it can. That it vanished is our word, not the device's."""
        if len(self._ledger.of(device.mac)) >= ALARMS_PER_DEVICE:
            return [Decided("alarm", "refused: too many alarms of one device", device.mac)]
        if trouble.name not in VANISHING and not self._pace(device.mac).take(now):
            return [Decided("alarm", "refused: one device raises too many", device.mac)]
        if len(self.active) < self.settings.max_active:
            return []
        refused = Decided("alarm", "refused: too many alarms", device.mac)
        if self.lasts(_OVERFLOW):
            return [refused]
        trouble = Trouble.of(ALARM_TABLE_OVERFLOW, f"{len(self.active)} alarms are active")
        return [refused, *self.report(trouble, None, OURSELVES, now)]

    def _pace(self, mac: Mac) -> TokenBucket:
        """How many alarms a device may still raise: each is a row of the history when it ends."""
        an_hour = self.settings.raises_per_hour
        return self._paces.setdefault(mac, TokenBucket(an_hour / HOUR, an_hour))

    def _patience(self, alarm: Alarm, now: float) -> tuple[float, str]:
        """How long the end of an alarm has to wait, and why."""
        if not alarm.known:
            return 0.0, ""  # nobody has to be spared the news that it is over
        if self._flapping.flaps(alarm.id, now):
            return self.settings.flap_quiet, "clear waits: it flaps"
        return self.settings.clear_delay if alarm.device else 0.0, "clear waits: clear delay"

    def _await_end(self, alarm: Alarm) -> None:
        """Its end waits, or will come by itself."""
        if alarm.ends_at is not None:
            self._ends.set(alarm.id, alarm.ends_at)
        elif alarm.name == WEB_LOGIN_FAILURE.name:
            self._ends.set(alarm.id, alarm.updated_at + self.settings.web_login_quiet)

    def _time_is_up(self, alarm: Alarm, now: float) -> list[Command]:
        if alarm.ends_at is None:
            return self.clear(alarm.id, now, None, "expired: not reported again")
        return self.end(alarm, CLEARED, now)

    def _look_at(self, place: str, now: float) -> list[Command]:
        if alarm_id := self.sites.down(place):
            return self.clear(alarm_id, now, None) if self.sites.back(place, now) else []
        fall = self.sites.fallen(place, now)
        if fall is None:
            return []
        orders = self.report(fall.trouble, None, fall.source, now, fall.tenant, site=place)
        self._teller.reconsider(fall.children, now)
        return orders

    def _tell_of_storm(self, now: float) -> list[Command]:
        """Say how many wait for their turn, if anybody still does after this one."""
        if waiting := len(self._teller.storm.waiting):
            return self.report(Trouble.of(ALARM_STORM, f"alarms that wait: {waiting}"), None, OURSELVES, now)
        return self.clear(_STORM, now, None) if self.lasts(_STORM) else []


_STORM = Trouble.of(ALARM_STORM).identity(OURSELVES)
_OVERFLOW = Trouble.of(ALARM_TABLE_OVERFLOW).identity(OURSELVES)
