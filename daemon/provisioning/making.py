"""Makes phones' files: joins a device, its place, its template and everybody's values into finished lines and bytes.

A question with an answer: nothing is changed, and whoever asks may hold up other templates, values or servers than
those in force to see what would be (`over`). Lines that a tenant's phones share are filled in once. Not here: which
phone is due which file (`provisioner`), what was made before (`cache`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import quote

from daemon.fleet.model import DeviceRecord, Server, Site, Tenant
from daemon.provisioning.cache import Inputs, RenderedFile
from daemon.provisioning.first_contact import keeps_its_urls
from daemon.provisioning.library import Library, file_path, user_path
from daemon.provisioning.placeholders.computed import (
    DEFAULTS,
    House,
    Secrets,
    Written,
    device_layers,
    nightly_slot,
    shared_layers,
)
from daemon.provisioning.placeholders.lookup import Family, Layer, Lookup
from daemon.provisioning.render import RenderedLine, SharedLines, device_lines
from daemon.provisioning.sealing import Sealer, open_values
from daemon.provisioning.templates.extra_lines import insertions, lines_path
from daemon.provisioning.templates.template import Line, Template, with_insertions
from daemon.provisioning.vendors.syntax import read_line
from daemon.provisioning.vendors.vendor import Vendor
from daemon.provisioning.zero_touch import Place

Noun = TypeVar("Noun", DeviceRecord, Site, Tenant)

_NIGHTLY = "DailyTime"
# Shared lines kept at a time: 30 models of each of 300 tenants, some 20 KiB each.
_MAX_SHARED = 10_000


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a file is for, and how that phone addresses us (`server`: a host, perhaps with a port)."""

    record: DeviceRecord
    place: Place
    model: str
    server: str
    vendor: Vendor


@dataclass(frozen=True, slots=True)
class Materials:
    """What a device's file is made from, each in the version that is in force.

    `own` are the template's lines for one device with what its tenant and site put in, `users` what its user set.
    `includes`: its file includes the global one. `instead`: what an operator put in the complete file's place, or "".
    """

    record: DeviceRecord
    place: Place
    sip_server: Server | None
    template: Template
    shared: SharedLines
    own: tuple[Line, ...]
    users: tuple[str, ...]
    includes: bool
    instead: str


