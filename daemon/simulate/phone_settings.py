"""A phone's settings as it reads them from a configuration file: `key=value` lines, `;` comments, includes.

The phone keeps what it read (it survives a reboot), so a later file without passwords takes none away. Not here:
fetching.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PROVISIONING_URL = "ems_server/provisioning/url"
KEEP_ALIVE_MINUTES = "ems_server/keep_alive_period"
EMS_USER = "ems_server/user_name"
CONFIGURATION_URL = "provisioning/configuration/url"
FIRMWARE_URL = "provisioning/firmware/url"
SIP_DOMAIN = "voip/signalling/sip/proxy_gateway"
SIP_PROXY = "voip/signalling/sip/proxy_address"
SPEED_DIALS = "personal_settings/functional_key"
LINE_USER = "voip/line/0/id"
LINE_PASSWORD = "voip/line/0/auth_password"  # noqa: S105 - the name of a key


@dataclass(frozen=True, slots=True)
class ConfigurationFile:
    """What one file says: its settings, and the files it includes, in order."""

    settings: Mapping[str, str]
    includes: tuple[str, ...]


def read_configuration(raw: bytes) -> ConfigurationFile:
    """A file's bytes -> what it says; lines that make no sense are passed over, as a phone does."""
    settings: dict[str, str] = {}
    includes: list[str] = []
    for line in raw.decode(errors="replace").splitlines():
        text = line.strip()
        key, separator, value = text.partition("=")
        if text.startswith("include "):
            includes.append(text.removeprefix("include ").strip())
        elif separator and not text.startswith(";"):
            settings[key.strip()] = value.strip()
    return ConfigurationFile(settings, tuple(includes))
