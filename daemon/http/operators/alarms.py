"""The route about active alarms: look. An alarm goes when its cause goes; nobody deletes one here."""

from __future__ import annotations

from fastapi import APIRouter, Request

from daemon.http.operators.access import Reader
from daemon.http.operators.desk import AtDesk
from daemon.http.operators.lists import find, parameters_of, parse_query
from daemon.http.operators.views import ALARMS, AlarmList, alarm_item

router = APIRouter(prefix="/alarms", tags=["alarms"])


@router.get("", openapi_extra=parameters_of(ALARMS))
async def list_alarms(request: Request, desk: AtDesk, caller: Reader) -> AlarmList:
    """Active alarms, filtered by any of their fields."""
    page = find(ALARMS, desk.directory.alarms.values(), parse_query(ALARMS, request.query_params.multi_items()))
    return AlarmList(items=[alarm_item(alarm) for alarm in page.items], next=page.next)
