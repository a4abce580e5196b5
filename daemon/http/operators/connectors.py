"""Routes about connectors: how the servers fare whose registrations we learn."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from daemon.http.operators.access import Reader
from daemon.http.operators.desk import AtDesk
from daemon.http.operators.views import moment
from daemon.scheduler.timestamps import rfc3339

router = APIRouter(prefix="/connectors", tags=["connectors"])


class ConnectorItem(BaseModel):
    """One server that is asked. `contacts` are devices registered there, `unknown` registered users without one."""

    server: str
    kind: str
    up: bool
    since: str
    refreshed_at: str | None
    contacts: int
    unknown: int
    last_error: str


class ConnectorList(BaseModel):
    """All of them, in the order of the configuration."""

    items: list[ConnectorItem]


@router.get("")
async def list_connectors(desk: AtDesk, caller: Reader) -> ConnectorList:
    """Every server that is asked for its registrations, and how that fares."""
    return ConnectorList(
        items=[
            ConnectorItem(
                server=one.server,
                kind=one.kind,
                up=one.up,
                since=rfc3339(one.since),
                refreshed_at=moment(one.refreshed_at),
                contacts=one.contacts,
                unknown=one.unknown,
                last_error=one.last_error,
            )
            for one in desk.connectors()
        ]
    )
