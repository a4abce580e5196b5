"""Routes about receivers of alarms, SNMP managers and outputs alike: what waits, what was told, and telling them again.

Not here: how outputs fare (`outputs`), the queues themselves (the store's outbox).
"""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from daemon.config.settings import Settings
from daemon.fleet.notifications import End, Occasion, Told, ToldWanted
from daemon.http.operators.access import Actor, Reader
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.lists import DEFAULT_LIMIT, MAX_LIMIT
from daemon.http.operators.moments import read_past_moment
from daemon.http.operators.problems import Problem, ProblemFault, not_found
from daemon.http.operators.views import moment
from daemon.scheduler.timestamps import rfc3339

router = APIRouter(prefix="/receivers", tags=["alarms"])

Text = Annotated[str, Field(max_length=200)]

_CURSOR = re.compile(r"([0-9]{1,12}\.[0-9]{1,12})-([0-9]{1,18})")  # SQLite's integers have 64 bits


class ReceiverItem(BaseModel):
    """A receiver; `number` is the last it was given, `oldest` since when the oldest of those that wait does so.

    `dropped` are those let go since start, for want of room or for their age, by severity.
    """

    name: str
    kind: str
    waiting: int
    number: int
    oldest: str | None
    dropped: dict[str, int]


class ReceiverList(BaseModel):
    """All of them, in the order of the configuration."""

    items: list[ReceiverItem]


class JournalItem(BaseModel):
    """A notification for a receiver: its number for this one, what it told, and how and when it left the queue.

    `left_at` and `end` are null while it waits; `alarm` is the alarm's id.
    """

    number: int
    sequence: int
    at: str
    occasion: Occasion
    alarm: str
    name: str
    severity: str
    source: str
    left_at: str | None
    end: End | None


class JournalPage(BaseModel):
    """A page of a journal, newest first; `next` is the cursor of the following one."""

    items: list[JournalItem]
    next: str | None


class JournalAsked(BaseModel):
    """`cursor` is the `next` of the page before."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Text = ""


class ResyncBody(BaseModel):
    """From when to when; RFC 3339, or how long ago: `2h`. Without `until`: until now."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[Text, Field(min_length=1)]
    until: Text = ""


class ReceiverResync(BaseModel):
    """How many notifications of that time are sent again, with the numbers they had."""

    name: str
    since: str
    until: str
    again: int


@router.get("")
async def list_receivers(desk: AtDesk, caller: Reader) -> ReceiverList:
    """Every receiver of alarms, and what waits for it."""
    return ReceiverList(items=_receivers(desk))


@router.get("/{name:path}/journal")
async def show_journal(name: str, asked: Annotated[JournalAsked, Query()], desk: AtDesk, caller: Reader) -> JournalPage:
    """What a receiver was told, and what waits for it, as far as `outbox.journal_days` goes back."""
    _known(desk, name)
    found = await desk.journal(ToldWanted(name, asked.limit + 1, _read_cursor(asked.cursor)))
    items = found[: asked.limit]
    more = len(found) > asked.limit
    return JournalPage(items=list(map(_journal_item, items)), next=_cursor(items[-1]) if more else None)


@router.post("/{name:path}/resync", status_code=202)
async def resync_receiver(name: str, body: ResyncBody, desk: AtDesk, caller: Actor) -> ReceiverResync:
    """Send again what the receiver was told in that time, or should have been; 409 if that is too much at once."""
    _known(desk, name)
    since, until = _span(body, desk.clock.now())
    again = await desk.resync(name, since, until)
    return ReceiverResync(name=name, since=rfc3339(since), until=rfc3339(until), again=again)


def _known(desk: Desk, name: str) -> None:
    if name not in desk.settings().receivers:
        raise not_found(f"receiver {name[:200]}")


def _receivers(desk: Desk) -> list[ReceiverItem]:
    queues, settings = desk.queues(), desk.settings()
    return [
        ReceiverItem(
            name=name,
            kind=kind,
            waiting=queues.waiting.get(name, 0),
            number=queues.given.get(name, 0),
            oldest=moment(queues.oldest.get(name)),
            dropped={severity: count for (whose, severity), count in queues.dropped.items() if whose == name},
        )
        for name, kind in _kinds(settings).items()
    ]


def _kinds(settings: Settings) -> dict[str, str]:
    """What each receiver is, by the name that the outbox has for it."""
    managers = {manager.name: f"snmp {manager.kind}" for manager in settings.snmp.managers}
    return managers | {output.receiver: output.kind for output in settings.outputs}


def _journal_item(told: Told) -> JournalItem:
    notification, alarm = told.notification, told.notification.alarm
    return JournalItem(
        number=told.number,
        sequence=notification.sequence,
        at=rfc3339(notification.at),
        occasion=notification.occasion,
        alarm=alarm.id,
        name=alarm.name,
        severity=alarm.severity.name,
        source=alarm.source,
        left_at=moment(told.left_at),
        end=told.end,
    )


def _cursor(last: Told) -> str:
    return f"{last.notification.at!r}-{last.id}"


def _read_cursor(cursor: str) -> tuple[float, int] | None:
    if not cursor:
        return None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        wrong = ProblemFault(key="cursor", wrong="not a cursor", hint="take it from `next` as it is")
        raise Problem(422, "the query does not have the expected form", (wrong,))
    return float(found[1]), int(found[2])


def _span(body: ResyncBody, now: float) -> tuple[float, float]:
    faults: list[ProblemFault] = []
    since = read_past_moment(body.since, "since", now, faults)
    until = read_past_moment(body.until or "0s", "until", now, faults)
    if since is not None and until is not None and since > until:
        faults.append(ProblemFault(key="until", wrong="before since"))
    if since is None or until is None or faults:
        raise Problem(422, "the request does not have the expected form", tuple(faults))
    return since, until
