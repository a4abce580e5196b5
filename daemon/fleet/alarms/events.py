"""What the fleet does about operators' acts on alarms, and about the time that passes over them.

Handlers only: acknowledging and deleting an alarm, opening and closing a shelf. Not here: who may do that (the
operators' listener decides), what follows for the telling (`teller`).
"""

from __future__ import annotations

from dataclasses import replace

from daemon.fleet.acts import AlarmAcknowledged, AlarmDeleted, ShelfClosed, ShelfOpened
from daemon.fleet.alarms.shelves import LONGEST_REASON
from daemon.fleet.commands import Answer, Command, Decided
from daemon.fleet.consequences import refresh_status
from daemon.fleet.parts import Parts
from daemon.fleet.store_commands import RecordAlarm

_NO_ALARM = Answer(refused=("there is no such active alarm",))


def acknowledged(parts: Parts, event: AlarmAcknowledged, now: float) -> list[Command]:
    """Somebody takes care of an alarm, or does no longer; receivers are not told."""
    alarm = parts.alarms.active.get(event.id)
    if alarm is None:
        return [_NO_ALARM]
    if len(event.note) > LONGEST_REASON:
        return [Answer(refused=(f"the note is longer than {LONGEST_REASON} characters",))]
    if event.taken_back:
        marked = replace(alarm, acknowledged_by="", acknowledged_at=None, note="")
        return [*parts.alarms.mark(marked), Decided("alarm", "acknowledgement taken back", alarm.device)]
    marked = replace(alarm, acknowledged_by=event.by, acknowledged_at=now, note=event.note)
    return [*parts.alarms.mark(marked), Decided("alarm", "acknowledged", alarm.device)]


def deleted(parts: Parts, event: AlarmDeleted, now: float) -> list[Command]:
    """End an alarm whose clear will not come; it is raised again when its trouble comes again."""
    alarm = parts.alarms.active.get(event.id)
    if alarm is None:
        return [_NO_ALARM]
    return _judged(parts, parts.alarms.end(alarm, "deleted", now, event.by))


def shelf_opened(parts: Parts, event: ShelfOpened, now: float) -> list[Command]:
    """Put alarms on a shelf, from now or later."""
    shelves = parts.alarms.shelves
    if faults := shelves.faults(event, parts.roster, now):
        return [Answer(refused=faults), Decided("shelf", "refused")]
    shelf, orders = shelves.open(event, now)
    parts.alarms.reshelve(shelf, now)
    return [*orders, Answer(shelf=shelf.id), Decided("shelf", "opened")]


def shelf_closed(parts: Parts, event: ShelfClosed, now: float) -> list[Command]:
    """End a shelf before its time."""
    shelf = parts.alarms.shelves.by_id.get(event.id)
    if shelf is None:
        return [Answer(refused=("there is no such shelf",))]
    orders = parts.alarms.shelves.close(event.id)
    parts.alarms.reshelve(shelf, now)
    return [*orders, Decided("shelf", "closed")]


def expire(parts: Parts, now: float) -> list[Command]:
    """What is due of alarms; a device whose alarm ended has its status judged anew."""
    return _judged(parts, parts.alarms.expire(now))


def _judged(parts: Parts, orders: list[Command]) -> list[Command]:
    ended = {order.past.alarm.device for order in orders if isinstance(order, RecordAlarm)}
    for device in (parts.roster.device(mac) for mac in ended if mac):
        if device is not None:
            refresh_status(parts, device)
    return orders
