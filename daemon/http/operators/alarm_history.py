"""The route about alarms that are over. They are on the disk, so they come newest first and no other way."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from daemon.fleet.model import parse_mac
from daemon.fleet.notifications import PastAlarmsWanted, Severity
from daemon.http.operators.access import Reader
from daemon.http.operators.alarm_views import PastAlarmItem, past_alarm_item
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.lists import DEFAULT_LIMIT, MAX_LIMIT
from daemon.http.operators.moments import read_past_moment
from daemon.http.operators.problems import Problem, ProblemFault

router = APIRouter(prefix="/alarms/history", tags=["alarms"])

Text = Annotated[str, Field(max_length=200)]

_CURSOR = re.compile(r"[0-9]{1,18}")  # SQLite's integers have 64 bits


class HistoryAsked(BaseModel):
    """The filters; between `since` and `until` an alarm must have been active, `minimum` the worst it was at least.

    Times are RFC 3339, or how long ago: `2h`. `cursor` is the `next` of the page before.
    """

    model_config = ConfigDict(extra="forbid")

    tenant: Annotated[list[Text], Field(max_length=100)] = []
    device: Text = ""
    name: Text = ""
    source: Text = ""
    minimum: Literal["", "indeterminate", "warning", "minor", "major", "critical"] = ""
    since: Text = ""
    until: Text = ""
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Text = ""


class HistoryPage(BaseModel):
    """A page of the history, newest end first; `next` is the cursor of the following one."""

    items: list[PastAlarmItem]
    next: str | None


@router.get("")
async def list_past_alarms(asked: Annotated[HistoryAsked, Query()], desk: AtDesk, caller: Reader) -> HistoryPage:
    """Alarms that are over, told or not, with the reason of their end."""
    return await past_alarms(desk, asked)


async def past_alarms(desk: Desk, asked: HistoryAsked) -> HistoryPage:
    """What is asked for; `Problem` 422 naming everything that will not do."""
    found = await desk.past_alarms(_wanted(asked, desk.clock.now()))
    items = found[: asked.limit]
    more = len(found) > asked.limit
    return HistoryPage(items=list(map(past_alarm_item, items)), next=str(items[-1].id) if more else None)


def _wanted(asked: HistoryAsked, now: float) -> PastAlarmsWanted:
    faults: list[ProblemFault] = []
    since = read_past_moment(asked.since, "since", now, faults)
    until = read_past_moment(asked.until, "until", now, faults)
    if since is not None and until is not None and since > until:
        faults.append(ProblemFault(key="until", wrong="before since"))
    before = int(asked.cursor) if _CURSOR.fullmatch(asked.cursor) else None
    if asked.cursor and before is None:
        faults.append(ProblemFault(key="cursor", wrong="not a cursor", hint="take it from `next` as it is"))
    if faults:
        raise Problem(422, "the query does not have the expected form", tuple(faults))
    return PastAlarmsWanted(
        limit=asked.limit + 1,
        tenants=tuple(asked.tenant) or None,
        device=parse_mac(asked.device) if asked.device else None,
        name=asked.name or None,
        source=asked.source or None,
        severity=Severity[asked.minimum.upper()] if asked.minimum else None,
        since=since,
        until=until,
        before=before,
    )
