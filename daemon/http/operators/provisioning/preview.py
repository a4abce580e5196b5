"""Routes that say what would be: an edit before it is made, a device's file line by line, what a new phone will get.

Nothing here changes anything. An edit may touch thousands of devices; after every few, others have a turn. Not here:
the comparing and explaining (`daemon.provisioning.preview`).
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from typing import Annotated

import trio
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from daemon.config.entries import Values, WrittenDevice, WrittenTenant
from daemon.fleet.model import DeviceRecord, Mac, parse_mac
from daemon.fleet.records import Document
from daemon.http.operators.access import Actor, Reader
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.devices import known_device
from daemon.provisioning.library import choice_path, template_path, values_path
from daemon.provisioning.making import Subject
from daemon.provisioning.preview import Edit, ExplainedLine, FileChange, Preview, explain, subject_of, vendor_of
from daemon.provisioning.served import read_path
from daemon.provisioning.templates.shelf import parse_template
from daemon.provisioning.urls import PlannedRequest, Purpose, requests_of
from daemon.provisioning.user_agent import UNKNOWN_MODEL, model_named
from daemon.provisioning.zero_touch import place_newcomer

router = APIRouter(tags=["preview"])

DEVICES_A_TURN = 8  # some 4 ms of comparing, after which pings get their turn
MOST_SHOWN = 200  # changes in one answer; all are counted

Name = Annotated[str, Field(max_length=128)]


class ProposedEdit(BaseModel):
    """What would be written; whatever is left out stays as it is.

    `templates` by name hold XML, "" restores the shipped one; `choices` are the templates for `tenant/model`;
    `placeholders` are whole lists of values by model, "" for the system's. `devices` change the fields they name.
    """

    model_config = ConfigDict(extra="forbid")

    templates: dict[Name, Annotated[str, Field(max_length=512 * 1024)]] = {}
    choices: dict[Name, Name] = {}
    placeholders: dict[Name, Values] = {}
    tenants: list[WrittenTenant] = []
    devices: list[WrittenDevice] = []


class SettingView(BaseModel):
    """A setting that would differ; null where one side lacks it. `effect` is what the phone then does."""

    key: str
    old: str | None
    new: str | None
    effect: str
    why: str


class ChangeView(BaseModel):
    """What would change for one device; `fault` says why its file could not be made any more."""

    mac: str
    file: str
    effect: str
    changes: list[SettingView]
    diff: list[str]
    fault: str


class PreviewView(BaseModel):
    """All devices looked at, how many would change and with which effect, and the first changes themselves."""

    devices: int
    changed: int
    faults: int
    effects: dict[str, int]
    items: list[ChangeView]


class ValueView(BaseModel):
    """A placeholder of a line: what it is worth (masked if secret), and the family that said so."""

    name: str
    text: str
    family: str


class LineView(BaseModel):
    """A line, the template and line it comes from, and whether it reaches the phone by the global file."""

    text: str
    template: str
    line: int
    shared: bool
    values: list[ValueView]


class FileView(BaseModel):
    """A device's whole configuration."""

    file: str
    template: str
    vendor: str
    lines: list[LineView]


