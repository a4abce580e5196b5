"""Routes about shelves: what receivers are not to be told of for a while, and why. With a site, a maintenance window.

Not here: whether the rules allow one (`daemon.fleet.alarms.shelves`).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Limit

from daemon.fleet.acts import ShelfClosed, ShelfOpened
from daemon.fleet.model import parse_mac
from daemon.fleet.notifications import Shelf
from daemon.http.operators.access import Actor, Reader
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import kept
from daemon.http.operators.lists import Field, Listing, find, fold_mac, parameters_of, parse_query
from daemon.http.operators.moments import read_length, read_moment
from daemon.http.operators.problems import Problem, ProblemFault, not_found
from daemon.scheduler.timestamps import rfc3339

router = APIRouter(prefix="/shelves", tags=["alarms"])

Text = Annotated[str, Limit(max_length=255)]


class ShelfBody(BaseModel):
    """A shelf to be opened: an alarm is on it if it fits every field that says something; `site` is "tenant/site".

    `starts_at` is now if left out; the end is either `ends_at` (RFC 3339) or `duration` (2h) after the start.
    """

    model_config = ConfigDict(extra="forbid")

    tenant: Text = ""
    site: Text = ""
    device: Text = ""
    source: Text = ""
    name: Text = ""
    starts_at: Text = ""
    ends_at: Text = ""
    duration: Text = ""
    reason: Annotated[str, Limit(max_length=1000)]


class ShelfItem(BaseModel):
    """A shelf; `holds` once it has begun."""

    id: int
    tenant: str
    site: str
    device: str
    source: str
    name: str
    starts_at: str
    ends_at: str
    reason: str
    by: str
    created_at: str
    holds: bool


class ShelfList(BaseModel):
    """Shelves, the oldest first; `sort=ends_at` has the one first that ends next."""

    items: list[ShelfItem]
    next: str | None


SHELVES: Listing[Shelf] = Listing(
    "id",
    {
        "id": Field(lambda shelf: f"{shelf.id:09}", lambda text: str(text).lstrip("0")),
        "tenant": Field(lambda shelf: shelf.tenant),
        "site": Field(lambda shelf: shelf.site),
        "device": Field(lambda shelf: shelf.device, fold=fold_mac),
        "source": Field(lambda shelf: shelf.source),
        "name": Field(lambda shelf: shelf.name),
        "starts_at": Field(lambda shelf: shelf.starts_at, show=rfc3339),
        "ends_at": Field(lambda shelf: shelf.ends_at, show=rfc3339),
        "by": Field(lambda shelf: shelf.by),
    },
    ("tenant", "site", "device", "source", "name", "by"),
)


@router.get("", openapi_extra=parameters_of(SHELVES))
async def list_shelves(request: Request, desk: AtDesk, caller: Reader) -> ShelfList:
    """Shelves that hold, and those that are to begin."""
    query = parse_query(SHELVES, request.query_params.multi_items())
    page = find(SHELVES, desk.directory.shelves.values(), query)
    now = desk.clock.now()
    return ShelfList(items=[shelf_item(shelf, now) for shelf in page.items], next=page.next)


@router.post("", status_code=201)
async def open_shelf(body: ShelfBody, desk: AtDesk, caller: Actor) -> ShelfItem:
    """Put alarms on a shelf from now or later; 409 with every reason why the rules forbid it."""
    now = desk.clock.now()
    delivery = desk.deliver(_act(body, now, caller.name))
    await kept(delivery)
    return shelf_item(known_shelf(desk, delivery.answer.shelf if delivery.answer else 0), now)


@router.delete("/{identity}", status_code=204)
async def close_shelf(identity: int, desk: AtDesk, caller: Actor) -> None:
    """End a shelf before its time: receivers are told of what is active and unknown to them."""
    known_shelf(desk, identity)
    await kept(desk.deliver(ShelfClosed(identity, caller.name)))


def shelf_item(shelf: Shelf, now: float) -> ShelfItem:
    """A shelf as it is shown."""
    return ShelfItem(
        id=shelf.id,
        tenant=shelf.tenant,
        site=shelf.site,
        device=shelf.device,
        source=shelf.source,
        name=shelf.name,
        starts_at=rfc3339(shelf.starts_at),
        ends_at=rfc3339(shelf.ends_at),
        reason=shelf.reason,
        by=shelf.by,
        created_at=rfc3339(shelf.created_at),
        holds=shelf.starts_at <= now,
    )


def known_shelf(desk: Desk, identity: int) -> Shelf:
    """The shelf with this id; `Problem` 404 otherwise."""
    shelf = desk.directory.shelves.get(identity)
    if shelf is None:
        raise not_found(f"shelf {identity}")
    return shelf


def _act(body: ShelfBody, now: float, by: str) -> ShelfOpened:
    """The act; `Problem` 422 naming every time that will not do."""
    faults: list[ProblemFault] = []
    starts_at = read_moment(body.starts_at, "starts_at", faults) or now
    ends_at = read_moment(body.ends_at, "ends_at", faults)
    length = read_length(body.duration, "duration", faults)
    if bool(body.ends_at) == bool(body.duration):
        faults.append(ProblemFault(key="duration", wrong="either ends_at or duration says until when"))
    if faults:
        raise Problem(422, "this shelf cannot be opened", tuple(faults))
    return ShelfOpened(
        tenant=body.tenant,
        site=body.site,
        device=parse_mac(body.device) if body.device else "",
        source=body.source,
        name=body.name,
        starts_at=starts_at,
        ends_at=starts_at + (length or 0.0) if ends_at is None else ends_at,
        reason=body.reason.strip(),
        by=by,
    )
