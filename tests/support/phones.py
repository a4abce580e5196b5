"""The phones' application with everything around it made of memory: a directory, a file source, a record of events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from daemon.config.settings import Provisioning
from daemon.errors import StoreUnavailable
from daemon.fleet.commands import Answer
from daemon.fleet.device import Device
from daemon.fleet.events import Event
from daemon.fleet.model import DeviceRecord, Mac, Network, Tenant
from daemon.fleet.records import PhoneRequest, StoredFile
from daemon.http.phones.app import PhonesApp, phones_app
from daemon.provisioning.served import FileRequest, Refusal, ServedFile
from tests.support.builders import ACME, MAC, NOW, record
from tests.support.http_peer import Answered, ask

SECRET = "the-permanent-secret"
INSIDE, OUTSIDE = "10.1.2.7", "203.0.113.9"


class Directory:
    """Acme and its devices."""

    def __init__(self, *records: DeviceRecord) -> None:
        self.tenants: Mapping[str, Tenant] = {ACME.name: ACME}
        self._devices = {entry.mac: Device(entry, NOW) for entry in records}

    def device(self, mac: Mac) -> Device | None:
        return self._devices.get(mac)

    def default_tenant(self) -> Tenant | None:
        return ACME


@dataclass
class Outcome:
    answer: Answer | None
    store_fails: bool
    log: list[str]

    async def stored(self) -> None:
        self.log.append("stored")
        if self.store_fails:
            raise StoreUnavailable("disk full")


@dataclass
class Scene:
    """What surrounds the application; `answer` asks it something as a phone would."""

    directory: Directory = field(default_factory=lambda: Directory(record()))
    firmware: Path | None = None
    stored: dict[str, tuple[StoredFile, Path]] = field(default_factory=dict)
    proxies: tuple[Network, ...] = ()
    file: ServedFile | Refusal = field(default_factory=lambda: Refusal("no such file"))
    requests: tuple[PhoneRequest, ...] = ()
    accepting: bool = True
    store_fails: bool = False
    events: list[Event] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    asked: list[FileRequest] = field(default_factory=list)
    settings: Provisioning = field(default_factory=Provisioning)
    at: float = NOW

    def __post_init__(self) -> None:
        self.app: PhonesApp = phones_app(
            deliver=self._deliver,
            directory=self.directory,
            files=self,
            secret_matches=lambda *given: given[-1] == SECRET,
            accepting=lambda: self.accepting,
            now=lambda: self.at,
            firmware=self.firmware,
            proxies=lambda: self.proxies,
            seal=lambda text: f"sealed {text}",
            stored=self.stored.get,
            device_secret=lambda *_: SECRET,
            settings=lambda: self.settings,
        )

    def serve(self, request: FileRequest, now: float) -> ServedFile | Refusal:
        self.asked.append(request)
        return self.file

    def _deliver(self, event: Event) -> Outcome:
        self.events.append(event)
        self.log.append(type(event).__name__)
        return Outcome(Answer(self.requests), self.store_fails, self.log)

    async def get(self, path: str, source: str = INSIDE, **headers: str) -> Answered:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await ask(self.app, "GET", path, headers=named, source=source)

    async def post(self, path: str, body: bytes, source: str = INSIDE) -> Answered:
        return await ask(self.app, "POST", path, body, source=source)


def a_file(body: bytes = b"system/type=420HD\n", **fields: object) -> ServedFile:
    served = ServedFile(body, "text/plain", "420HD", MAC, "420HD", complete=True, with_secret=False, reason="armed")
    return ServedFile(**{**{name: getattr(served, name) for name in served.__slots__}, **fields})
