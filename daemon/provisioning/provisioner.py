"""Which file a phone gets: the one place that joins placing, deciding, templates and rendering.

`serve` is a question with an answer, not an event: it changes no device. Finished files are kept by everything they
were made from and made anew when any of that differs, so nobody has to remember to invalidate. Not here: URLs and
headers (`daemon.http.phones`), and what follows from a fetch (the fleet).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import quote

from daemon.config.settings import KeepAlive, Provisioning, Sip
from daemon.errors import ConfigError, StoreUnavailable
from daemon.fleet.device import Device
from daemon.fleet.events import FileMade
from daemon.fleet.model import DeviceRecord, Mac, Server, Tenant
from daemon.fleet.records import Document, FileVersion, User
from daemon.provisioning.cache import FileCache, RenderedFile
from daemon.provisioning.directory import directory, entries_of, tenant_of_directory
from daemon.provisioning.first_contact import Extent, Proof, Reason, decide_file, examine, in_networks, terms_of
from daemon.provisioning.library import Library, file_path
from daemon.provisioning.making import FileMaker, Materials, Subject, to_bytes
from daemon.provisioning.option160 import DEFAULTS, FILE, Variant, fill, values
from daemon.provisioning.placeholders.computed import House
from daemon.provisioning.placeholders.lookup import looks_secret
from daemon.provisioning.preview import subject_of
from daemon.provisioning.sealing import Sealer, pack
from daemon.provisioning.served import FileKind, FileRequest, Refusal, ServedFile
from daemon.provisioning.templates.shelf import Templates
from daemon.provisioning.user_agent import UNKNOWN_MODEL, model_named
from daemon.provisioning.user_lines import left_path
from daemon.provisioning.vendors.registry import Evidence, Recognised, by_model, recognise
from daemon.provisioning.vendors.vendor import Role
from daemon.provisioning.zero_touch import Place, Rule, place_device, place_newcomer

# Files that phones write here themselves, to find them again after a reset.
_LEFT = frozenset({Role.OVERRIDES, Role.DIRECTORY})
# What a file that an operator put in place of the generated one names as its template.
INSTEAD = "operator's file"
_TEXT = "text/plain; charset=utf-8"
# A host name or address, perhaps with a port. 72 characters leave room for the secret within a phone's 128.
_SERVER = re.compile(r"(?=.{1,72}\Z)(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?\Z")

_PORT = re.compile(r":\d{1,5}\Z")


class Directory(Protocol):
    """What provisioning needs to know of the fleet."""

    @property
    def tenants(self) -> Mapping[str, Tenant]:
        """By name."""

    @property
    def documents(self) -> Mapping[str, Document]:
        """The newest version of each, by path."""

    @property
    def servers(self) -> Mapping[str, Server]:
        """By name."""

    def device(self, mac: Mac) -> Device | None:
        """The device, if anybody knows it."""

    @property
    def users(self) -> Mapping[str, User]:
        """By key."""

    def devices(self) -> Collection[Device]:
        """All of them."""

    def file_given(self, mac: Mac) -> FileVersion | None:
        """What the phone was last given."""

    def default_tenant(self) -> Tenant | None:
        """Whose new phones are, if nothing else says so."""


@dataclass(frozen=True, slots=True)
class ProvisioningStatistics:
    """Files served by extent, requests refused by reason, and how the cache fares (`cached_bytes` now)."""

    served: Mapping[str, int]
    refused: Mapping[str, int]
    cache_hits: int
    cache_misses: int
    cache_evictions: int
    cached_bytes: int


class Provisioner:
    """Answers phones' requests for configuration files."""

    def __init__(
        self,
        directory: Directory,
        shelf: Templates,
        sealer: Sealer,
        *,
        settings: Provisioning,
        keep_alive: KeepAlive,
        sip: Sip,
    ) -> None:
        self._directory = directory
        self._sealer = sealer
        self._cache = FileCache()
        self._server_used = ""
        self._served: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self.apply(shelf, settings=settings, keep_alive=keep_alive, sip=sip)

    def apply(self, shelf: Templates, *, settings: Provisioning, keep_alive: KeepAlive, sip: Sip) -> None:
        """Take up other templates on disk and settings; every file is made anew when it is next asked for."""
        self._settings = settings
        library = Library(shelf, self._directory.documents, self._sealer.open)
        self.maker = FileMaker(self._directory.servers, library, self._sealer, House(settings, keep_alive, sip))
        self._cache.clear()

    def serve(self, request: FileRequest, now: float) -> ServedFile | Refusal:
        """The file that is due to whoever asks, or why there is none. Never raises."""
        try:
            answer = self._answer(request, now)
        except ConfigError as error:
            answer = Refusal("template fault", detail=str(error))
        except StoreUnavailable as error:
            answer = Refusal("sealed password", detail=str(error))
        if isinstance(answer, ServedFile):
            self._served[Extent.COMPLETE if answer.complete else Extent.STRIPPED] += 1
        else:
            self._refused[answer.reason] += 1
        return answer

    def address(self) -> str:
        """How phones address us, for files that are made before a phone asks: as set, else as the last one did."""
        return self._settings.server or self._server_used or "ringkeeper.invalid"

    def place(self, mac: Mac, source: str, kind: FileKind = FileKind.CONFIGFILES, name: str = "") -> Place:
        """Whose phone this is. For reports, whose URLs name no tenant, `kind` and `name` are left out."""
        device = self._directory.device(mac)
        tenant = self._directory.tenants.get(device.record.tenant) if device else None
        if device and tenant:
            return place_device(device.record, tenant, source)
        return self._place_newcomer(kind, name, source)

    def statistics(self) -> ProvisioningStatistics:
        """Counters since start."""
        cache = self._cache
        return ProvisioningStatistics(
            dict(self._served), dict(self._refused), cache.hits, cache.misses, cache.evictions, cache.size
        )

    def _answer(self, request: FileRequest, now: float) -> ServedFile | Refusal:
        server = self._server_for(request)
        if not _SERVER.match(server):
            return Refusal("server name", detail="set provisioning.server: what the phone calls us is no host name")
        seen = recognise(request.name, request.user_agent)
        if seen.role is Role.FIRST:
            return self._first_file(request, seen, server)
        if seen.role is Role.DEVICE and seen.mac:
            return self._device_file(seen.mac, seen, request, server, now)
        written = self._written_file(request, seen)
        if written:
            return written
        if seen.role is Role.SHARED:
            return self._shared_file(seen, request)
        if seen.role is Role.MASTER and seen.vendor.write_master:
            return _file(seen.vendor.write_master(self._firmware_url(seen, server)), seen, seen.vendor.content_type)
        if seen.role in _LEFT and seen.mac:
            return self._left_file(seen.mac, seen, request, now)
        return self._directory_file(request, seen) or Refusal("no such file")

    def _left_file(self, mac: Mac, seen: Recognised, request: FileRequest, now: float) -> ServedFile | Refusal:
        """What a phone wrote here itself; it comes back to that phone alone, on the terms of its complete file."""
        device = self._directory.device(mac)
        record = device.record if device else None
        place = self.place(mac, request.source, request.kind, request.tenant_url)
        shown = examine(mac, record, request, self._sealer.secret_matches, now)
        serving = decide_file(record, place.tenant, shown, terms_of(place.tenant, self._settings), now)
        text = self.maker.library.text(left_path(mac, request.name))
        if device and device.blocked:
            return Refusal(Reason.BLOCKED)
        if serving.extent is not Extent.COMPLETE or not text:
            return Refusal("nothing left here" if serving.extent is Extent.COMPLETE else serving.reason)
        return _file(text.encode(), seen, seen.vendor.content_type, secret_inside=True)

    def _directory_file(self, request: FileRequest, seen: Recognised) -> ServedFile | Refusal | None:
        """Names and numbers are for those who belong there: whoever asks from a network of the tenant."""
        tenant = tenant_of_directory(request.name, self._directory.tenants)
        if tenant is None:
            return None
        if not in_networks(self._directory.tenants[tenant], request.source):
            return Refusal(Reason.FOREIGN_NETWORK, tenant=tenant)
        return _file(directory(entries_of(tenant, self._directory)), seen, _TEXT)

    def _written_file(self, request: FileRequest, seen: Recognised) -> ServedFile | Refusal | None:
        """What an operator wrote under a name that is no device's. Everybody may have it, so no secret may be in it."""
        text = self.maker.library.text(file_path(request.name))
        if not text:
            return None
        if any(looks_secret(line.partition("=")[0]) for line in text.splitlines()):
            return Refusal(
                "secret in a public file", detail=f"{request.name} sets a password, and anybody may fetch it"
            )
        return _file(text.encode(), seen, seen.vendor.content_type, INSTEAD)

    def _firmware_url(self, seen: Recognised, server: str) -> str:
        """Where the firmware of a phone is that is told so by its master file; "": nobody said which."""
        device = self._directory.device(seen.mac) if seen.mac else None
        name = device.record.firmware if device else ""
        return f"{self._settings.scheme}://{server}/firmwarefiles/{quote(name)}" if name else ""

    def _server_for(self, request: FileRequest) -> str:
        """How the phone is to address us: through its proxy if it came by one, else as set, else as it did."""
        if request.kind is FileKind.HTTPPROXY:
            values = {**self._settings.placeholders, **self.maker.library.values()}
            if proxy := values.get("HTTP_PROXY_IP", ""):
                return f"{proxy}:{port}" if (port := values.get("HTTP_PROXY_PORT", "")) else proxy
        return self._settings.server + self._usual_port(request) if self._settings.server else request.host

    def _usual_port(self, request: FileRequest) -> str:
        """A set name without a port takes that of the phone's request, unless TLS ends somewhere in front of us."""
        port = _PORT.search(request.host)
        if port is None or self._settings.scheme != "http" or _PORT.search(self._settings.server):
            return ""
        return port.group()

    def _first_file(self, request: FileRequest, seen: Recognised, server: str) -> ServedFile:
        """It keeps a phone with the tenant whose URL it came by, and lets it keep a token that it is to show next."""
        named = request.tenant_url and request.kind in {FileKind.TENANT, FileKind.REGION}
        variant = Variant.PROXY if request.kind is FileKind.HTTPPROXY else Variant.DIRECT
        token = f"t/{quote(request.token, safe='')}/" if request.token else ""
        folder = f"ipp/{request.kind}/{quote(request.tenant_url, safe='')}/" if named else "configfiles/"
        text = self.maker.library.text(variant) or DEFAULTS[variant]
        return _file(fill(text, values(self.maker.house, server, token + folder)), seen, _TEXT, FILE)

    def _shared_file(self, seen: Recognised, request: FileRequest) -> ServedFile | Refusal:
        """Served to anybody: it holds no secret and no device, and is fetched by name without a MAC.

        Empty for phones that ask for one by habit and get everything in their own file.
        """
        if not seen.vendor.includes:
            return _file(seen.vendor.render(()), seen, seen.vendor.content_type)
        place = self._place_newcomer(request.kind, request.tenant_url, request.source)
        if place.rule in {Rule.URL_UNKNOWN, Rule.URL_AMBIGUOUS}:
            return Refusal(place.rule)
        shared = self.maker.shared(place.tenant, seen.model, seen.vendor)
        key = ("global", place.tenant.name, seen.model)
        cached = self._cache.get(key, (shared,))
        if cached is None:
            body = to_bytes(seen.vendor, shared.everybodys)
            cached = self._cache.put(key, (shared,), RenderedFile(body, secret=False))
        return _file(cached.body, seen, seen.vendor.content_type, shared.template.name)

    def _device_file(
        self, mac: Mac, seen: Recognised, request: FileRequest, server: str, now: float
    ) -> ServedFile | Refusal:
        device = self._directory.device(mac)
        record = device.record if device else None
        place = self.place(mac, request.source, request.kind, request.tenant_url)
        model = seen.model or model_named(device.model if device else "")
        shown = examine(mac, record, request, self._sealer.secret_matches, now)
        serving = decide_file(record, place.tenant, shown, terms_of(place.tenant, self._settings), now)
        if serving.extent is Extent.REFUSED:
            return Refusal(serving.reason, tenant=place.tenant.name, model=model, mac=mac)
        if device and device.blocked:
            return Refusal(Reason.BLOCKED, tenant=place.tenant.name, model=model, mac=mac)
        complete = serving.extent is Extent.COMPLETE
        self._server_used = server if complete else self._server_used
        known = record or DeviceRecord(mac, approved=False)
        vendor = seen.vendor if seen.evidence is not Evidence.NONE else by_model(model) or seen.vendor
        subject = Subject(known, place, model or UNKNOWN_MODEL, server, vendor)
        # Strangers are not kept: a scanner would push the fleet's files out.
        made = self.made(subject, complete=complete) if record else self.maker.file(subject, complete=complete)
        return ServedFile(
            body=made.body,
            digest=made.digest,
            content_type=vendor.content_type,
            template_name=made.template,
            mac=mac,
            model=model,
            complete=complete,
            with_secret=shown.with_secret,
            reason=serving.reason,
            secret_inside=made.secret,
            newcomer_of="" if record else place.tenant.name,
            with_token=shown.token is Proof.RIGHT,
            made=self._version(record, made) if record and complete else None,
        )

    def prepare(self, device: Device) -> RenderedFile:
        """The complete file of a device, made ahead of its asking; `ConfigError` if it cannot be made."""
        return self.made(subject_of(device, self._directory.tenants, self.address()), complete=True)

    def made(self, subject: Subject, *, complete: bool) -> RenderedFile:
        """A device's file: from the cache, unless anything it was made from is another by now."""
        key = (subject.record.mac, complete, subject.server, subject.model, subject.vendor.name)
        materials = self.maker.materials(_settled(subject) if complete else subject)
        cached = self._cache.get(key, (materials,))
        return cached or self._cache.put(key, (materials,), self._make(subject, materials, complete=complete))

    def _make(self, subject: Subject, materials: Materials, *, complete: bool) -> RenderedFile:
        """What an operator put in place of a complete file is served byte by byte; the stripped one is always made."""
        if complete and materials.instead:
            return RenderedFile(materials.instead.encode(), secret=True, template=INSTEAD)
        return self.maker.file(subject, complete=complete, materials=materials)

    def _version(self, record: DeviceRecord, file: RenderedFile) -> FileMade | None:
        """The file as a new version, if the phone was last given another one."""
        given = self._directory.file_given(record.mac)
        if given and given.digest == file.digest:
            return None
        return FileMade(record.mac, file.digest, file.template, pack(file.body, self._sealer.seal))

    def _place_newcomer(self, kind: FileKind, name: str, source: str) -> Place:
        tenants: Collection[Tenant] = self._directory.tenants.values()
        return place_newcomer(kind, name, source, tenants, self._directory.default_tenant())


def _settled(subject: Subject) -> Subject:
    """Whether it may still come without proof is no part of a complete file, which stays when the window closes."""
    record = subject.record
    return replace(subject, record=replace(record, armed_until=0.0)) if record.armed_until else subject


def _file(
    body: bytes, seen: Recognised, content_type: str, template: str = "", *, secret_inside: bool = False
) -> ServedFile:
    """A file that is no phone's configuration; most are everybody's."""
    reason = "the phone's own" if secret_inside else "holds no secret"
    return ServedFile(body, content_type, template, None, seen.model, True, False, reason, secret_inside)
