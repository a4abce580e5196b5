"""The page of one phone: where it stands and why, what it says of itself, its alarms and its timeline."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Response

from daemon.http.operators.access import Reader
from daemon.http.operators.desk import AtDesk
from daemon.http.operators.devices import device_detail, known_device
from daemon.http.operators.pages.templates import page
from daemon.scheduler.timestamps import rfc3339

router = APIRouter(include_in_schema=False)


@router.get("/devices/{mac}")
async def show_phone(mac: str, desk: AtDesk, caller: Reader) -> Response:
    """One phone whole."""
    detail = await device_detail(desk, known_device(desk, mac))
    report = detail.report.model_dump() if detail.report else {}
    now = desk.clock.now()
    trace = desk.traces.of(detail.mac, now)
    return page(
        "phone.html",
        caller=caller,
        now=now,
        device=detail,
        trace=trace,
        trace_ends=rfc3339(trace.ends_at) if trace else "",
        report={name.replace("_", " "): value for name, value in report.items() if value},
        events="/api/v1/events?" + urlencode({"mac": detail.mac}),
    )
