"""Shelves: what operators do not want to hear of from one time to another, and why (RFC 8632, section 4.5).

A shelf hides nothing: the alarms on it are raised, shown and recorded, and whoever was told of one before is told of
its end. Whether a shelf holds follows from its two times and the clock alone, so a restart changes nothing. Not here:
what becomes of the alarms when one begins or ends (`book`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from daemon.config.alarm_settings import Alarms
from daemon.config.durations import format_duration
from daemon.fleet.acts import ShelfOpened
from daemon.fleet.commands import Command
from daemon.fleet.model import Mac
from daemon.fleet.notifications import Alarm, Shelf
from daemon.fleet.roster import Roster
from daemon.fleet.store_commands import DropShelf, SaveShelf
from daemon.scheduler.deadlines import Deadlines

LONGEST_REASON = 255  # characters: what the history of a ticket system takes in one line
_WHAT = ("tenant", "site", "device", "source", "name")


class ShelfBook:
    """The shelves by id, ahead of them and holding; those that ended are gone."""

    def __init__(self, shelves: Iterable[Shelf], settings: Alarms, now: float) -> None:
        self.settings = settings
        self.by_id: dict[int, Shelf] = {shelf.id: shelf for shelf in shelves}
        self.turns: Deadlines[int] = Deadlines()
        self._newest = max(self.by_id, default=0)
        self._at: dict[str, dict[int, Shelf]] = {}  # by the narrowest place they name, so few are asked for an alarm
        for shelf in self.by_id.values():
            self._put_up(shelf, now)

    def shelved(self, alarm: Alarm, now: float) -> bool:
        """Whether the alarm is on a shelf at `now`."""
        return any(
            shelf.starts_at <= now < shelf.ends_at and fits(shelf, alarm)
            for where in (alarm.device or "", alarm.site, alarm.tenant, "")
            for shelf in self._at.get(where, {}).values()
        )

    def open(self, act: ShelfOpened, now: float) -> tuple[Shelf, list[Command]]:
        """A new shelf, which `faults` found nothing wrong with."""
        self._newest += 1
        told = {field.name: getattr(act, field.name) for field in fields(act)}
        shelf = Shelf(id=self._newest, created_at=now, **told)
        self.by_id[shelf.id] = shelf
        self._put_up(shelf, now)
        return shelf, [SaveShelf(shelf)]

    def close(self, shelf_id: int) -> list[Command]:
        """A shelf ends, by its time or by an operator."""
        where = _where(self.by_id.pop(shelf_id))
        del self._at[where][shelf_id]
        if not self._at[where]:
            del self._at[where]
        self.turns.cancel(shelf_id)
        return [DropShelf(shelf_id)]

    def turned(self, now: float) -> tuple[list[Shelf], list[Command]]:
        """The shelves that began or ended by `now`, and what is to be kept of that."""
        shelves, orders = list[Shelf](), list[Command]()
        for shelf_id in self.turns.expire(now):
            shelf = self.by_id[shelf_id]
            shelves.append(shelf)
            if shelf.ends_at <= now:
                orders += self.close(shelf_id)
            else:
                self._await(shelf, now)
        return shelves, orders

    def faults(self, act: ShelfOpened, roster: Roster, now: float) -> tuple[str, ...]:
        """Why such a shelf cannot be, a sentence each; none if it can."""
        longest = self.settings.longest_shelf
        checks = {
            "say what to shelve: a tenant, site, device, source or alarm name": not any(
                getattr(act, name) for name in _WHAT
            ),
            "say why: a shelf needs a reason": not act.reason.strip(),
            f"the reason is longer than {LONGEST_REASON} characters": len(act.reason) > LONGEST_REASON,
            "the shelf ends before it starts": act.ends_at <= act.starts_at,
            "the shelf has ended already": act.starts_at < act.ends_at <= now,
            f"the shelf lasts longer than {format_duration(longest)} (alarms.longest_shelf)": act.ends_at
            - max(act.starts_at, now)
            > longest,
            f"there are {self.settings.max_shelves} shelves already (alarms.max_shelves): close some first": len(
                self.by_id
            )
            >= self.settings.max_shelves,
        }
        return (*(said for said, wrong in checks.items() if wrong), *_unknown(act, roster))

    def _put_up(self, shelf: Shelf, now: float) -> None:
        self._at.setdefault(_where(shelf), {})[shelf.id] = shelf
        self._await(shelf, now)

    def _await(self, shelf: Shelf, now: float) -> None:
        self.turns.set(shelf.id, shelf.starts_at if shelf.starts_at > now else shelf.ends_at)


def _where(shelf: Shelf) -> str:
    return shelf.device or shelf.site or shelf.tenant


def fits(shelf: Shelf, alarm: Alarm) -> bool:
    """Whether the alarm fits every field of the shelf that says something."""
    return (
        shelf.device in ("", alarm.device)
        and shelf.site in ("", alarm.site)
        and shelf.tenant in ("", alarm.tenant)
        and shelf.name in ("", alarm.name)
        and shelf.source in ("", alarm.source)
    )


def _unknown(act: ShelfOpened, roster: Roster) -> Iterable[str]:
    """What the shelf names and nobody defined."""
    tenant_name, _, site_name = act.site.partition("/")
    tenant = roster.tenants.get(tenant_name)
    if act.tenant and act.tenant not in roster.tenants:
        yield f"there is no tenant {act.tenant}"
    if act.site and (tenant is None or tenant.site_named(site_name) is None):
        yield f"there is no site {act.site}: write it as tenant/site"
    elif act.site and act.tenant not in ("", tenant_name):
        yield f"site {act.site} is not tenant {act.tenant}'s"
    if act.device and roster.device(Mac(act.device)) is None:
        yield f"there is no device {act.device}"