class NewPhone(BaseModel):
    """A phone as it would come: the URL it was given (option 160), what it is, and from where it comes."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(max_length=255)]
    model: Annotated[str, Field(max_length=32)]
    mac: Annotated[str, Field(max_length=17)] = "00:90:8f:00:00:00"
    source: Annotated[str, Field(max_length=45)] = ""


class AskedView(BaseModel):
    """One request that the phone will make; `lines` is what it would get, secrets masked, if it asks for settings."""

    purpose: str
    url: str
    tenant: str = ""
    site: str = ""
    rule: str = ""
    template: str = ""
    lines: list[str] = []


class ArrivalView(BaseModel):
    """All that the phone will ask for, in its order."""

    items: list[AskedView]


@router.post("/preview")
async def preview_edit(proposed: ProposedEdit, desk: AtDesk, caller: Actor, limit: int = 20) -> PreviewView:
    """Which devices an edit would change, how, and what that triggers; nothing is written."""
    preview = Preview(desk.maker(), desk.directory, _edit(proposed, desk), desk.address())
    effects: Counter[str] = Counter()
    shown: list[ChangeView] = []
    faults = 0
    devices = tuple(device for device in desk.directory.devices() if device.record.approved)
    for number, device in enumerate(devices, start=1):
        change = preview.of(device)
        if change is not None:
            faults += bool(change.fault)
            effects[change.effect] += not change.fault
            if len(shown) < min(limit, MOST_SHOWN):
                shown.append(_change_view(change))
        if not number % DEVICES_A_TURN:
            await trio.lowlevel.checkpoint()
    changed = effects.total() + faults
    return PreviewView(devices=len(devices), changed=changed, faults=faults, effects=+effects, items=shown)


@router.post("/preview/phone")
async def preview_phone(phone: NewPhone, desk: AtDesk, caller: Reader) -> ArrivalView:
    """What a phone of this model would ask for and get, if it was given this URL."""
    model = model_named(phone.model) or UNKNOWN_MODEL
    mac = parse_mac(phone.mac)
    return ArrivalView(
        items=[_asked(desk, phone, mac, model, request) for request in requests_of(phone.url, model, mac)]
    )


@router.get("/devices/{mac}/configuration")
async def explain_device(mac: str, desk: AtDesk, caller: Reader) -> FileView:
    """A device's whole configuration: where every line and every value comes from; secrets masked."""
    device = known_device(desk, mac)
    maker = desk.maker()
    subject = subject_of(device, desk.directory.tenants, desk.address())
    return FileView(
        file=subject.vendor.device_file_name(device.mac),
        template=maker.template(subject).name,
        vendor=subject.vendor.title,
        lines=[_line_view(line) for line in explain(maker, subject)],
    )


def _edit(proposed: ProposedEdit, desk: Desk) -> Edit:
    """The edit in the fleet's nouns; `ConfigError` for a template that is none, `Problem` 404 for an unknown device."""
    texts = {template_path(name): text for name, text in proposed.templates.items()}
    for name, text in proposed.templates.items():
        if text:
            parse_template(name, text.encode())
    texts |= {choice_path(*_pair(pair)): name for pair, name in proposed.choices.items()}
    texts |= {values_path(model): json.dumps(values) for model, values in proposed.placeholders.items()}
    return Edit(
        {path: Document(path, 0, desk.seal(text) if text else "", 0.0, "") for path, text in texts.items()},
        {tenant.name: tenant.noun(desk.seal) for tenant in proposed.tenants},
        {written.mac: _edited(written, desk) for written in proposed.devices},
    )


def _pair(text: str) -> tuple[str, str]:
    tenant, _, model = text.rpartition("/")
    return tenant, model


def _edited(written: WrittenDevice, desk: Desk) -> DeviceRecord:
    known, noun = known_device(desk, written.mac).record, written.noun(desk.seal)
    return replace(known, **{name: getattr(noun, name) for name in written.fields()})


def _change_view(change: FileChange) -> ChangeView:
    settings = [SettingView(**asdict(each)) for each in change.changes]
    return ChangeView(
        mac=change.mac,
        file=change.name,
        effect=change.effect,
        changes=settings,
        diff=list(change.diff),
        fault=change.fault,
    )


def _line_view(line: ExplainedLine) -> LineView:
    values = [ValueView(**asdict(value)) for value in line.values]
    return LineView(text=line.text, template=line.template, line=line.number, shared=line.shared, values=values)


def _asked(desk: Desk, phone: NewPhone, mac: Mac, model: str, request: PlannedRequest) -> AskedView:
    """A request of a phone that nobody has heard of yet; whatever is no configuration is only named."""
    found = read_path(request.path) if request.purpose is Purpose.CONFIGURATION else None
    if found is None:
        return AskedView(purpose=request.purpose, url=request.url)
    kind, tenant, _ = found
    directory = desk.directory
    place = place_newcomer(kind, tenant, phone.source, directory.tenants.values(), directory.default_tenant())
    subject = Subject(DeviceRecord(mac, model=model), place, model, desk.address(), vendor_of(mac, model))
    maker = desk.maker()
    return AskedView(
        purpose=request.purpose,
        url=request.url,
        tenant=place.tenant.name,
        site=place.site.name if place.site else "",
        rule=place.rule,
        template=maker.template(subject).name,
        lines=[line.text for line in explain(maker, subject)],
    )
