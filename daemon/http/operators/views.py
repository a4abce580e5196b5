"""What operators are shown: the fields of a device and a number, and the models that OpenAPI describes.

The tables `DEVICES` and `NUMBERS` are the one place that says where a field comes from; lists, filters,
sorting and pages all read them. Times are RFC 3339 text in UTC, round trips milliseconds.
"""

from __future__ import annotations

import math

from pydantic import BaseModel

from daemon.fleet.device import Device
from daemon.fleet.model import Presence, Reachability, Report, Status
from daemon.fleet.records import NumberEntry, NumberStatus, Role
from daemon.fleet.target import Target
from daemon.http.operators.alarm_views import AlarmItem
from daemon.http.operators.contact_views import BindingView, ContactView
from daemon.http.operators.lists import Field, Listing, fold_mac, truth
from daemon.http.operators.quality_views import CallItem, ExperienceView
from daemon.provisioning.vendors.registry import by_mac, by_model
from daemon.scheduler.timestamps import rfc3339


class DeviceItem(BaseModel):
    """A device in a list."""

    mac: str
    model: str
    tenant: str
    site: str
    user: str
    display_name: str
    number: str
    server: str
    firmware: str
    ip: str
    reachability: Reachability
    presence: Presence
    status: Status
    reason: str
    rtt_ms: float | None
    last_seen: str | None
    approved: bool
    vendor: str
    source: str
    tries: int


class NumberItem(BaseModel):
    """A telephone number; `release_date` only while it cools."""

    number: str
    status: NumberStatus
    usage: str
    vendor: str
    device: str | None
    tag: str
    release_date: str | None


class AxisView(BaseModel):
    """Where a device stands on one axis, why, and since when."""

    value: str
    reason: str
    since: str | None


class ReportView(BaseModel):
    """What the phone last said of itself; empty text is what it did not say."""

    status: str
    model: str
    firmware: str
    ip: str
    subnet_mask: str
    vlan: str
    user_name: str
    user_id: str
    number: str
    sip_proxy: str
    location: str
    region: str
    user_agent: str
    btoe_status: str
    btoe_version: str
    usb_headset: str
    hrs_model: str
    hrs_firmware: str


class TransitionView(BaseModel):
    """One step of a device's timeline."""

    at: str
    axis: str
    old: str
    new: str
    reason: str


class RequestView(BaseModel):
    """A request that waits for the phone's next keep-alive, or was handed out and not yet acknowledged."""

    id: int
    action: str
    queued_at: str
    expires_at: str | None
    handed_out_at: str | None


class Reasons(BaseModel):
    """Every axis of a device with its reason."""

    reachability: AxisView
    presence: AxisView
    status: AxisView


class RttHistory(BaseModel):
    """The round trips in milliseconds of those of the last 60 pings that were answered, `samples` of them."""

    samples: int
    p50_ms: float
    p95_ms: float
    max_ms: float


class DeviceDetail(DeviceItem):
    """One device whole; `timeline` newest first, 50 steps at most; `calls` likewise, 10.

    `interval` are the seconds between two pings as things stand, null while it is not pinged; `pings` are those in the
    history, 60 at most and none from before the daemon's start, and `loss` the percentage of them that found no answer;
    round trips likewise, null until there is one. `armed_until` ends the window of its first contact, `token_until` the
    life of its one-time token; null if there is none.
    """

    qualify: bool
    interval: float | None
    pings: int
    loss: float | None
    armed_until: str | None
    token_until: str | None
    misses: int
    smoothed_rtt_ms: float | None
    rtt_history: RttHistory | None
    registered_server: str
    reasons: Reasons
    contact: ContactView | None
    bindings: list[BindingView]
    report: ReportView | None
    alarms: list[AlarmItem]
    requests: list[RequestView]
    quality: ExperienceView
    calls: list[CallItem]
    timeline: list[TransitionView]


class OperatorItem(BaseModel):
    """Somebody who may use this listener."""

    name: str
    role: Role
    added_at: str


class DeviceList(BaseModel):
    """A page of devices; `next` is the cursor of the following one."""

    items: list[DeviceItem]
    next: str | None


