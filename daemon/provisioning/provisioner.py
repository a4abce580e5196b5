"""Which file a phone gets: the one place that joins placing, deciding, templates and rendering.

`serve` is a question with an answer, not an event: it changes no device. Finished files are kept by everything they
were made from and made anew when any of that differs, so nobody has to remember to invalidate. Not here: URLs and
headers (`daemon.http.phones`), and what follows from a fetch (the fleet).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from daemon.config.settings import KeepAlive, Provisioning, Sip
from daemon.errors import ConfigError, StoreUnavailable
from daemon.fleet.device import Device
from daemon.fleet.model import DeviceRecord, Mac, Server, Tenant, parse_mac
from daemon.provisioning.cache import FileCache, RenderedFile
from daemon.provisioning.computed import Secrets, device_layers, keep_alive_minutes, shared_layers
from daemon.provisioning.first_contact import Extent, decide_file, keeps_its_urls
from daemon.provisioning.placeholders import Layer, Lookup
from daemon.provisioning.render import (
    device_lines,
    dhcpoption160,
    global_name,
    model_of_global,
    shared_lines,
    to_bytes,
)
from daemon.provisioning.sealing import Sealer
from daemon.provisioning.served import FileKind, FileRequest, Refusal, ServedFile
from daemon.provisioning.templates import Template, Templates
from daemon.provisioning.user_agent import UNKNOWN_MODEL, model_named, parse_user_agent
from daemon.provisioning.zero_touch import Place, Rule, place_device, place_newcomer

_TEXT = "text/plain; charset=utf-8"
_DEVICE_FILE = re.compile(r"([0-9A-Fa-f]{12})\.cfg\Z")
# A host name or address, perhaps with a port. 72 characters leave room for the secret within a phone's 128.
_SERVER = re.compile(r"(?=.{1,72}\Z)(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?\Z")

_PORT = re.compile(r":\d{1,5}\Z")


class Directory(Protocol):
    """What provisioning needs to know of the fleet."""

    @property
    def tenants(self) -> Mapping[str, Tenant]:
        """By name."""

    @property
    def servers(self) -> Mapping[str, Server]:
        """By name."""

    def device(self, mac: Mac) -> Device | None:
        """The device, if anybody knows it."""

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


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whom a file is for, and how that phone addresses us."""

    record: DeviceRecord
    place: Place
    model: str
    server: str


