"""The route by which operators put a new phone in the place of a broken one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from daemon.errors import BadMessage
from daemon.fleet.acts import DeviceSwapped
from daemon.fleet.model import parse_mac
from daemon.http.operators.access import Actor
from daemon.http.operators.desk import AtDesk
from daemon.http.operators.devices import device_detail, kept, known_device
from daemon.http.operators.problems import Problem, ProblemFault
from daemon.http.operators.views import DeviceDetail

router = APIRouter(prefix="/devices/{mac}/swap", tags=["devices"])


class SwapOrder(BaseModel):
    """The MAC of the phone that takes the place, in any punctuation."""

    model_config = ConfigDict(extra="forbid")

    to: Annotated[str, Field(max_length=40)]


@router.post("")
async def swap_device(mac: str, order: SwapOrder, desk: AtDesk, caller: Actor) -> DeviceDetail:
    """Give all that is the phone's to another; from then on the old one is refused. 409 if the other has a number."""
    old = known_device(desk, mac)
    try:
        new = parse_mac(order.to)
    except BadMessage as error:
        raise Problem(422, str(error), (ProblemFault(key="to", wrong=error.detail),)) from None
    await kept(desk.deliver(DeviceSwapped(old.mac, new, caller.name)))
    return await device_detail(desk, known_device(desk, new))
