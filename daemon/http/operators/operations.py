"""Routes about operations: order something of many devices, watch it, pause, resume, cancel and remove it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from daemon.fleet.acts import OperationDropped, OperationSteered
from daemon.fleet.model import Mac
from daemon.fleet.operations.operation import Item, Kind, Operation, OperationState, Step, Word
from daemon.http.operators.access import Actor, Reader
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import kept
from daemon.http.operators.lists import Field, Listing, find, parameters_of, parse_query
from daemon.http.operators.operation_orders import OperationOrder, read_order
from daemon.http.operators.problems import not_found
from daemon.http.operators.views import moment
from daemon.scheduler.timestamps import rfc3339

router = APIRouter(prefix="/operations", tags=["operations"])


class OperationItem(BaseModel):
    """An operation and how far its devices are; `budget` is in percent."""

    id: int
    kind: Kind
    state: OperationState
    reason: str
    by: str
    created_at: str
    starts_at: str
    ended_at: str | None
    devices: int
    steps: dict[Step, int]
    wave: int
    waves: int
    batch: int
    delay: float
    budget: float
    quiet_hours: str
    parameters: dict[str, str]


class DeviceResult(BaseModel):
    """One device of an operation: how far it is, and of a failed one the step that it did not reach, and why.

    `web_admin_url` leads to the phone's own page.
    """

    mac: str
    step: Step
    waits_for: str
    stuck: str
    reason: str
    way: str
    asked_at: str | None
    at: str | None
    retry_at: str | None
    tries: int
    web_admin_url: str


class OperationList(BaseModel):
    """Operations, the oldest first; `sort=-id` turns that round."""

    items: list[OperationItem]
    next: str | None


class OperationDetail(OperationItem):
    """An operation with a page of its devices."""

    items: list[DeviceResult]
    next: str | None


OPERATIONS: Listing[Operation] = Listing(
    "id",
    {
        "id": Field(lambda operation: f"{operation.id:09}", lambda text: str(text).lstrip("0")),
        "kind": Field(lambda operation: operation.kind),
        "state": Field(lambda operation: operation.state),
        "by": Field(lambda operation: operation.by),
        "created_at": Field(lambda operation: operation.created_at),
    },
    ("kind", "by"),
)
RESULTS: Listing[Item] = Listing(
    "mac",
    {
        "mac": Field(lambda item: item.mac),
        "step": Field(lambda item: item.step),
        "stuck": Field(lambda item: item.stuck),
        "way": Field(lambda item: item.way),
        "place": Field(lambda item: item.place),
    },
    ("mac",),
)


@router.get("", openapi_extra=parameters_of(OPERATIONS))
async def list_operations(request: Request, desk: AtDesk, caller: Reader) -> OperationList:
    """Operations that are under way, and those that ended not long ago."""
    query = parse_query(OPERATIONS, request.query_params.multi_items())
    page = find(OPERATIONS, desk.directory.operations.by_id.values(), query)
    return OperationList(items=[operation_item(desk, operation) for operation in page.items], next=page.next)


@router.post("", status_code=202)
async def order_operation(order: OperationOrder, desk: AtDesk, caller: Actor) -> OperationItem:
    """Order something of many devices; answered when it is durable, with the number of devices that are meant."""
    delivery = desk.deliver(read_order(order, desk, caller.name))
    await kept(delivery)
    return operation_item(desk, _known(desk, delivery.answer.operation if delivery.answer else 0))


@router.get("/{identity}", openapi_extra=parameters_of(RESULTS))
async def show_operation(identity: int, request: Request, desk: AtDesk, caller: Reader) -> OperationDetail:
    """One operation, and how far it is with each device."""
    operation = _known(desk, identity)
    query = parse_query(RESULTS, request.query_params.multi_items())
    page = find(RESULTS, desk.directory.operations.items(identity).values(), query)
    results = [_result(desk, item) for item in page.items]
    return OperationDetail(**operation_item(desk, operation).model_dump(), items=results, next=page.next)


@router.post("/{identity}/pause")
async def pause_operation(identity: int, desk: AtDesk, caller: Actor) -> OperationItem:
    """Ask nobody else for now; the devices that were asked go on."""
    return await _steer(desk, identity, Word.PAUSE, caller.name)


@router.post("/{identity}/resume")
async def resume_operation(identity: int, desk: AtDesk, caller: Actor) -> OperationItem:
    """Go on; after it halted, the failures until now are forgiven."""
    return await _steer(desk, identity, Word.RESUME, caller.name)


@router.post("/{identity}/cancel")
async def cancel_operation(identity: int, desk: AtDesk, caller: Actor) -> OperationItem:
    """Ask nobody else any more."""
    return await _steer(desk, identity, Word.CANCEL, caller.name)


@router.delete("/{identity}", status_code=204)
async def drop_operation(identity: int, desk: AtDesk, caller: Actor) -> None:
    """Forget an operation that has ended."""
    _known(desk, identity)
    await kept(desk.deliver(OperationDropped(identity, caller.name)))


def operation_item(desk: Desk, operation: Operation) -> OperationItem:
    """An operation as it is shown."""
    counts = desk.directory.operations.counts(operation.id)
    plan = operation.plan
    return OperationItem(
        id=operation.id,
        kind=operation.kind,
        state=operation.state,
        reason=operation.reason,
        by=operation.by,
        created_at=rfc3339(operation.created_at),
        starts_at=rfc3339(plan.at or operation.created_at),
        ended_at=moment(operation.ended_at),
        devices=sum(counts.values()),
        steps={step: count for step, count in counts.items() if count},
        wave=operation.wave + 1,
        waves=len(plan.waves) + 1,
        batch=plan.batch,
        delay=plan.delay,
        budget=plan.budget * 100,
        quiet_hours=plan.quiet_hours,
        parameters=dict(operation.parameters),
    )


def _result(desk: Desk, item: Item) -> DeviceResult:
    device = desk.directory.device(Mac(item.mac))
    return DeviceResult(
        mac=item.mac,
        step=item.step,
        waits_for=item.missing[0] if item.missing and item.under_way else "",
        stuck=item.stuck,
        reason=item.reason,
        way=item.way,
        asked_at=moment(item.asked_at),
        at=moment(item.at),
        retry_at=moment(item.retry_at),
        tries=item.tries,
        web_admin_url=f"http://{device.ip}/" if device is not None and device.ip else "",
    )


async def _steer(desk: Desk, identity: int, word: Word, by: str) -> OperationItem:
    _known(desk, identity)
    await kept(desk.deliver(OperationSteered(identity, word, by)))
    return operation_item(desk, _known(desk, identity))


def _known(desk: Desk, identity: int) -> Operation:
    operation = desk.directory.operations.by_id.get(identity)
    if operation is None:
        raise not_found(f"operation {identity}")
    return operation
