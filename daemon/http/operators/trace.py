"""Routes about the SIP trace of one device: start it, look at it, download it, follow it while it grows, forget it.

It lives in memory only and ends by itself. Not here: recording (`daemon.sip.trace`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Literal

import structlog
import trio
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Send

from daemon.config.durations import format_duration, parse_duration
from daemon.fleet.device import Device
from daemon.fleet.model import Mac
from daemon.fleet.records import Role
from daemon.http.operators.access import Access, Actor, Reader
from daemon.http.operators.desk import AtDesk, Desk, Trace, TraceEntry
from daemon.http.operators.devices import known_device
from daemon.http.operators.live import Live, LiveStream, room_for_one_more
from daemon.http.operators.problems import Problem, ProblemFault, not_found
from daemon.scheduler.timestamps import rfc3339

log = structlog.get_logger("operators")

PAUSE = 0.5  # seconds between two looks at a trace that is followed: at once, to a person

router = APIRouter(prefix="/devices/{mac}", tags=["devices"])


class TraceOrder(BaseModel):
    """How long to record, such as 10m; by default, and at most, `sip.trace.duration`."""

    model_config = ConfigDict(extra="forbid")

    duration: Annotated[str, Field(max_length=40)] = ""


class TraceItem(BaseModel):
    """One packet, or one remark about the device; `local` and `remote` are `host:port`, "" of a remark."""

    number: int
    at: str
    direction: Literal["received", "sent", "noted"]
    transport: str
    local: str
    remote: str
    remark: str
    text: str


class TraceView(BaseModel):
    """A trace: whether it still records, who started it, and what it has, oldest first."""

    device: Mac
    running: bool
    by: str
    began_at: str
    ends_at: str
    messages: int
    bytes: int
    pushed_out: int
    entries: list[TraceItem]


@router.put("/trace")
async def start_trace(mac: str, desk: AtDesk, caller: Actor, order: TraceOrder | None = None) -> TraceView:
    """Record the device's SIP messages from now on; one that is being recorded goes on."""
    device = known_device(desk, mac)
    seconds = _duration(order, desk)
    trace = desk.traces.start(device.mac, caller.name, desk.clock.now(), seconds)
    log.info("trace started", event_name="trace-started", device=device.mac, operator=caller.name, seconds=seconds)
    return _view(desk, device, trace)


@router.get("/trace")
async def show_trace(mac: str, desk: AtDesk, caller: Reader) -> TraceView:
    """What is recorded, packet by packet."""
    device = known_device(desk, mac)
    return _view(desk, device, known_trace(desk, device))


@router.get(
    "/trace.txt",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def download_trace(mac: str, request: Request, desk: AtDesk, caller: Reader, follow: bool = False) -> Response:
    """The same as text; `follow=true` goes on while the trace does."""
    device = known_device(desk, mac)
    trace = known_trace(desk, device)
    if follow:
        return FollowedTrace(room_for_one_more(request), request, device, trace)
    text = _heading(device, trace) + _text(trace.since())
    return Response(text, media_type="text/plain", headers=_attachment(device))


@router.delete("/trace", status_code=204)
async def stop_trace(mac: str, desk: AtDesk, caller: Actor) -> None:
    """End the trace and forget what it has."""
    device = known_device(desk, mac)
    if not desk.traces.stop(device.mac, desk.clock.now()):
        raise _none_of(device)


class FollowedTrace(LiveStream):
    """A trace as text that grows with it, until it ends or may no longer be looked at."""

    media_type = "text/plain"
    lifetime = math.inf  # it ends with the trace, and the right to look is looked at again each time

    def __init__(self, live: Live, request: Request, device: Device, trace: Trace) -> None:
        super().__init__(live)
        self.headers.update(_attachment(device))
        self._request = request
        self._device = device
        self._trace = trace

    async def tell(self, send: Send) -> None:
        """All there is, then whatever was recorded since the last look."""
        text, number = _heading(self._device, self._trace), 0
        while not self.live.closing.is_set() and self._may_look():
            entries = list(self._trace.since(number))
            number = entries[-1].number if entries else number
            text += _text(entries)
            if text:
                await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
            if not self._goes_on():
                return
            text = ""
            with trio.move_on_after(PAUSE):
                await self.live.closing.wait()

    def _goes_on(self) -> bool:
        """Not when it is over, nor when it was forgotten or another was begun in its place."""
        desk: Desk = self._request.state.desk
        now = desk.clock.now()
        return desk.traces.of(self._device.mac, now) is self._trace and now < self._trace.ends_at

    def _may_look(self) -> bool:
        access: Access = self._request.state.access
        try:
            return access.caller(self._request).may(Role.MONITOR)
        except Problem:
            return False


def known_trace(desk: Desk, device: Device) -> Trace:
    """The trace of a device, running or not; `Problem` 404 otherwise."""
    trace = desk.traces.of(device.mac, desk.clock.now())
    if trace is None:
        raise _none_of(device)
    return trace


def _none_of(device: Device) -> Problem:
    return not_found(f"trace of {device.mac}; one is started with PUT, or with ringkeeper trace {device.mac} --for 10m")


def _duration(order: TraceOrder | None, desk: Desk) -> float:
    most = desk.settings().sip.trace.duration
    if order is None or not order.duration:
        return most
    try:
        seconds = parse_duration(order.duration)
    except ValueError as error:
        raise _wrong_duration(str(error)) from None
    if not 0 < seconds <= most:
        raise _wrong_duration(f"not between 1ms and {format_duration(most)} (sip.trace.duration)")
    return seconds


def _wrong_duration(wrong: str) -> Problem:
    return Problem(422, f"duration is {wrong}", (ProblemFault(key="duration", wrong=wrong),))


def _view(desk: Desk, device: Device, trace: Trace) -> TraceView:
    return TraceView(
        device=device.mac,
        running=trace.ends_at > desk.clock.now(),
        by=trace.by,
        began_at=rfc3339(trace.began_at),
        ends_at=rfc3339(trace.ends_at),
        messages=trace.messages,
        bytes=trace.size,
        pushed_out=trace.pushed_out,
        entries=[
            TraceItem.model_validate(
                {name: getattr(entry, name) for name in TraceItem.model_fields} | {"at": rfc3339(entry.at)}
            )
            for entry in trace.since()
        ],
    )


def _heading(device: Device, trace: Trace) -> str:
    pushed_out = f", {trace.pushed_out} older ones pushed out" if trace.pushed_out else ""
    when = f"begun {rfc3339(trace.began_at)} by {trace.by}, until {rfc3339(trace.ends_at)}"
    return f"SIP of {device.mac}, {when}{pushed_out}. Passwords and proofs of passwords are masked.\n\n"


def _text(entries: Iterable[TraceEntry]) -> str:
    return "".join(f"{entry}\n\n" for entry in entries)


def _attachment(device: Device) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{device.mac}-sip.txt"'}
