"""All vendors, and whose phone is speaking: by its User-Agent, its MAC, the file it wants, or its model.

The first evidence that there is decides, in this order: the User-Agent; the maker's range that the MAC in a file's
name is out of; a name that only one vendor's phones ask for. Without any, a phone is taken for AudioCodes', whose
manager this began as. Nobody is believed here: who may have what is decided elsewhere (`first_contact`). Not here:
what a vendor's phones are like (its module).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from daemon.fleet.model import Mac
from daemon.provisioning.vendors.audiocodes import AUDIOCODES
from daemon.provisioning.vendors.poly import POLY
from daemon.provisioning.vendors.vendor import FileRole, Role, UserAgent, Vendor
from daemon.provisioning.vendors.yealink import YEALINK

VENDORS: tuple[Vendor, ...] = (AUDIOCODES, YEALINK, POLY)
DEFAULT = AUDIOCODES

_MAX_NAME = 128  # characters of a file's name; the phones' listener takes no more either
_MAX_MODEL = 64
# What phones say of themselves, read so far: several requests in a row say the same.
_REMEMBERED = 4096


class Evidence(StrEnum):
    """Why a phone was taken for a vendor's."""

    USER_AGENT = "User-Agent"
    MAC = "MAC range"
    NAME = "file name"
    NONE = "nothing known of it"


@dataclass(frozen=True, slots=True)
class Recognised:
    """Who asks, and for what.

    `role` is None for a name that this vendor's phones have no use for. `mac` is the one in the file's name, or else
    the User-Agent's. `model` is the User-Agent's, or else the one in the name, and for a shared file the other way
    round; "" if neither says. `firmware` is what the phone runs by its own account.
    """

    vendor: Vendor
    evidence: Evidence
    role: Role | None
    mac: Mac | None
    model: str
    firmware: str


def recognise(name: str, user_agent: str) -> Recognised:
    """A request for a file of this name -> who asks, and for what. Total."""
    vendor, said = speaker(user_agent)
    evidence = Evidence.USER_AGENT
    if vendor is None:
        vendor, evidence = _asker(name)
    file = _role(vendor, name)
    if file is None:
        return Recognised(vendor, evidence, None, said.mac, said.model, said.firmware)
    model = file.model or said.model if file.role is Role.SHARED else said.model or file.model
    return Recognised(vendor, evidence, file.role, file.mac or said.mac, model, said.firmware)


@lru_cache(maxsize=_REMEMBERED)
def speaker(user_agent: str) -> tuple[Vendor | None, UserAgent]:
    """Whose phone a User-Agent is, and what it says; None and an empty `UserAgent` for anything that is no phone's."""
    for vendor in VENDORS:
        if (said := vendor.read_user_agent(user_agent)) is not None:
            return vendor, said
    return None, UserAgent()


def by_mac(mac: Mac) -> Vendor | None:
    """Out of whose range a MAC is."""
    return next((vendor for vendor in VENDORS if vendor.makes(mac)), None)


def by_model(model: str) -> Vendor | None:
    """Whose model this is, written with or without blanks and underscores (`Trio 8800`)."""
    bare = model[:_MAX_MODEL].upper().replace("_", "").replace(" ", "")
    return next((vendor for vendor in VENDORS if bare in vendor.models), None)


def by_name(name: str) -> Vendor | None:
    """Whose phones ask for a file of this name: that of the MAC in it, or the only one that has a use for it."""
    vendor, evidence = _asker(name)
    return None if evidence is Evidence.NONE else vendor


def _asker(name: str) -> tuple[Vendor, Evidence]:
    roles = [(vendor, role) for vendor in VENDORS if (role := _role(vendor, name)) is not None]
    for vendor, role in roles:
        if role.mac is not None and vendor.makes(role.mac):
            return vendor, Evidence.MAC
    if len(roles) == 1:
        return roles[0][0], Evidence.NAME
    return DEFAULT, Evidence.NONE


def _role(vendor: Vendor, name: str) -> FileRole | None:
    return vendor.file_role(name) if len(name) <= _MAX_NAME else None
