"""The route by which operators tell a phone something: it waits for the phone's next keep-alive."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from daemon.config.durations import parse_duration
from daemon.fleet.acts import RequestQueued
from daemon.http.operators.access import Actor
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import kept, known_device, request_view
from daemon.http.operators.problems import Problem, ProblemFault
from daemon.http.operators.views import RequestView
from daemon.http.phones.keepalive import COMMANDS

# A phone that comes back after a month should not be reset because of something long forgotten.
LONGEST_WAIT = 30 * 86400.0
MAX_FIELDS = 20  # of a body; the only public one has four

router = APIRouter(prefix="/devices/{mac}/requests", tags=["devices"])

Text = Annotated[str, Field(max_length=1000)]


class RequestOrder(BaseModel):
    """What to tell the phone; `expires_in` is a duration such as 30m, by default `requests.expire_after`."""

    model_config = ConfigDict(extra="forbid")

    action: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    expires_in: Annotated[str, Field(max_length=40)] = ""
    body: Annotated[dict[Text, Text], Field(max_length=MAX_FIELDS)] = {}


class WaitingRequests(BaseModel):
    """All that waits for one phone, oldest first."""

    items: list[RequestView]


@router.post("", status_code=202)
async def queue_request(mac: str, order: RequestOrder, desk: AtDesk, caller: Actor) -> WaitingRequests:
    """Have the phone told something; answered when it is durable, carried out when the phone comes by."""
    device = known_device(desk, mac)
    settings = desk.settings().requests
    sendable = sorted(action for action, command in COMMANDS.items() if command.confirmed or settings.unconfirmed)
    if order.action not in sendable:
        hint = "; requests.unconfirmed permits it" if order.action in COMMANDS else ""
        wrong = f"not an action that can be sent: {', '.join(sendable)}{hint}"
        raise Problem(422, f"action is {wrong}", (ProblemFault(key="action", wrong=wrong),))
    wait = _wait(order, desk)
    await kept(desk.deliver(RequestQueued(device.mac, order.action, order.body, wait, caller.name)))
    return WaitingRequests(items=[request_view(request) for request in desk.directory.requests_of(device.mac)])


def _wait(order: RequestOrder, desk: Desk) -> float:
    """Seconds a request may wait."""
    if not order.expires_in:
        return desk.settings().requests.expire_after
    try:
        seconds = parse_duration(order.expires_in)
    except ValueError as error:
        raise Problem(422, str(error), (ProblemFault(key="expires_in", wrong=str(error)),)) from None
    if not 0 < seconds <= LONGEST_WAIT:
        wrong = "not between 1ms and 30d"
        raise Problem(422, f"expires_in is {wrong}", (ProblemFault(key="expires_in", wrong=wrong),))
    return seconds