class FileMaker:
    """Makes files by what is in force now."""

    def __init__(self, servers: Mapping[str, Server], library: Library, sealer: Sealer, house: House) -> None:
        self.library = library
        self.house = house
        self._servers = servers
        self._sealer = sealer
        self._shared: dict[tuple[str, str, str], tuple[Inputs, SharedLines]] = {}
        self._composed: dict[tuple[str, str, str], tuple[Inputs, Template]] = {}

    def over(self, library: Library) -> FileMaker:
        """A maker to whom this library is in force."""
        return FileMaker(self._servers, library, self._sealer, self.house)

    def template(self, subject: Subject) -> Template:
        """How the file of this device is made; `ConfigError` if one was chosen for it that is not there."""
        tenant, vendor = subject.place.tenant.name, subject.vendor
        return self.library.template_for(tenant, subject.model, subject.record.template, vendor.template)

    def materials(self, subject: Subject) -> Materials:
        """Everything the file is made from; the same materials give the same file."""
        record, place = subject.record, subject.place
        template = self.template(subject)
        return Materials(
            record,
            place,
            self._servers.get(record.server),
            template,
            self._shared_for(template, place.tenant, subject.model),
            self._with_lines(template, place.tenant.name, place.site.name if place.site else "").own,
            self.library.lines(user_path(record.mac)),
            self._includes(subject, template),
            self.library.text(file_path(subject.vendor.device_file_name(record.mac))),
        )

    def lines(self, subject: Subject, *, complete: bool, materials: Materials | None = None) -> list[RenderedLine]:
        """The lines of a device's file; `ConfigError` names all that cannot be filled in."""
        made_of = materials or self.materials(subject)
        shared = made_of.shared
        # What the phone's user set stands below everything else, so that it wins.
        users = (Line(number, text) for number, text in enumerate(made_of.users, start=1))
        include = self.global_url(subject.place.tenant, subject.model, subject.server) if made_of.includes else ""
        return device_lines(
            shared,
            Lookup(self._device_layers(subject, shared, complete=complete), shared.lookup),
            (*made_of.own, *users),
            include=include,
            device=subject.record.mac,
            complete=complete,
        )

    def values(self, subject: Subject) -> Lookup:
        """What placeholders are worth for a device, secrets in the clear; `ConfigError` as `template`."""
        shared = self.materials(subject).shared
        return Lookup(self._device_layers(subject, shared, complete=True), shared.lookup)

    def file(self, subject: Subject, *, complete: bool, materials: Materials | None = None) -> RenderedFile:
        """The same in the phone's own syntax."""
        made_of = materials or self.materials(subject)
        lines = self.lines(subject, complete=complete, materials=made_of)
        secret = any(line.secret for line in lines)
        return RenderedFile(to_bytes(subject.vendor, lines), secret, made_of.template.name)

    def shared(self, tenant: Tenant, model: str, vendor: Vendor) -> SharedLines:
        """The lines that a tenant's phones of a model share."""
        return self._shared_for(self.library.template_for(tenant.name, model, "", vendor.template), tenant, model)

    def global_url(self, tenant: Tenant, model: str, server: str) -> str:
        """Absolute and with the tenant in it: the same file wherever the including one was fetched."""
        folder = f"ipp/tenant/{quote(tenant.name, safe='')}" if tenant.name else "configfiles"
        return f"{self.house.provisioning.scheme}://{server}/{folder}/{global_name(model)}"

    def _includes(self, subject: Subject, template: Template) -> bool:
        """Whether a device's file includes the global one: not if it is made by another template than that."""
        if not subject.vendor.includes or not subject.record.template:
            return subject.vendor.includes
        tenant, vendor = subject.place.tenant.name, subject.vendor
        return template is self.library.template_for(tenant, subject.model, "", vendor.template)

    def _shared_for(self, template: Template, tenant: Tenant, model: str) -> SharedLines:
        written = Written(self.library.values(), self.library.values(model))
        inputs = (template, tenant, written.of_system, written.of_model, self._with_lines(template, tenant.name))
        key = (tenant.name, model, template.name)
        known = self._shared.get(key)
        if known is not None and all(map(_same, known[0], inputs)):
            return known[1]
        layers = shared_layers(self.house, self._opened(tenant), model, written)
        if len(self._shared) >= _MAX_SHARED:
            self._shared.clear()
        made = SharedLines(self._with_lines(template, tenant.name), Lookup(layers))
        self._shared[key] = (inputs, made)
        return made

    def _device_layers(self, subject: Subject, shared: SharedLines, *, complete: bool) -> Sequence[Layer]:
        record, site = subject.record, subject.place.site
        layers = device_layers(
            self._opened(record),
            site and self._opened(site),
            self._servers.get(record.server),
            self._secrets(record) if complete else None,
            address=subject.server,
            plain_urls=not keeps_its_urls(record),
        )
        night = shared.lookup.resolve(_NIGHTLY)
        if night is None or night.family is not Family.SYSTEM or night.text != DEFAULTS[_NIGHTLY]:
            return layers  # somebody decided when
        return (*layers, Layer(Family.SYSTEM, {_NIGHTLY: nightly_slot(record.mac, self.house.provisioning)}))

    def _with_lines(self, template: Template, tenant: str, site: str = "") -> Template:
        """A template with the lines that a tenant and a site of it put in at its markers; composed once for all."""
        texts = (self.library.text(lines_path(tenant)), self.library.text(lines_path(tenant, site)) if site else "")
        known = self._composed.get((template.name, tenant, site))
        if known is not None and known[0] == (template, *texts):
            return known[1]
        if len(self._composed) >= _MAX_SHARED:
            self._composed.clear()
        made = with_insertions(template, insertions(self.library, tenant, site))
        self._composed[template.name, tenant, site] = ((template, *texts), made)
        return made

    def _secrets(self, record: DeviceRecord) -> Secrets:
        password = self._sealer.open(record.sip_password) if record.sip_password else ""
        return Secrets(password, self._sealer.device_secret(record.mac, record.secret_generation))

    def _opened(self, noun: Noun) -> Noun:
        """The same with its sealed values in the clear."""
        values = open_values(noun.placeholders, self._sealer.open)
        return noun if values is noun.placeholders else replace(noun, placeholders=values)


def global_name(model: str) -> str:
    """What the file that all phones of a model share is called."""
    return f"Audiocodes_{model}_global_GENERIC_empty.cfg"


def to_bytes(vendor: Vendor, lines: Sequence[RenderedLine]) -> bytes:
    """Lines -> the file; `ConfigError` for what the vendor's syntax cannot hold."""
    return vendor.render(read_line(line.text, line.source, line.number) for line in lines)


def _same(one: object, other: object) -> bool:
    return one is other
