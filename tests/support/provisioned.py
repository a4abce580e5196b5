"""A house as provisioning sees it: acme with its headquarters, globex, Alice's phone, and a key for its secrets."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Collection
from dataclasses import dataclass, field
from ipaddress import ip_network

from daemon.fleet.device import Device
from daemon.fleet.model import DeviceRecord, Mac, Server, Site, Tenant
from daemon.fleet.records import Document, FileVersion, User
from daemon.provisioning.sealing import Sealer

SEALER = Sealer(urlsafe_b64encode(bytes(range(32))))
MAC = Mac("00908f4867af")
HQ = Site("hq", ip_network("10.1.2.0/24"), {"VLANID": "12"})
ACME = Tenant("acme", subnet=ip_network("10.1.0.0/16"), sites=(HQ,), placeholders={"Language": "German"})
GLOBEX = Tenant("globex", subnet=ip_network("10.2.0.0/16"), default=True)
ALICE = DeviceRecord(
    MAC,
    model="420HD",
    tenant="acme",
    user="alice",
    display_name="Alice",
    number="2041",
    server="pbx-a",
    sip_password=SEALER.seal("rosebud"),
    armed_until=100.0,
)


@dataclass
class House:
    """A fleet as provisioning sees it."""

    tenants: dict[str, Tenant] = field(default_factory=lambda: {"acme": ACME, "globex": GLOBEX})
    servers: dict[str, Server] = field(default_factory=lambda: {"pbx-a": Server("pbx-a", "sip:pbx-a.example.net:5070")})
    users: dict[str, User] = field(default_factory=dict)
    known: dict[Mac, Device] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    given: dict[Mac, FileVersion] = field(default_factory=dict)

    def write(self, path: str, text: str) -> None:
        version = self.documents[path].version + 1 if path in self.documents else 1
        self.documents[path] = Document(path, version, SEALER.seal(text) if text else "", 0.0, "ops")

    def file_given(self, mac: Mac) -> FileVersion | None:
        return self.given.get(mac)

    def devices(self) -> Collection[Device]:
        return self.known.values()

    def device(self, mac: Mac) -> Device | None:
        return self.known.get(mac)

    def default_tenant(self) -> Tenant | None:
        return next((tenant for tenant in self.tenants.values() if tenant.default), None)

    def put(self, record: DeviceRecord) -> None:
        self.known[record.mac] = Device(record, now=0.0)
