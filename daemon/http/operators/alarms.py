"""Routes about active alarms: look, acknowledge one or many, take that back, and delete one whose clear will not come.

Not here: what follows of an act (`daemon.fleet.alarms.events`), alarms that are over (`alarm_history`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Annotated, Self

import trio
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from daemon.fleet.acts import AlarmAcknowledged, AlarmDeleted
from daemon.fleet.alarms.shelves import LONGEST_REASON
from daemon.fleet.delivery import Delivery
from daemon.fleet.notifications import Alarm
from daemon.http.operators.access import Actor, Reader
from daemon.http.operators.alarm_views import ALARMS, AlarmItem, AlarmList, alarm_item, alarms_listing
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import kept
from daemon.http.operators.lists import find, matching, parameters_of, parse_query
from daemon.http.operators.problems import Problem, ProblemFault, not_found

MOST = 1000  # alarms in one request: as many as one page of the list has
_SLICE = 50  # acts in a row: some 2 ms, after which sockets get their turn
_OF_A_PAGE = frozenset({"limit", "sort", "cursor"})  # of a list's parameters; all that fit are meant

router = APIRouter(prefix="/alarms", tags=["alarms"])

Text = Annotated[str, Field(max_length=200)]
Note = Annotated[str, Field(max_length=LONGEST_REASON)]


class Acknowledgement(BaseModel):
    """What whoever takes care of an alarm has to say about it."""

    model_config = ConfigDict(extra="forbid")

    note: Note = ""


class Acknowledgements(Acknowledgement):
    """Which alarms, by id or by the fields of the list (`{}`: all of them)."""

    ids: Annotated[list[Text], Field(min_length=1, max_length=MOST)] | None = None
    filter: Annotated[dict[Text, Text | list[Text]], Field(max_length=20)] | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.ids is None) == (self.filter is None):
            raise ValueError("say which alarms: ids, or filter")
        return self


class Acknowledged(BaseModel):
    """The alarms that were acknowledged; those that ended meanwhile are missing."""

    ids: list[str]


@router.get("", openapi_extra=parameters_of(ALARMS))
async def list_alarms(request: Request, desk: AtDesk, caller: Reader) -> AlarmList:
    """Active alarms, filtered by any of their fields; `search` also finds a phone's MAC and IP address."""
    listing = alarms_listing(desk.directory.device)
    page = find(listing, desk.directory.alarms.values(), parse_query(listing, request.query_params.multi_items()))
    return AlarmList(items=[alarm_item(alarm, desk.directory.device) for alarm in page.items], next=page.next)


@router.post("/acknowledge")
async def acknowledge_alarms(body: Acknowledgements, desk: AtDesk, caller: Actor) -> Acknowledged:
    """Take care of several alarms: of those that are named, or of all that a filter leaves."""
    chosen = body.ids if body.ids is not None else _filtered(desk, body.filter or {})
    done: dict[str, Delivery] = {}
    for place, alarm_id in enumerate(chosen):
        delivery = desk.deliver(AlarmAcknowledged(alarm_id, body.note, caller.name))
        if delivery.answer is None or not delivery.answer.refused:
            done[alarm_id] = delivery
        if not (place + 1) % _SLICE:
            await trio.lowlevel.checkpoint()
    for delivery in done.values():
        await delivery.stored()
    return Acknowledged(ids=list(done))


@router.get("/{identity}")
async def show_alarm(identity: str, desk: AtDesk, caller: Reader) -> AlarmItem:
    """One active alarm."""
    return alarm_item(known_alarm(desk, identity), desk.directory.device)


@router.post("/{identity}/acknowledge")
async def acknowledge_alarm(identity: str, body: Acknowledgement, desk: AtDesk, caller: Actor) -> AlarmItem:
    """Say that somebody takes care of it. Receivers are not told; everybody who looks at it sees who, and the note."""
    known_alarm(desk, identity)
    await kept(desk.deliver(AlarmAcknowledged(identity, body.note, caller.name)))
    return alarm_item(known_alarm(desk, identity), desk.directory.device)


@router.delete("/{identity}/acknowledge", status_code=204)
async def take_acknowledgement_back(identity: str, desk: AtDesk, caller: Actor) -> None:
    """Nobody takes care of it any more."""
    known_alarm(desk, identity)
    await kept(desk.deliver(AlarmAcknowledged(identity, "", caller.name, taken_back=True)))


@router.delete("/{identity}", status_code=204)
async def delete_alarm(identity: str, desk: AtDesk, caller: Actor) -> None:
    """End an alarm whose clear will not come: receivers get a clear. It is raised again if its trouble is."""
    known_alarm(desk, identity)
    await kept(desk.deliver(AlarmDeleted(identity, caller.name)))


def known_alarm(desk: Desk, identity: str) -> Alarm:
    """The active alarm with this id; `Problem` 404 otherwise."""
    alarm = desk.directory.alarms.get(identity)
    if alarm is None:
        raise not_found(f"active alarm {identity[:40]}; if it is over, it stands in /api/v1/alarms/history")
    return alarm


def _filtered(desk: Desk, wanted: Mapping[str, str | list[str]]) -> Iterable[str]:
    """Every alarm that fits; `Problem` 422 for what is no field of an alarm, or for too many."""
    faults = [ProblemFault(key=name, wrong="does not say which alarms") for name in wanted if name in _OF_A_PAGE]
    if faults:
        raise Problem(422, "the filter does not have the expected form", tuple(faults))
    several = {name: [texts] if isinstance(texts, str) else texts for name, texts in wanted.items()}
    listing = alarms_listing(desk.directory.device)
    query = parse_query(listing, [(name, text) for name, texts in several.items() for text in texts])
    found = [alarm.id for alarm in islice(matching(listing, desk.directory.alarms.values(), query), MOST + 1)]
    if len(found) > MOST:
        raise Problem(422, f"more than {MOST} alarms fit: narrow the filter")
    return found
