"""Routes about calls: how each of them sounded. They are on the disk, so they come newest first and no other way."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from daemon.fleet.calls import CallQuality, CallsWanted
from daemon.fleet.model import Status, parse_mac
from daemon.http.operators.access import Reader
from daemon.http.operators.desk import AtDesk
from daemon.http.operators.lists import DEFAULT_LIMIT, MAX_LIMIT
from daemon.http.operators.problems import Problem, ProblemFault, not_found
from daemon.http.operators.quality_views import CallDetail, CallList, call_detail, call_item

router = APIRouter(prefix="/calls", tags=["voice quality"])

Text = Annotated[str, Field(max_length=200)]


def _moment(text: object) -> datetime:
    """Pydantic would take a bare number for seconds, or for milliseconds if it is large."""
    return datetime.fromisoformat(str(text))


class CallsAsked(BaseModel):
    """The filters; `since` is RFC 3339, `cursor` the `next` of the page before."""

    model_config = ConfigDict(extra="forbid")

    device: Text | None = None
    tenant: Text | None = None
    site: Text | None = None
    verdict: Status | None = None
    since: Annotated[AwareDatetime, BeforeValidator(_moment)] | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Text = ""


@router.get("")
async def list_calls(asked: Annotated[CallsAsked, Query()], desk: AtDesk, caller: Reader) -> CallList:
    """Calls, newest first."""
    wanted = CallsWanted(
        limit=asked.limit + 1,
        device=None if asked.device is None else parse_mac(asked.device),
        tenant=asked.tenant,
        site=asked.site,
        verdict=asked.verdict,
        since=_seconds(asked.since),
        before=_read_cursor(asked.cursor),
    )
    found = await desk.calls(wanted)
    items = found[: asked.limit]
    more = len(found) > asked.limit
    return CallList(items=list(map(call_item, items)), next=_write_cursor(items[-1]) if more else None)


@router.get("/{call_id}")
async def show_call(call_id: str, desk: AtDesk, caller: Reader) -> CallDetail:
    """One call, by its `id`, with its newest report as it came."""
    call = await desk.call(call_id)
    if call is None:
        raise not_found(f"call {call_id[:40]}")
    return call_detail(call)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _write_cursor(last: CallQuality) -> str:
    return urlsafe_b64encode(json.dumps([last.at, last.id]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[float, str] | None:
    if not cursor:
        return None
    try:
        at, identity = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError):
        at = identity = None
    if not isinstance(at, float) or not isinstance(identity, str) or not identity.isprintable():
        wrong = ProblemFault(key="cursor", wrong="not a cursor", hint="take it from `next` as it is")
        raise Problem(422, "the query does not have the expected form", (wrong,))
    return at, identity