class NumberList(BaseModel):
    """A page of numbers; `next` is the cursor of the following one."""

    items: list[NumberItem]
    next: str | None


def moment(at: float | None) -> str | None:
    """A time as text; None for one that is not set (0) or never comes (infinity)."""
    return rfc3339(at) if at and math.isfinite(at) else None


def milliseconds(seconds: float | None) -> float | None:
    """A round trip to a tenth of a millisecond, finer than any network is steady."""
    return None if seconds is None else round(seconds * 1000, 1)


def rtt_history(target: Target) -> RttHistory | None:
    """What the history of a device or connection says, if it ever answered."""
    found = target.round_trips.percentiles((0.5, 0.95, 1.0))
    if found is None:
        return None
    p50, p95, most = (round(seconds * 1000, 1) for seconds in found)
    answered = round(len(target.round_trips) * (1 - (target.round_trips.loss() or 0.0)))
    return RttHistory(samples=answered, p50_ms=p50, p95_ms=p95, max_ms=most)


def _vendor(device: Device) -> str:
    """Whose make it is by its model, else by its MAC; "" for nobody's we know."""
    found = by_model(device.model) or by_mac(device.mac)
    return found.name if found else ""


DEVICES: Listing[Device] = Listing(
    key="mac",
    fields={
        "mac": Field(lambda device: device.mac, fold=fold_mac),
        "model": Field(lambda device: device.model),
        "tenant": Field(lambda device: device.record.tenant),
        "site": Field(lambda device: device.record.site),
        "user": Field(lambda device: device.record.user),
        "display_name": Field(lambda device: device.record.display_name),
        "number": Field(lambda device: device.number),
        "server": Field(lambda device: device.record.server),
        "firmware": Field(lambda device: device.firmware),
        "ip": Field(lambda device: device.ip),
        "reachability": Field(lambda device: device.reachability.value),
        "presence": Field(lambda device: device.presence.value),
        "status": Field(lambda device: device.status.value),
        "reason": Field(lambda device: device.status_reason),
        "rtt_ms": Field(lambda device: milliseconds(device.round_trips.newest)),
        "last_seen": Field(lambda device: device.last_seen, show=rfc3339),
        "approved": Field(lambda device: device.record.approved, show=truth),
        "vendor": Field(_vendor),
        "source": Field(lambda device: device.source),
        "tries": Field(lambda device: device.tries),
    },
    search=("mac", "user", "display_name", "number", "ip"),
)

NUMBERS: Listing[NumberEntry] = Listing(
    key="number",
    fields={
        "number": Field(lambda entry: entry.number),
        "status": Field(lambda entry: entry.status.value),
        "usage": Field(lambda entry: entry.usage),
        "vendor": Field(lambda entry: entry.vendor),
        "device": Field(lambda entry: entry.device, fold=fold_mac),
        "tag": Field(lambda entry: entry.tag),
        "release_date": Field(lambda entry: entry.release_date, show=rfc3339),
    },
    search=("number", "usage", "vendor", "device", "tag"),
)


def device_item(device: Device) -> DeviceItem:
    """A device as lists show it."""
    return DeviceItem.model_validate(
        {name: field.read(device) for name, field in DEVICES.fields.items()} | {"last_seen": moment(device.last_seen)}
    )


def number_item(entry: NumberEntry) -> NumberItem:
    """A number as lists show it."""
    return NumberItem.model_validate(
        {name: field.read(entry) for name, field in NUMBERS.fields.items()}
        | {"release_date": moment(entry.release_date)}
    )


def reasons(device: Device) -> Reasons:
    """Why a device stands where it stands."""
    return Reasons(
        reachability=AxisView(
            value=device.reachability,
            reason=device.reachability_reason,
            since=moment(device.reachability_since),
        ),
        presence=AxisView(value=device.presence, reason=device.presence_reason, since=moment(device.presence_since)),
        status=AxisView(value=device.status, reason=device.status_reason, since=None),
    )


def report_view(report: Report) -> ReportView:
    """A report as it is shown; the vendor's digest fields prove nothing and stay inside."""
    return ReportView.model_validate(report, from_attributes=True)
