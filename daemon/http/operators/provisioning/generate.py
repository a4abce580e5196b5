"""The route that makes every phone's file ahead of its asking, and says which cannot be made.

Files are made when a phone asks and kept until something they are made of changes; so nothing has to be generated.
But after an edit one wants to know today, not tonight, that all files can be made, and a fleet that restarts at once
finds them ready. Progress is told line by line, and others have their turn in between. Not here: making a file
(`daemon.provisioning`), having phones fetch it (operations).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable

import trio
from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse

from daemon.errors import ConfigError, StoreUnavailable
from daemon.fleet.device import Device
from daemon.http.operators.access import Actor
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.lists import matching, parse_query
from daemon.http.operators.views import DEVICES

router = APIRouter(prefix="/files", tags=["files"])

DEVICES_A_TURN = 16  # some 4 ms of making, after which pings get their turn
DEVICES_A_LINE = 500  # of progress
MOST_FAULTS = 100  # told; all are counted

_LINES = "application/x-ndjson"


@router.post("/generate", response_class=Response, responses={200: {"content": {_LINES: {}}}})
async def generate_files(request: Request, desk: AtDesk, caller: Actor) -> StreamingResponse:
    """Make the files of all devices, or of those that the filters of `GET /devices` leave.

    A line of JSON `{"done", "total"}` from time to time, and at the end `{"done", "total", "failed", "faults"}`.
    """
    wanted = parse_query(DEVICES, request.query_params.multi_items())
    devices = [device for device in matching(DEVICES, desk.directory.devices(), wanted) if device.record.approved]
    return StreamingResponse(_made(desk, devices), media_type=_LINES)


async def _made(desk: Desk, devices: list[Device]) -> AsyncIterator[str]:
    faults: list[str] = []
    for number, device in enumerate(devices, start=1):
        faults += _fault(desk, device)
        if not number % DEVICES_A_TURN:
            await trio.lowlevel.checkpoint()
        if not number % DEVICES_A_LINE:
            yield _line({"done": number, "total": len(devices)})
    told = {"done": len(devices), "total": len(devices), "failed": len(faults), "faults": faults[:MOST_FAULTS]}
    yield _line(told)


def _fault(desk: Desk, device: Device) -> Iterable[str]:
    try:
        desk.prepare(device)
    except (ConfigError, StoreUnavailable) as fault:
        return (f"{device.mac}: {fault}",)
    return ()


def _line(values: dict[str, object]) -> str:
    return f"{json.dumps(values)}\n"
