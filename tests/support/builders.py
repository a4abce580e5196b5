"""A tenant, a device, a report, an alert in one readable line each."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from daemon.config.settings import Settings
from daemon.fleet.events import Alert
from daemon.fleet.model import Binding, ConnectionRecord, Contact, DeviceRecord, Mac, Report, Server, Site, Tenant
from daemon.fleet.notifications import Severity
from daemon.fleet.records import Inventory, NumberEntry

MAC = Mac("00908f4867af")
OTHER_MAC = Mac("00908f000002")
NOW = 1_800_000_000.0
# Of a device's record: what is its name, and what no inventory says.
UNWRITTEN = {"mac", "armed_until", "secret_generation", "token_hash", "token_until", "defined_at"}

HQ = Site("hq", ip_network("10.1.2.0/24"))
ACME = Tenant("acme", subnet=ip_network("10.1.0.0/16"), default=True, sites=(HQ,))
PBX_A = Server("pbx-a", "sip:pbx-a.example.net:5060")
PBX_B = Server("pbx-b", "sip:pbx-b.example.net:5060")


def record(mac: Mac = MAC, **fields: Any) -> DeviceRecord:
    """A device of acme with number 2041, unless said otherwise."""
    defaults: dict[str, Any] = {"model": "420HD", "tenant": "acme", "number": "2041", "user": "alice"}
    return DeviceRecord(mac, **{**defaults, **fields})


def contact(port: int = 5060, expires_at: float | None = NOW + 3600) -> Contact:
    """Where the phone registered from."""
    return Contact(f"sip:2041@10.1.2.7:{port}", "10.1.2.7", port, expires_at)


def binding(port: int = 5060, expires_at: float | None = NOW + 3600, **fields: Any) -> Binding:
    """The same, as the phone registered it."""
    return Binding(contact(port, expires_at), **{"call_id": "call-1", "cseq": 1, **fields})


def report(status: str = "registered", **fields: Any) -> Report:
    """A keep-alive of that status."""
    return Report(status=status, model="420HD", firmware="2.2.16", ip="10.1.2.7", **fields)


def alert(name: str = "IPPHONE REGISTRATION FAILURE", severity: Severity = Severity.CRITICAL, **fields: Any) -> Alert:
    """One entry of a phone's alarm message."""
    defaults: dict[str, Any] = {
        "description": "Registration failure",
        "event_type": 1,
        "probable_cause": 5,
        "unique_id": "1",
        "date": "2026-03-04T09:15:02",
        "additional_info": (),
    }
    return Alert(name=name, severity=severity, **{**defaults, **fields})


def inventory(*records: DeviceRecord, numbers: tuple[NumberEntry, ...] = ()) -> Inventory:
    """Acme with its servers and these devices, every field written."""
    written = frozenset(DeviceRecord.__dataclass_fields__) - UNWRITTEN
    return Inventory((ACME,), (PBX_A, PBX_B), records, {entry.mac: written for entry in records}, numbers)


def settings(**blocks: Any) -> Settings:
    """The defaults, with these blocks changed."""
    return Settings.model_validate(blocks)


def connection(name: str = "trunk-a", target: str = "sip:10.9.0.1:5060", **fields: Any) -> ConnectionRecord:
    """A SIP connection of acme's headquarters, at an address unless said otherwise."""
    defaults: dict[str, Any] = {"tenant": "acme", "site": "hq"}
    return ConnectionRecord(name, target, **{**defaults, **fields})


def connected(*records: ConnectionRecord) -> Inventory:
    """Acme with these SIP connections."""
    return Inventory((ACME,), connections=records)
