"""What placeholders are worth when nobody wrote them down: values taken from devices, tenants and settings.

A computed value belongs to the family it comes from, below what an operator wrote for that family. A device that has
no password, name or language says nothing about it, so that a tenant's value stands; only if nobody has one is it
empty. Not here: the rule of precedence (`lookup`), whether a file is complete (`first_contact`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from daemon.config.settings import KeepAlive, Provisioning, Sip
from daemon.fleet.model import DeviceRecord, Mac, Placeholders, Server, Site, Tenant
from daemon.provisioning.placeholders import known as known_placeholders
from daemon.provisioning.placeholders.lookup import Family, Layer

ACCESS_PATH = "AccessPath"
_PASSWORD = "Line1AuthPassword"  # noqa: S105 - the name of a placeholder
_ACCOUNT_PASSWORD = "IPPhonePassword"  # noqa: S105 - the name of a placeholder
_SECRETS = frozenset({_PASSWORD, _ACCOUNT_PASSWORD, ACCESS_PATH})

_DAY = 24 * 60  # minutes
_MAX_PERIOD = 300  # minutes; ems_server/keep_alive_period takes 0 to 300
_SIP_PORT = "5060"
_PORT = re.compile(r":\d+\Z")
_SIP_ADDRESS = re.compile(r"(?:sips?:)?(?:[^@]*@)?(\[[^\]]*\]|[^:;?>]*)(?::(\d+))?")

# What the shipped templates need and an operator need not think of: the phones' own defaults where they have one
# (parameter database of firmware 3.0.4), else empty, which a phone reads as "not set".
DEFAULTS: Mapping[str, str] = known_placeholders.DEFAULTS


@dataclass(frozen=True, slots=True)
class Secrets:
    """What only a complete file holds: the line's password and the phone's permanent secret, in the clear."""

    sip_password: str
    device_secret: str


@dataclass(frozen=True, slots=True)
class Written:
    """The placeholder values that operators wrote down as documents."""

    of_system: Placeholders
    of_model: Placeholders


@dataclass(frozen=True, slots=True)
class House:
    """The settings that reach phones."""

    provisioning: Provisioning
    keep_alive: KeepAlive
    sip: Sip


def nightly_slot(mac: Mac, provisioning: Provisioning) -> str:
    """When in the night this phone looks for news, as `h:mm`: a place of its own, the same every night.

    A fleet that asks at midnight asks within a second; spread over four hours, 30,000 phones are two a second.
    """
    minutes = int(provisioning.nightly_spread // 60)
    place = int.from_bytes(sha256(mac.encode()).digest()[:8], "big") % minutes if minutes else 0
    hours, minute = divmod((int(provisioning.nightly_from // 60) + place) % _DAY, 60)
    return f"{hours}:{minute:02}"


def keep_alive_minutes(keep_alive: KeepAlive) -> int:
    """The period in the phones' unit: whole minutes, rounded up, within what the key takes."""
    return min(_MAX_PERIOD, math.ceil(min(keep_alive.period, _MAX_PERIOD * 60) / 60))


def shared_layers(house: House, tenant: Tenant, model: str, written: Written) -> tuple[Layer, ...]:
    """The families that a global file knows, most specific first; what operators wrote stands above the settings."""
    computed = {
        "HTTP_OR_S": house.provisioning.scheme,
        "KeepAlivePeriod": str(keep_alive_minutes(house.keep_alive)),
        "Proxy_address": house.sip.domain,
        "Proxy_port": _SIP_PORT,
        "Proxy_gateway": house.sip.domain,
        "Tenant": tenant.name,
        "destination": "",
    }
    return (
        Layer(Family.TENANT, tenant.placeholders),
        Layer(Family.TEMPLATE, written.of_model),
        Layer(Family.TEMPLATE, house.provisioning.template_placeholders.get(model, {})),
        Layer(Family.TEMPLATE, {"Model": model, "FirmwareFile": f"{model}.img"}),
        Layer(Family.SYSTEM, written.of_system),
        Layer(Family.SYSTEM, house.provisioning.placeholders),
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
        "FirmwareFile": record.firmware,
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
