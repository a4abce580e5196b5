"""The login of a phone's own web pages and server, which operators write down as placeholders.

`PhoneWebUser` and `PhoneWebPassword`, of the device, else its site, tenant, model or the system, as any placeholder;
sealed where they are kept, opened here when a phone asks for them. Nothing is guessed: without a password none is
shown. Not here: the request itself (`daemon.integrations.phone_commands`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from daemon.fleet.device import Device
from daemon.fleet.model import Mac, Tenant
from daemon.provisioning.making import FileMaker
from daemon.provisioning.preview import subject_of

USER, PASSWORD = "PhoneWebUser", "PhoneWebPassword"


@dataclass(frozen=True, slots=True)
class Login:
    """User and password in the clear; the password never shows."""

    user: str
    password: str = field(repr=False)


class Devices(Protocol):
    """What is asked of the fleet."""

    @property
    def tenants(self) -> Mapping[str, Tenant]:
        """By name."""

    def device(self, mac: Mac) -> Device | None:
        """The device, if it is still there."""


def login_of(devices: Devices, maker: Callable[[], FileMaker], mac: Mac) -> Login | None:
    """A phone's login, None if nobody wrote one down.

    `StoreUnavailable` if the password cannot be opened, `ConfigError` if the device's template is not there.
    """
    device = devices.device(mac)
    if device is None:
        return None
    subject = subject_of(device, devices.tenants, "")
    values = maker().values(subject)
    user, password = values.resolve(USER), values.resolve(PASSWORD)
    if password is None or not password.text:
        return None
    return Login((user.text if user else "") or subject.vendor.web_user, password.text)
