"""Routes about SIP connections: look, delete. They are defined in the inventory."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from daemon.fleet.acts import ConnectionDeleted
from daemon.fleet.connection import Connection
from daemon.fleet.model import ConnectionKind, Reachability
from daemon.http.operators.access import Actor, Reader
from daemon.http.operators.alarm_views import AlarmItem, alarm_item
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import TIMELINE_STEPS, kept, step_view
from daemon.http.operators.lists import Field, Listing, find, parameters_of, parse_query
from daemon.http.operators.problems import not_found
from daemon.http.operators.views import (
    RttHistory,
    TransitionView,
    milliseconds,
    moment,
    rtt_history,
)

router = APIRouter(prefix="/connections", tags=["connections"])


class ConnectionItem(BaseModel):
    """A SIP connection in a list; `address` is where it is pinged now, "" while its name is not looked up."""

    name: str
    kind: ConnectionKind
    tenant: str
    site: str
    target: str
    address: str
    transport: str
    reachability: Reachability
    reason: str
    since: str | None
    rtt_ms: float | None


class AddressView(BaseModel):
    """One of the addresses that its name leads to, best first."""

    host: str
    port: int
    transport: str
    answered: bool  # whether the newest answer came from here


class ConnectionDetail(ConnectionItem):
    """One connection whole; `timeline` newest first, 50 steps at most."""

    qualify: bool
    interval: float
    lagged_after: float
    misses: int
    smoothed_rtt_ms: float | None
    rtt_history: RttHistory | None
    addresses: list[AddressView]
    lookup_fault: str
    alarms: list[AlarmItem]
    timeline: list[TransitionView]


class ConnectionList(BaseModel):
    """A page of connections; `next` is the cursor of the following one."""

    items: list[ConnectionItem]
    next: str | None


def _address(connection: Connection) -> str:
    contact = connection.contact
    if contact is None:
        return ""
    return f"[{contact.host}]:{contact.port}" if ":" in contact.host else f"{contact.host}:{contact.port}"


CONNECTIONS: Listing[Connection] = Listing(
    key="name",
    fields={
        "name": Field(lambda connection: connection.name),
        "kind": Field(lambda connection: connection.record.kind.value),
        "tenant": Field(lambda connection: connection.record.tenant),
        "site": Field(lambda connection: connection.record.site),
        "target": Field(lambda connection: connection.record.target),
        "address": Field(_address),
        "transport": Field(lambda connection: connection.contact.transport if connection.contact else ""),
        "reachability": Field(lambda connection: connection.reachability.value),
        "reason": Field(lambda connection: connection.reachability_reason),
        "since": Field(lambda connection: moment(connection.reachability_since)),
        "rtt_ms": Field(lambda connection: milliseconds(connection.round_trips.newest)),
    },
    search=("name", "target", "address"),
)


@router.get("", openapi_extra=parameters_of(CONNECTIONS))
async def list_connections(request: Request, desk: AtDesk, caller: Reader) -> ConnectionList:
    """SIP connections, filtered by any of their fields."""
    query = parse_query(CONNECTIONS, request.query_params.multi_items())
    page = find(CONNECTIONS, desk.directory.connections.values(), query)
    return ConnectionList(items=[connection_item(connection) for connection in page.items], next=page.next)


@router.get("/{name}")
async def show_connection(name: str, desk: AtDesk, caller: Reader) -> ConnectionDetail:
    """One connection with its addresses, its alarms and its newest timeline."""
    return await _detail(desk, _known(desk, name))


@router.delete("/{name}", status_code=204)
async def delete_connection(name: str, desk: AtDesk, caller: Actor) -> None:
    """Forget a connection; its timeline stays. One that the inventory file still lists comes back with it."""
    await kept(desk.deliver(ConnectionDeleted(_known(desk, name).name, caller.name)))


def connection_item(connection: Connection) -> ConnectionItem:
    """A connection as lists show it."""
    return ConnectionItem.model_validate({name: field.read(connection) for name, field in CONNECTIONS.fields.items()})


def _known(desk: Desk, name: str) -> Connection:
    connection = desk.directory.connections.get(name)
    if connection is None:
        raise not_found(f"connection {name[:63]}")
    return connection


async def _detail(desk: Desk, connection: Connection) -> ConnectionDetail:
    alarms = [alarm for alarm in desk.directory.alarms.values() if alarm.source == connection.source]
    return ConnectionDetail(
        **connection_item(connection).model_dump(),
        qualify=connection.record.qualify,
        interval=connection.period,
        lagged_after=connection.lagged_after,
        misses=connection.misses,
        smoothed_rtt_ms=milliseconds(connection.round_trips.smoothed),
        rtt_history=rtt_history(connection),
        addresses=[
            AddressView(
                host=each.host, port=each.port, transport=each.transport, answered=each == connection.answered_at
            )
            for each in connection.addresses
        ],
        lookup_fault=connection.lookup_fault,
        alarms=[alarm_item(alarm, desk.directory.device) for alarm in alarms],
        timeline=[step_view(step) for step in await desk.timeline(connection.key, TIMELINE_STEPS)],
    )