class Provisioner:
    """Answers phones' requests for configuration files."""

    def __init__(
        self,
        directory: Directory,
        templates: Templates,
        sealer: Sealer,
        *,
        settings: Provisioning,
        keep_alive: KeepAlive,
        sip: Sip,
    ) -> None:
        self._directory = directory
        self._sealer = sealer
        self._cache = FileCache()
        self._served: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self.apply(templates, settings=settings, keep_alive=keep_alive, sip=sip)

    def apply(self, templates: Templates, *, settings: Provisioning, keep_alive: KeepAlive, sip: Sip) -> None:
        """Take up new templates and settings; every file is made anew when it is next asked for."""
        self._templates = templates
        self._settings = settings
        self._keep_alive = keep_alive
        self._sip = sip
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

    def place(self, mac: Mac, source: str, kind: FileKind = FileKind.CONFIGFILES, name: str = "") -> Place:
        """Whose phone this is. For reports, whose URLs name no tenant, `kind` and `name` are left out."""
        device = self._directory.device(mac)
        tenant = self._directory.tenants.get(device.record.tenant) if device else None
        if device and tenant:
            return place_device(device.record, tenant, source)
        return self._place_newcomer(kind, name, source)

    def secret_matches(self, mac: Mac, secret: str) -> bool:
        """Whether `secret` is the permanent one of a device we know."""
        device = self._directory.device(mac)
        generation = device.record.secret_generation if device else 0
        # Compared for a stranger too: how long an answer takes does not tell which MACs exist.
        return self._sealer.secret_matches(mac, generation, secret) and device is not None

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
        if request.name.lower() == "dhcpoption160.cfg":
            return self._dhcpoption160(request, server)
        found = _DEVICE_FILE.match(request.name)
        if found:
            return self._device_file(parse_mac(found.group(1)), request, server, now)
        model = model_of_global(request.name)
        return self._global_file(model, request) if model else Refusal("no such file")

    def _server_for(self, request: FileRequest) -> str:
        """How the phone is to address us: as set, else through its proxy if it came by one, else as it did."""
        if self._settings.server:
            return self._settings.server + self._usual_port(request)
        proxy = self._settings.placeholders.get("HTTP_PROXY_IP", "")
        if request.kind is FileKind.HTTPPROXY and proxy:
            port = self._settings.placeholders.get("HTTP_PROXY_PORT", "")
            return f"{proxy}:{port}" if port else proxy
        return request.host

    def _usual_port(self, request: FileRequest) -> str:
        """A set name without a port takes that of the phone's request, unless TLS ends somewhere in front of us."""
        port = _PORT.search(request.host)
        if port is None or self._settings.scheme != "http" or _PORT.search(self._settings.server):
            return ""
        return port.group()

    def _dhcpoption160(self, request: FileRequest, server: str) -> ServedFile:
        """It keeps a phone with the tenant whose URL it came by."""
        named = request.tenant_url and request.kind in {FileKind.TENANT, FileKind.REGION}
        folder = f"ipp/{request.kind}/{quote(request.tenant_url, safe='')}/" if named else "configfiles/"
        body = dhcpoption160(self._url(server), folder, keep_alive_minutes(self._keep_alive))
        return self._file(body, "dhcpoption160.cfg", _model_said(request), "holds no secret")

    def _global_file(self, model: str, request: FileRequest) -> ServedFile | Refusal:
        """Served to anybody: it holds no secret and no device, and is fetched by name without a MAC."""
        place = self._place_newcomer(request.kind, request.tenant_url, request.source)
        if place.rule in {Rule.URL_UNKNOWN, Rule.URL_AMBIGUOUS}:
            return Refusal(place.rule)
        template = self._templates.find(place.tenant.name, model)
        key = ("global", place.tenant.name, model)
        cached = self._cache.get(key, (place.tenant,))
        if cached is None:
            lines = shared_lines(template, Lookup(self._shared_layers(place.tenant, model)))
            cached = self._cache.put(key, (place.tenant,), RenderedFile(to_bytes(lines), secret=False))
        return self._file(cached.body, template.name, model, "holds no secret")

    def _device_file(self, mac: Mac, request: FileRequest, server: str, now: float) -> ServedFile | Refusal:
        device = self._directory.device(mac)
        record = device.record if device else None
        place = self.place(mac, request.source, request.kind, request.tenant_url)
        model = _model_said(request) or model_named(device.model if device else "")
        with_secret = bool(request.secret) and self.secret_matches(mac, request.secret)
        serving = decide_file(
            record, place.tenant, request.source, with_secret, now, unprotected=self._settings.unprotected
        )
        if serving.extent is Extent.REFUSED:
            return Refusal(serving.reason, tenant=place.tenant.name, model=model)
        complete = serving.extent is Extent.COMPLETE
        template = self._templates.find(place.tenant.name, model)
        subject = _Subject(record or DeviceRecord(mac, approved=False), place, model or UNKNOWN_MODEL, server)
        made = self._made(subject, template, complete) if record else self._make(subject, template, complete)
        return ServedFile(
            body=made.body,
            content_type=_TEXT,
            template_name=template.name,
            mac=mac,
            model=model,
            complete=complete,
            with_secret=with_secret,
            reason=serving.reason,
            secret_inside=made.secret,
            newcomer_of="" if record else place.tenant.name,
        )

    def _made(self, subject: _Subject, template: Template, complete: bool) -> RenderedFile:
        """From the cache, unless anything it was made from is another by now. Strangers are not cached."""
        key = (subject.record.mac, complete, subject.server, subject.model)
        inputs = (subject.record, subject.place, self._directory.servers.get(subject.record.server))
        cached = self._cache.get(key, inputs)
        return cached or self._cache.put(key, inputs, self._make(subject, template, complete))

    def _make(self, subject: _Subject, template: Template, complete: bool) -> RenderedFile:
        record, place = subject.record, subject.place
        shared = self._shared_layers(place.tenant, subject.model)
        layers = device_layers(
            record,
            place.site,
            self._directory.servers.get(record.server),
            self._secrets(record) if complete else None,
            address=subject.server,
            plain_urls=not keeps_its_urls(record),
        )
        lines = device_lines(
            template,
            Lookup(layers + shared),
            Lookup(shared),
            include=self._global_url(place.tenant, subject.model, subject.server),
            device=record.mac,
            complete=complete,
        )
        return RenderedFile(to_bytes(lines), secret=any(line.secret for line in lines))

    def _secrets(self, record: DeviceRecord) -> Secrets:
        password = self._sealer.open(record.sip_password) if record.sip_password else ""
        return Secrets(password, self._sealer.device_secret(record.mac, record.secret_generation))

    def _shared_layers(self, tenant: Tenant, model: str) -> tuple[Layer, ...]:
        return shared_layers(self._settings, self._keep_alive, self._sip, tenant, model)

    def _url(self, server: str) -> str:
        return f"{self._settings.scheme}://{server}/"

    def _global_url(self, tenant: Tenant, model: str, server: str) -> str:
        """Absolute and with the tenant in it: the same file wherever the including one was fetched."""
        folder = f"ipp/tenant/{quote(tenant.name, safe='')}" if tenant.name else "configfiles"
        return f"{self._url(server)}{folder}/{global_name(model)}"

    def _place_newcomer(self, kind: FileKind, name: str, source: str) -> Place:
        tenants: Collection[Tenant] = self._directory.tenants.values()
        return place_newcomer(kind, name, source, tenants, self._directory.default_tenant())

    @staticmethod
    def _file(body: bytes, template: str, model: str, reason: str) -> ServedFile:
        return ServedFile(
            body, _TEXT, template, None, model, complete=True, with_secret=False, reason=reason, secret_inside=False
        )


def _model_said(request: FileRequest) -> str:
    return model_named(parse_user_agent(request.user_agent).model)
