"""Which passwords a phone may log in with: its permanent secret, and for a while the one before it.

Not here: judging a login (`logins`), how a secret is made (`daemon.provisioning.sealing`).
"""

from __future__ import annotations

from collections.abc import Callable

from daemon.fleet.model import Mac
from daemon.http.phones.caller import Directory
from daemon.http.phones.logins import Passwords

DeviceSecret = Callable[[Mac, int], str]  # a MAC and its secret's generation


def nobodys_secret(mac: Mac, generation: int) -> str:
    """Where no secret can be made: no login is right."""
    return ""


class Passbook:
    """Looks passwords up; `now` gives UTC seconds."""

    def __init__(self, directory: Directory, device_secret: DeviceSecret, now: Callable[[], float]) -> None:
        self._directory = directory
        self._device_secret = device_secret
        self._now = now

    def passwords_of(self, mac: Mac) -> Passwords:
        """Of a device; the former only while the device is armed, to fetch the new one with. A stranger has one too."""
        device = self._directory.device(mac)
        record = device.record if device else None
        generation = record.secret_generation if record else 0
        armed = record is not None and self._now() < record.armed_until
        former = self._device_secret(mac, generation - 1) if armed and generation else ""
        return Passwords(self._device_secret(mac, generation), former)
