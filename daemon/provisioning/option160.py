"""`dhcpoption160.cfg`, the file that binds a phone to us before anybody knows it: its text, and what it must hold.

Two texts with variables in angle brackets, as AudioCodes' IP Phone Manager has them: one for phones that reach us
directly, one for phones behind an SBC's HTTP proxy. They ship as they stand here; an operator's text takes their
place, and deleting it restores them. Pure. Not here: keeping an operator's text, who is served which (`provisioner`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum

from daemon.errors import ConfigError, Fault
from daemon.provisioning.placeholders.computed import House, keep_alive_minutes
from daemon.provisioning.urls import MAX_URL


class Variant(StrEnum):
    """Which of the two; the value is the name that an operator's text is kept under."""

    DIRECT = "dhcpoption160"
    PROXY = "dhcpoption160_proxy"


FILE = "dhcpoption160.cfg"
MAX_TEXT = 16 * 1024  # bytes; the shipped texts have under 500
_METHOD = "provisioning/method"

_LINES = """\
ems_server/keep_alive_period=<KEEP_ALIVE_PERIOD>
ems_server/provisioning/url={server}/
provisioning/method=STATIC
provisioning/configuration/url={server}/<CONFIGURATION_FOLDER>
provisioning/firmware/url={server}/firmwarefiles/
ems_server/user_name=system
ems_server/user_password=
"""
# The account is the vendor's shared one without its public default password: it proves nothing here.
DEFAULTS: Mapping[Variant, str] = {
    Variant.DIRECT: _LINES.format(server="<HTTP_OR_S>://<IP_ADDRESS>"),
    Variant.PROXY: _LINES.format(server="<HTTP_OR_S>://<PROXY_IP_ADDRESS>"),
}

# What stands for what. Addresses may carry a port; a folder ends with a slash.
VARIABLES: Mapping[str, str] = {
    "IP_ADDRESS": "how phones address us",
    "PROXY_IP_ADDRESS": "how they address the SBC's HTTP proxy",
    "HTTP_OR_S": "http or https, as provisioning.scheme says",
    "KEEP_ALIVE_PERIOD": "keep_alive.period in minutes",
    "CONFIGURATION_FOLDER": "ipp/tenant/<tenant>/ for a phone that came by such a URL, else configfiles/",
}

_VARIABLE = re.compile(r"<([^<>\s]{1,40})>")
_LINE = re.compile(r"(?P<key>[A-Za-z0-9_.\-/]{1,200})\s*=(?P<value>.*)\Z")
_URLS = ("url", "uri")
# Without these a phone would come once and never again.
_NEEDED = ("ems_server/provisioning/url", _METHOD, "provisioning/configuration/url", "provisioning/firmware/url")


def check(text: str, file: str = FILE) -> list[Fault]:
    """Everything that is wrong with an operator's text, line by line; empty if it may be served."""
    if len(text.encode()) > MAX_TEXT:
        return [Fault(file, 0, "", f"longer than {MAX_TEXT} bytes", "a phone needs some ten lines")]
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for number, key, value in _settings(text):
        faults += _line_faults(file, number, key, value)
        before = seen.setdefault(key, number)
        if before != number:
            wrong = f"stands in line {before} already, and which of them wins is not known"
            faults.append(Fault(file, number, key, wrong, "keep one of them"))
    faults += [
        Fault(file, number, line[:60], "sets nothing", "write key=value, or ; for a comment")
        for number, line in _lines(text)
        if not _LINE.match(line)
    ]
    missing = [key for key in _NEEDED if key not in seen]
    faults += [Fault(file, 0, key, "is missing", "restore it, or a phone will not come back") for key in missing]
    return faults


def values(house: House, server: str, folder: str = "configfiles/") -> Mapping[str, str]:
    """What the variables stand for, for a phone that addresses us as `server` and keeps to `folder`."""
    return {
        "IP_ADDRESS": server,
        "PROXY_IP_ADDRESS": server,
        "HTTP_OR_S": house.provisioning.scheme,
        "KEEP_ALIVE_PERIOD": str(keep_alive_minutes(house.keep_alive)),
        "CONFIGURATION_FOLDER": folder,
    }


def fill(text: str, variables: Mapping[str, str], file: str = FILE) -> bytes:
    """The file for one phone. `ConfigError` for a variable without a value, or a URL that a phone would cut off."""
    lines = [name for name, value in variables.items() if not value.isprintable()]
    filled = _VARIABLE.sub(lambda found: variables.get(found.group(1), found.group()), text)
    faults = [Fault(file, 0, f"<{name}>", "its value would add a line", "take the line break out") for name in lines]
    faults += [fault for number, key, value in _settings(filled) for fault in _unfit(file, number, key, value)]
    if faults:
        raise ConfigError(faults)
    return ("\n".join(filled.splitlines()) + "\n").encode()


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Every line with its number, without comments and empty ones."""
    numbered = enumerate(map(str.strip, text.splitlines()), start=1)
    return ((number, line) for number, line in numbered if line and not line.startswith(";"))


def _settings(text: str) -> Iterator[tuple[int, str, str]]:
    """Line number, key and value of every line that sets something."""
    for number, line in _lines(text):
        if found := _LINE.match(line):
            yield number, found["key"], found["value"].strip()


def _line_faults(file: str, number: int, key: str, value: str) -> Iterator[Fault]:
    if not value.isprintable():
        yield Fault(file, number, key, "holds a character that cannot be printed", "write plain text")
    if key == _METHOD and value != "STATIC":
        yield Fault(file, number, key, f"is {value[:40]!r}", "it must stay STATIC, or the phone restarts for ever")
    for name in _VARIABLE.findall(value):
        if name not in VARIABLES:
            yield Fault(file, number, key, f"there is no variable <{name}>", f"one of {', '.join(VARIABLES)}")
    if key.endswith(_URLS) and len(_VARIABLE.sub("", value)) > MAX_URL:
        yield _too_long(file, number, key, len(_VARIABLE.sub("", value)))


def _unfit(file: str, number: int, key: str, value: str) -> Iterator[Fault]:
    for name in _VARIABLE.findall(value):
        yield Fault(file, number, key, f"<{name}> has no value", f"one of {', '.join(VARIABLES)}")
    if key.endswith(_URLS) and len(value) > MAX_URL:
        yield _too_long(file, number, key, len(value))


def _too_long(file: str, number: int, key: str, length: int) -> Fault:
    wrong = f"a phone keeps {MAX_URL} characters of a URL, this has {length}"
    return Fault(file, number, key, wrong, "a shorter provisioning.server helps")
