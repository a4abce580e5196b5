"""Routes about the licence: how much of it is used, until when it lasts, and whom it does not cover."""

from __future__ import annotations

from datetime import date
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from daemon.http.operators.access import Reader
from daemon.http.operators.desk import AtDesk

router = APIRouter(prefix="/licence", tags=["licence"])


class BlockedDevice(BaseModel):
    """A device that is neither pinged nor heard, and why."""

    mac: str
    reason: str


class LicenceBody(BaseModel):
    """`status` is "disabled" while an expired licence suspends everything; null means unlimited.

    `days_left` is below 0 once it has expired; `consumed` is the share of its period that is over.
    """

    status: Literal["enabled", "disabled"]
    expiration_date: date | None
    days_left: int | None
    consumed: float
    devices: int
    limit: int | None
    blocked: list[BlockedDevice]


@router.get("")
async def show_licence(desk: AtDesk, caller: Reader) -> LicenceBody:
    """How the licence stands."""
    stands = desk.directory.licence(desk.clock.now())
    return LicenceBody(
        status="disabled" if stands.suspended else "enabled",
        expiration_date=stands.expires,
        days_left=stands.days_left,
        consumed=round(stands.consumed, 4),
        devices=stands.devices,
        limit=stands.limit,
        blocked=[
            BlockedDevice(mac=device.mac, reason=device.blocked)
            for device in desk.directory.devices()
            if device.blocked
        ],
    )
