"""Provisioning URLs: the ones we hand out, and the requests that a phone makes of one before any phone has made them.

Option 160 holds `scheme://host/firmware;configuration`, either side may be left out, and a side that names no file
stands for the default one in that folder: `<MODEL>.img`, `<MAC>.cfg` (AudioCodes' administrator manuals). A phone looks
at its firmware first and then fetches its configuration. Pure. Not here: the text for a DHCP server (`dhcp`), what we
answer to such a request (`provisioner`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, unquote, urlsplit

from daemon.config.settings import Settings
from daemon.errors import Refused

MAX_URL = 128  # characters of a URL that the vendor's phones keep (parameter database of firmware 3.0.4)
MAX_OPTION = 255  # bytes that one DHCP option carries (RFC 2132 section 2)

# Scheme, host and perhaps a port: nothing that could end a quoted string in any snippet.
_BASE = re.compile(r"https?://(?:[A-Za-z0-9_.-]{1,100}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?\Z")
_PROXY = re.compile(r"(?:[A-Za-z0-9_.-]{1,100}|\[[0-9A-Fa-f:.]{2,45}\]):\d{1,5}\Z")
_OPTION = re.compile(r"(?P<root>(?:https?|tftp|ftp)://[^/;?#\s]{1,253})(?:/(?P<sides>[!-~]*))?\Z", re.IGNORECASE)
_PORT = re.compile(r":\d+\Z")
# What a phone tells a file from a folder by: the suffixes its manuals name.
_FILE = re.compile(r"[^/]+\.(?:img|cfg|cfx)\Z", re.IGNORECASE)


class Form(StrEnum):
    """Which kind of URL phones are given."""

    ZERO_TOUCH = "zero-touch"  # a phone belongs to the tenant it names, from its first request on
    SYSTEM = "system"  # it names nobody: a phone learns our address, and waits for approval
    REGION = "region"  # the older form of zero touch; it names a tenant or a site
    DIRECT = "direct"  # for debugging: typed into a phone where no DHCP server helps


@dataclass(frozen=True, slots=True)
class Address:
    """Where phones are sent. `base` is scheme, host and port of us, or of the SBC's HTTP proxy in front of us."""

    base: str
    form: Form
    tenant: str = ""
    behind_proxy: bool = False

    def option(self) -> str:
        """As AudioCodes' phones take it: the folder of firmware, and the folder or file of the configuration."""
        if self.form is Form.DIRECT:
            return self.folder()
        if self.form is not Form.SYSTEM:
            return f"{self.base}/firmwarefiles;{self._path()}"
        return f"{self.base}/firmwarefiles;ipp/{'httpproxy/' if self.behind_proxy else 'dhcpoption160.cfg'}"

    def folder(self) -> str:
        """The folder of configurations alone, as it is typed into a phone; other vendors' phones take nothing else."""
        return f"{self.base}/{self._path()}"

    def _path(self) -> str:
        match self.form:
            case Form.SYSTEM:
                return "ipp/httpproxy" if self.behind_proxy else "ipp"
            case Form.REGION:
                return f"ipp/region/{_folder(self.tenant)}"
            case Form.ZERO_TOUCH | Form.DIRECT:
                return f"ipp/tenant/{_folder(self.tenant)}"


def address_for(base: str, form: Form, tenant: str = "", via_proxy: str = "") -> Address:
    """The address in this form; `Refused` says what is missing, too much or too long.

    `base` is how phones address us, e.g. `http://prov.example.net:8081`. `via_proxy` is `host:port` of an SBC's HTTP
    proxy that they address instead.
    """
    bare = base.removesuffix("/")
    if not _BASE.match(bare):
        raise Refused(f"not an address of ours: {base[:100]!r}; write it like http://prov.example.net:8081")
    if via_proxy and not _PROXY.match(via_proxy):
        raise Refused(f"not an address of a proxy: {via_proxy[:100]!r}; write it like 192.0.2.1:8080")
    if form is Form.SYSTEM and tenant:
        raise Refused("the system URL names no tenant: leave it out, or choose zero-touch")
    if form is not Form.SYSTEM and not tenant:
        raise Refused(f"a {form} URL names a {'tenant or site' if form is Form.REGION else 'tenant'}: say which")
    if via_proxy:
        bare = f"{bare.partition('://')[0]}://{via_proxy}"
    address = Address(bare, form, tenant, behind_proxy=bool(via_proxy))
    if len(address.option()) > MAX_URL:
        raise Refused(f"a phone keeps {MAX_URL} characters of a URL, and this has more: {address.option()[:200]}")
    return address


def own_url(settings: Settings) -> str:
    """How phones address us by the settings; "" if these do not say."""
    scheme, name = settings.provisioning.scheme, settings.provisioning.server
    port = next((listen.port for listen in settings.http.phones.listen if listen.scheme != "unix"), 0)
    # Over https a proxy in front of us ends TLS, at a port of its own.
    told = scheme == "https" or _PORT.search(name) or port in {0, 80}
    return f"{scheme}://{name}" + ("" if told else f":{port}") if name else ""


class Purpose(StrEnum):
    """What a phone wants to have."""

    FIRMWARE = "firmware"
    CONFIGURATION = "configuration"


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """A request that a phone will make. Of firmware it reads the header, and the rest only if that differs."""

    purpose: Purpose
    url: str
    method: str = "GET"

    @property
    def path(self) -> str:
        """Its path as a server sees it, percent signs undone."""
        return unquote(urlsplit(self.url).path)


def requests_of(option: str, model: str, mac: str) -> tuple[PlannedRequest, ...]:
    """Option 160 as a phone of this model and MAC reads it -> what it asks for, in order; empty if it is no URL.

    Total. A single folder without a semicolon, as typed into a phone, serves for both files.
    """
    found = _OPTION.match(option) if len(option) <= MAX_OPTION else None
    if found is None:
        return ()
    firmware, semicolon, configuration = (found["sides"] or "").partition(";")
    if not semicolon and not _FILE.search(firmware):
        configuration = firmware
    sides = ((Purpose.FIRMWARE, firmware, f"{model}.img"), (Purpose.CONFIGURATION, configuration, f"{mac}.cfg"))
    return tuple(
        PlannedRequest(purpose, f"{found['root']}/{_file_in(side, default, model, mac)}")
        for purpose, side, default in sides
    )


def pair_of_option(option: str) -> tuple[str, str]:
    """Option 160 -> options 66 (scheme, host, port) and 67 (the names), which say the same to a phone."""
    scheme, separator, rest = option.partition("://")
    host, _, names = rest.partition("/")
    return f"{scheme}{separator}{host}", names


def _folder(name: str) -> str:
    """A tenant's name in a path. One that looks like a file gets a slash behind it, or phones would take it for one."""
    quoted = quote(name, safe="")
    return f"{quoted}/" if _FILE.match(quoted) else quoted


def _file_in(side: str, default: str, model: str, mac: str) -> str:
    """The path below the server's root down to a file, with what a phone fills in."""
    bare = side.strip("/")
    path = side.lstrip("/") if _FILE.search(side) else f"{bare}/{default}" if bare else default
    return path.replace("<MODEL>", model).replace("<MAC>", mac)
