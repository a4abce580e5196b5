"""What placeholders are worth when nobody wrote them down: values taken from devices, tenants and settings.

A computed value belongs to the family it comes from, below what an operator wrote for that family. A device that has
no password, name or language says nothing about it, so that a tenant's value stands; only if nobody has one is it
empty. Not here: the rule of precedence (`placeholders`), whether a file is complete (`first_contact`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from daemon.config.settings import KeepAlive, Provisioning, Sip
from daemon.fleet.model import DeviceRecord, Server, Site, Tenant
from daemon.provisioning.placeholders import Family, Layer

ACCESS_PATH = "AccessPath"
_PASSWORD = "Line1AuthPassword"  # noqa: S105 - the name of a placeholder
_ACCOUNT_PASSWORD = "IPPhonePassword"  # noqa: S105 - the name of a placeholder
_SECRETS = frozenset({_PASSWORD, _ACCOUNT_PASSWORD, ACCESS_PATH})

_MAX_PERIOD = 300  # minutes; ems_server/keep_alive_period takes 0 to 300
_SIP_PORT = "5060"
_PORT = re.compile(r":\d+\Z")
_SIP_ADDRESS = re.compile(r"(?:sips?:)?(?:[^@]*@)?(\[[^\]]*\]|[^:;?>]*)(?::(\d+))?")

# What the shipped templates need and an operator need not think of: the phones' own defaults where they have one
# (parameter database of firmware 3.0.4), else empty, which a phone reads as "not set".
DEFAULTS: Mapping[str, str] = {
    "Language": "English",
    "VLANMode": "CDP_LLDP",
    "VLANID": "0",
    "VLANPriority": "0",
    "TimeZoneLocation": "",
    "Primary_NTP": "",
    "Secondary_NTP": "",
    "MwiVmNumber": "",
    "SRTP": "0",
    "SipTransport": "UDP",
    "SipDigitMap": "",
    "Syslog_Mode": "LOCAL",
    "Syslog_IP": "0.0.0.0",
    "Syslog_Port": "514",
    "Outbound_proxy": "",
    "Outbound_proxy_port": "0",
    "Outbound_proxy_enable": "0",
    "Redundant_outbound_proxy": "",
    "Redundant_outbound_proxy_port": "0",
    "Redundant_outbound_proxy_enable": "0",
    "ProvisioningPeriod": "daily",
    "DailyTime": "0:00",
    "VerifyServerCertificate": "0",
    "Line1Id": "",
    "Line1AuthName": "",
    _PASSWORD: "",
    "DisplayName": "",
}


@dataclass(frozen=True, slots=True)
class Secrets:
    """What only a complete file holds: the line's password and the phone's permanent secret, in the clear."""

    sip_password: str
    device_secret: str


def keep_alive_minutes(keep_alive: KeepAlive) -> int:
    """The period in the phones' unit: whole minutes, rounded up, within what the key takes."""
    return min(_MAX_PERIOD, math.ceil(min(keep_alive.period, _MAX_PERIOD * 60) / 60))


def shared_layers(
    provisioning: Provisioning, keep_alive: KeepAlive, sip: Sip, tenant: Tenant, model: str
) -> tuple[Layer, ...]:
    """The families that a global file knows, most specific first."""
    computed = {
        "HTTP_OR_S": provisioning.scheme,
        "KeepAlivePeriod": str(keep_alive_minutes(keep_alive)),
        "Proxy_address": sip.domain,
        "Proxy_port": _SIP_PORT,
        "Proxy_gateway": sip.domain,
        "Tenant": tenant.name,
        "destination": "",
    }
    return (
        Layer(Family.TENANT, tenant.placeholders),
        Layer(Family.TEMPLATE, provisioning.template_placeholders.get(model, {})),
        Layer(Family.TEMPLATE, {"Model": model, "FirmwareFile": f"{model}.img"}),
        Layer(Family.SYSTEM, provisioning.placeholders),
        Layer(Family.SYSTEM, {**DEFAULTS, **computed}),
    )


def device_layers(
    record: DeviceRecord,
    site: Site | None,
    server: Server | None,
    secrets: Secrets | None,
    *,
    address: str,
    plain_urls: bool,
) -> tuple[Layer, ...]:
    """The families above the shared ones. Without `secrets` their placeholders exist, empty and to be withheld.

    `address` is how this phone addresses us, perhaps with a port (`ServerAddress`; the vendor's `ServerIP` has none,
    its templates write the port behind it). It differs between networks, so no shared file holds it.
    `plain_urls`: URLs without a secret are written, for a phone that has none yet.
    """
    own = {
        "Line1Id": record.number,
        "Line1AuthName": record.number,
        "DisplayName": record.display_name or record.user or record.number,
        _PASSWORD: secrets.sip_password if secrets else "",
    }
    always = {
        "mac": record.mac,
        "Line1Enabled": "1" if record.number else "0",
        "IPPhoneUsername": record.mac,
        _ACCOUNT_PASSWORD: secrets.device_secret if secrets else "",
        ACCESS_PATH: f"k/{secrets.device_secret}/" if secrets else "",
    }
    withheld = _SECRETS - {ACCESS_PATH} if plain_urls and secrets is None else _SECRETS
    return (
        Layer(Family.DEVICE, record.placeholders),
        Layer(Family.DEVICE, {name: text for name, text in own.items() if text} | always, withheld),
        Layer(Family.DEVICE, _proxy(server)),
        Layer(Family.SITE, site.placeholders if site else {}),
        Layer(Family.SYSTEM, {"ServerAddress": address, "ServerIP": _PORT.sub("", address)}),
    )


def _proxy(server: Server | None) -> dict[str, str]:
    """The SIP server a device is assigned to, as its address and port keys want it."""
    found = _SIP_ADDRESS.match(server.address) if server else None
    if found is None:
        return {}
    return {"Proxy_address": found.group(1), "Proxy_port": found.group(2) or _SIP_PORT}
