"""A generated file for an operator's eyes: by its name alone, complete, and once more with its secrets masked.

The same maker makes it as makes the phone's, so what is seen is what is served. Pure. Not here: company directories
(`directory`), texts that stand in a generated file's place (the listener of the operators opens those itself).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from daemon.fleet.device import Device
from daemon.fleet.model import Mac, Tenant
from daemon.provisioning.making import FileMaker, to_bytes
from daemon.provisioning.masking import MASK, masked
from daemon.provisioning.option160 import DEFAULTS, Variant, fill, values
from daemon.provisioning.preview import subject_of
from daemon.provisioning.render import RenderedLine
from daemon.provisioning.vendors.registry import recognise
from daemon.provisioning.vendors.vendor import Role, Vendor
from daemon.provisioning.zero_touch import NO_TENANT


class Directory(Protocol):
    """What a view asks of the fleet."""

    @property
    def tenants(self) -> Mapping[str, Tenant]:
        """By name."""

    def device(self, mac: Mac) -> Device | None:
        """The device, if anybody knows it."""

    def default_tenant(self) -> Tenant | None:
        """Whose values a file has that no device has a part in."""


@dataclass(frozen=True, slots=True)
class View:
    """A file as the phone gets it, and as anybody may see it."""

    text: str
    masked: str
    content_type: str


def view(maker: FileMaker, directory: Directory, name: str, server: str) -> View | None:
    """The generated file of this name; None if none is generated.

    `server` is how phones address us. `ConfigError` for what cannot be filled in, `StoreUnavailable` for a password
    that cannot be opened.
    """
    seen = recognise(name, "")
    if seen.role is Role.FIRST:
        # As a phone gets it that came by no tenant's URL.
        return _shown(fill(DEFAULTS[Variant.DIRECT], values(maker.house, server)), "text/plain")
    if seen.role is Role.SHARED and seen.vendor.includes:
        shared = maker.shared(directory.default_tenant() or NO_TENANT, seen.model, seen.vendor)
        return _rendered(seen.vendor, shared.everybodys)
    device = directory.device(seen.mac) if seen.role is Role.DEVICE and seen.mac else None
    if device is None:
        return None
    subject = subject_of(device, directory.tenants, server)
    return _rendered(subject.vendor, maker.lines(subject, complete=True))


def _rendered(vendor: Vendor, lines: Iterable[RenderedLine]) -> View:
    complete = list(lines)
    shown = [line._replace(text=f"{line.key}={MASK}") if line.secret and line.key else line for line in complete]
    text, seen = to_bytes(vendor, complete).decode(), to_bytes(vendor, shown).decode()
    return View(text, masked(seen), vendor.content_type)


def _shown(body: bytes, content_type: str) -> View:
    text = body.decode()
    return View(text, masked(text), content_type)
