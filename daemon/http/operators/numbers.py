"""Routes about telephone numbers: look. Not here: giving them away, which is the inventory's."""

from __future__ import annotations

from fastapi import APIRouter, Request

from daemon.http.operators.access import Reader
from daemon.http.operators.desk import AtDesk
from daemon.http.operators.lists import find, parameters_of, parse_query
from daemon.http.operators.problems import not_found
from daemon.http.operators.views import NUMBERS, NumberItem, NumberList, number_item

router = APIRouter(prefix="/numbers", tags=["numbers"])


@router.get("", openapi_extra=parameters_of(NUMBERS))
async def list_numbers(request: Request, desk: AtDesk, caller: Reader) -> NumberList:
    """Numbers, filtered by any of their fields."""
    page = find(NUMBERS, desk.directory.numbers.values(), parse_query(NUMBERS, request.query_params.multi_items()))
    return NumberList(items=[number_item(entry) for entry in page.items], next=page.next)


@router.get("/{number}")
async def show_number(number: str, desk: AtDesk, caller: Reader) -> NumberItem:
    """One number."""
    entry = desk.directory.numbers.get(number)
    if entry is None:
        raise not_found(f"number {number[:40]}")
    return number_item(entry)
