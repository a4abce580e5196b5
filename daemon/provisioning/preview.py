"""What an edit would do, before it is done: which devices' files change, how, and what that triggers on the phone.

The same maker makes both states, once from what is in force and once from what would be; so a preview cannot differ
from what is then served. Also: a device's file explained line by line, with the provenance of each value, and what a
phone of some model would get. One device at a time, so that whoever asks about thousands can let others have a turn in
between. Not here: routes (`daemon.http.operators.provisioning.preview`), comparing (`comparison`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from daemon.errors import ConfigError, StoreUnavailable
from daemon.fleet.device import Device
from daemon.fleet.model import DeviceRecord, Mac, Tenant
from daemon.fleet.records import Document
from daemon.provisioning.comparison import KeyChange, effective, file_diff, key_changes, shown, worst
from daemon.provisioning.making import FileMaker, Subject
from daemon.provisioning.masking import MASK
from daemon.provisioning.render import RenderedLine
from daemon.provisioning.user_agent import UNKNOWN_MODEL, model_named
from daemon.provisioning.vendors.registry import DEFAULT, by_mac, by_model
from daemon.provisioning.vendors.vendor import Effect, Vendor
from daemon.provisioning.zero_touch import NO_TENANT, place_device


class Directory(Protocol):
    """What a preview asks of the fleet."""

    @property
    def tenants(self) -> Mapping[str, Tenant]:
        """By name."""

    def device(self, mac: Mac) -> Device | None:
        """The device, if anybody knows it."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What would be changed, all at once: documents by path, tenants by name, devices by MAC."""

    documents: Mapping[str, Document] = field(default_factory=lambda: MappingProxyType({}))
    tenants: Mapping[str, Tenant] = field(default_factory=lambda: MappingProxyType({}))
    devices: Mapping[Mac, DeviceRecord] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class FileChange:
    """What an edit does to one device's file; `fault` says why it could not be made any more, "" if it could."""

    mac: Mac
    name: str
    changes: tuple[KeyChange, ...]
    effect: Effect
    diff: tuple[str, ...]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class ExplainedValue:
    """A placeholder of a line: its name, what it is worth (masked if secret), and the family that said so."""

    name: str
    text: str
    family: str


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """A line of a file with its origin: the template and its line, and the values in it. `shared`: from the global."""

    text: str
    template: str
    number: int
    shared: bool
    values: tuple[ExplainedValue, ...]


def subject_of(
    device: Device, tenants: Mapping[str, Tenant], server: str, record: DeviceRecord | None = None
) -> Subject:
    """The device as a file is made for it, where it was last heard from; `record` in place of its own."""
    record = record or device.record
    model = model_named(device.model) or UNKNOWN_MODEL
    place = place_device(record, tenants.get(record.tenant, NO_TENANT), device.source)
    return Subject(record, place, model, server, vendor_of(device.mac, model))


def vendor_of(mac: Mac, model: str) -> Vendor:
    """Whose phone it is, by its model, else by its MAC."""
    return by_model(model) or by_mac(mac) or DEFAULT


class Preview:
    """An edit held against what is in force. `server` is how phones address us."""

    def __init__(self, maker: FileMaker, directory: Directory, edit: Edit, server: str) -> None:
        self._directory = directory
        self._edit = edit
        self._server = server
        self._now = maker
        self._then = maker.over(maker.library.with_documents(edit.documents)) if edit.documents else maker
        self._tenants = {**directory.tenants, **edit.tenants}

    def of(self, device: Device) -> FileChange | None:
        """What would change for this device; None if nothing does."""
        old = subject_of(device, self._directory.tenants, self._server)
        new = subject_of(device, self._tenants, self._server, self._edit.devices.get(device.mac))
        if self._same(old, new):
            return None
        name = new.vendor.device_file_name(device.mac)
        try:
            after = self._then.lines(new, complete=True)
        except (ConfigError, StoreUnavailable) as fault:
            return FileChange(device.mac, name, (), Effect.NONE, (), str(fault))
        before = _lines_or_none(self._now, old)
        changes = key_changes(
            effective([*_shared(self._now, old), *before]),
            effective([*_shared(self._then, new), *after]),
            new.vendor,
        )
        diff = file_diff(before, after, name)
        return FileChange(device.mac, name, changes, worst(changes), diff) if changes or diff else None

    def _same(self, old: Subject, new: Subject) -> bool:
        """Whether both are made from the same; a fault on either side needs a closer look."""
        try:
            return old == new and self._now.materials(old) == self._then.materials(new)
        except (ConfigError, StoreUnavailable):
            return False


def explain(maker: FileMaker, subject: Subject) -> Iterator[ExplainedLine]:
    """A device's whole configuration with the origin of every line; `ConfigError` for what cannot be filled in."""
    for line in _shared(maker, subject):
        yield _explained(line, shared=True)
    for line in maker.lines(subject, complete=True):
        yield _explained(line, shared=False)


def _explained(line: RenderedLine, *, shared: bool) -> ExplainedLine:
    values = tuple(
        ExplainedValue(value.name, MASK if value.secret else value.text, value.family) for value in line.values
    )
    return ExplainedLine(shown(line), line.source, line.number, shared, values)


def _shared(maker: FileMaker, subject: Subject) -> list[RenderedLine]:
    """What its include brings; nothing where the device's file holds everything itself."""
    if not maker.materials(subject).includes:
        return []
    return maker.shared(subject.place.tenant, subject.model, subject.vendor).everybodys


def _lines_or_none(maker: FileMaker, subject: Subject) -> list[RenderedLine]:
    try:
        return maker.lines(subject, complete=True)
    except (ConfigError, StoreUnavailable):
        return []  # it had no file, so whatever comes is new
