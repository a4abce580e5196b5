"""Routes about devices: look, create, edit, delete, arm. Not here: approving them (`approval`)."""

from __future__ import annotations

import trio
from fastapi import APIRouter, Request

from daemon.config.entries import WrittenDevice
from daemon.errors import Refused
from daemon.fleet.acts import DeviceArmed, DeviceDeleted, InventoryApplied
from daemon.fleet.calls import CallsWanted
from daemon.fleet.delivery import Delivery
from daemon.fleet.device import Device
from daemon.fleet.model import Transition, mac_or_none
from daemon.fleet.records import Inventory, PhoneRequest
from daemon.http.operators.access import Actor, Caller, Reader
from daemon.http.operators.alarm_views import alarm_item
from daemon.http.operators.bodies import body_of, read_body
from daemon.http.operators.contact_views import binding_view, contact_view, interval_in_force, loss
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.lists import find, parameters_of, parse_query
from daemon.http.operators.problems import Problem, not_found
from daemon.http.operators.quality_views import call_item, experience_view
from daemon.http.operators.views import (
    DEVICES,
    DeviceDetail,
    DeviceList,
    RequestView,
    TransitionView,
    device_item,
    milliseconds,
    moment,
    reasons,
    report_view,
    rtt_history,
)
from daemon.scheduler.timestamps import rfc3339

NEWEST_CALLS = 10  # the others are a click away, at `/api/v1/calls`
TIMELINE_STEPS = 50  # what fits on a screen or two; older steps stay in the store

router = APIRouter(prefix="/devices", tags=["devices"])


@router.get("", openapi_extra=parameters_of(DEVICES))
async def list_devices(request: Request, desk: AtDesk, caller: Reader) -> DeviceList:
    """Devices, filtered by any of their fields."""
    page = find(DEVICES, desk.directory.devices(), parse_query(DEVICES, request.query_params.multi_items()))
    return DeviceList(items=[device_item(device) for device in page.items], next=page.next)


@router.post("", status_code=201)
async def create_device(written: WrittenDevice, desk: AtDesk, caller: Actor) -> DeviceDetail:
    """Define a device; it is armed for its first contact."""
    if desk.directory.device(written.mac) is not None:
        raise Problem(409, f"there is a device {written.mac} already: change it with PATCH")
    await write_device(desk, caller, written)
    return await device_detail(desk, known_device(desk, written.mac))


@router.get("/{mac}")
async def show_device(mac: str, desk: AtDesk, caller: Reader) -> DeviceDetail:
    """One device with its reasons, its newest timeline and what waits for it."""
    return await device_detail(desk, known_device(desk, mac))


@router.patch("/{mac}", openapi_extra=body_of(WrittenDevice))
async def edit_device(mac: str, request: Request, desk: AtDesk, caller: Actor) -> DeviceDetail:
    """Change the fields that are named; what is left out stays."""
    device = known_device(desk, mac)
    await write_device(desk, caller, await read_body(request, WrittenDevice, mac=device.mac))
    return await device_detail(desk, device)


@router.delete("/{mac}", status_code=204)
async def delete_device(mac: str, desk: AtDesk, caller: Actor) -> None:
    """Forget a device; its timeline stays."""
    device = known_device(desk, mac)
    await kept(desk.deliver(DeviceDeleted(device.mac, caller.name)))


@router.post("/{mac}/arm")
async def arm_device(mac: str, desk: AtDesk, caller: Actor) -> DeviceDetail:
    """Open the window in which the phone's next fetch gets the complete file."""
    device = known_device(desk, mac)
    await kept(desk.deliver(DeviceArmed(device.mac, caller.name)))
    return await device_detail(desk, device)


def known_device(desk: Desk, text: str) -> Device:
    """The device that a path names, in any punctuation; `Problem` 404 otherwise."""
    mac = mac_or_none(text)
    device = desk.directory.device(mac) if mac else None
    if device is None:
        raise not_found(f"device {text[:40]}")
    return device


async def write_device(desk: Desk, caller: Caller, written: WrittenDevice) -> None:
    """Take one device as it is written; returns when that is durable, `Refused` if the rules forbid it."""
    record = await trio.to_thread.run_sync(written.noun, desk.seal)
    inventory = Inventory(devices=(record,), device_fields={record.mac: written.fields()})
    await kept(desk.deliver(InventoryApplied(inventory, caller.name)))


async def kept(delivery: Delivery) -> None:
    """Return when an operator's act is durable; `Refused` when the rules forbid it, `StoreUnavailable` as it says."""
    if delivery.answer is not None and delivery.answer.refused:
        raise Refused(*delivery.answer.refused)
    await delivery.stored()


async def device_detail(desk: Desk, device: Device) -> DeviceDetail:
    """A device whole."""
    record = device.record
    timeline = await desk.timeline(device.mac, TIMELINE_STEPS)
    return DeviceDetail(
        **device_item(device).model_dump(),
        qualify=record.qualify,
        interval=interval_in_force(device, desk.settings().qualify.unknown_interval),
        pings=len(device.round_trips),
        loss=loss(device),
        armed_until=moment(record.armed_until),
        token_until=moment(record.token_until),
        misses=device.misses,
        smoothed_rtt_ms=milliseconds(device.round_trips.smoothed),
        rtt_history=rtt_history(device),
        registered_server=device.registered_server,
        reasons=reasons(device),
        contact=contact_view(device.contact) if device.contact else None,
        bindings=[binding_view(each, device.contact) for each in device.live_bindings(desk.clock.now())],
        report=report_view(device.report) if device.report else None,
        alarms=[
            alarm_item(alarm, desk.directory.device)
            for alarm in desk.directory.alarms.values()
            if alarm.device == device.mac
        ],
        requests=[request_view(request) for request in desk.directory.requests_of(device.mac)],
        quality=experience_view(desk.directory.calls.experience(device.mac)),
        calls=[call_item(call) for call in await desk.calls(CallsWanted(NEWEST_CALLS, device.mac))],
        timeline=[step_view(transition) for transition in timeline],
    )


def request_view(request: PhoneRequest) -> RequestView:
    """A waiting request as it is shown; its body may hold what only the phone should read."""
    return RequestView(
        id=request.id,
        action=request.action,
        queued_at=rfc3339(request.queued_at),
        expires_at=moment(request.expires_at),
        handed_out_at=moment(request.handed_out_at),
    )


def step_view(transition: Transition) -> TransitionView:
    """A step of a timeline as it is shown."""
    return TransitionView(
        at=rfc3339(transition.at),
        axis=transition.axis,
        old=transition.old,
        new=transition.new,
        reason=transition.reason,
    )
