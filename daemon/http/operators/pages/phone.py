"""The page of one phone: where it stands and why, what it says of itself, its alarms and its timeline."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Response

from daemon.http.operators.access import Reader
from daemon.http.operators.contact_views import BindingView
from daemon.http.operators.desk import AtDesk
from daemon.http.operators.devices import device_detail, known_device
from daemon.http.operators.pages.templates import page
from daemon.http.operators.views import DeviceDetail
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
        contacts=contacts(detail),
        trace=trace,
        trace_ends=rfc3339(trace.ends_at) if trace else "",
        report={name.replace("_", " "): value for name, value in report.items() if value},
        events="/api/v1/events?" + urlencode({"mac": detail.mac}),
    )


def contacts(detail: DeviceDetail) -> list[BindingView]:
    """Where the phone can be reached, the one that is pinged first: what it registered, and what it did not."""
    shown = detail.bindings
    if detail.contact and not any(each.pinged for each in shown):
        unregistered = BindingView(**detail.contact.model_dump(), pinged=True, q=1.0, instance="", reg_id=0)
        shown = [unregistered, *shown]
    return sorted(shown, key=lambda each: not each.pinged)
