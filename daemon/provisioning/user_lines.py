"""What users set on their phones: which settings of a phone's own file are theirs, and come back after a reset.

A phone sends us its settings whole, the ones we gave it among them. Kept are only those of the tables below, whose keys
are the user's: an old copy of anything else would overrule whatever operators change later, and a file that somebody
else sent in a phone's name could turn its account to another server. Total: whatever comes in, lines or `BadMessage`
come out. Not here: whose file it is (`daemon.provisioning.vendors`), keeping it (the fleet).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from daemon.errors import BadMessage
from daemon.fleet.model import Mac
from daemon.provisioning.vendors.vendor import FileRole, Role

MAX_BYTES = 64 * 1024  # of what a phone sends: a full dump of 1,253 keys is under that
MAX_LINES = 1000  # kept of it; 100 keys of ten settings each
_MAX_VALUE = 256
_PLACEHOLDER = "%ITCS_"  # a value that asks for a placeholder would be given somebody's password

# Which keys are the user's, by the vendor's name for itself. Everything that is not here stays the operators':
# accounts, servers, URLs, passwords, the network; the language, which operators choose per device; and forwarding and
# do-not-disturb, which would divert calls months later to where nobody remembers.
USER_KEYS = {
    "audiocodes": re.compile(
        r"personal_settings/(?!language\Z|x_sps_id\Z)[\w/.-]+\Z"  # speed dials, functional and soft keys, display
        r"|voip/audio/volume/[\w/]+\Z"
        r"|voip/audio/gain/(?:ringer|tone)_signal_level\Z"
        r"|voip/line/\d+/(?:ring_tone|ringtone)\Z"
        r"|voip/(?:services/)?speed_dial/[\w/]+\Z"
    ),
    "yealink": re.compile(
        r"(?:linekey|programablekey|memorykey|expansion_module)\.[\w.]+\Z"
        r"|voice\.(?:\w+\.)*\w*vol\w*\Z"
        r"|phone_setting\.(?:backlight\w*|inactive_backlight\w*|active_backlight\w*|ring_type|contrast)\Z"
        r"|screensaver\.(?:type|wait_time)\Z"
    ),
    "poly": re.compile(r"(?:up|np|lcl|bg)\.[\w.]+\Z|voice\.volume\.[\w.]+\Z"),
}
# Though it stands among those: what leads elsewhere or lets somebody in.
_NEVER = re.compile(r"(?:url|uri|password|pin|secret|auth\w*|server\w*|address|host|certificate\w*)\Z", re.IGNORECASE)

_LINE = re.compile(r"(?P<key>[A-Za-z0-9_./-]{1,256})[ \t]*=[ \t]*(?P<value>.*)")
_ATTRIBUTE = re.compile(r'([A-Za-z][\w.\-]{0,255})[ \t\r\n]{0,16}=[ \t\r\n]{0,16}"([^"<]{0,1024})"')


@dataclass(frozen=True, slots=True)
class UserText:
    """What is kept of a file, in the form in which the phone gets it back; `kept` and `dropped` count its settings."""

    text: str
    kept: int
    dropped: int


def left_path(mac: Mac, name: str) -> str:
    """The document in which a phone's file of this name is kept; `<mac>.cfg` is "user/<mac>"."""
    rest = name.lower().removeprefix(mac).lstrip("-_")
    return f"user/{mac}" if rest == ".cfg" else f"user/{mac}/{rest}"


def user_lines(body: str) -> tuple[str, ...]:
    """The lines of a kept document, to be written behind everything else into an AudioCodes phone's file."""
    return tuple(_kept(body.split("\n"), "audiocodes"))[:MAX_LINES]


def read_upload(role: FileRole, vendor: str, body: bytes) -> UserText:
    """A phone's own file -> what is its user's; `BadMessage` ("user_lines") for what cannot be a phone's file."""
    if len(body) > MAX_BYTES:
        raise BadMessage("user_lines", f"longer than {MAX_BYTES} bytes", 413)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadMessage("user_lines", f"not UTF-8 at byte {error.start}") from None
    if "\0" in text:
        raise BadMessage("user_lines", "holds a zero byte")
    if role.role is Role.DIRECTORY:
        return _contacts(text)
    if vendor == "poly":
        return _attributes(text)
    lines = [line for line in text.split("\n") if "=" in line]
    kept = tuple(_kept(lines, vendor))[:MAX_LINES]
    return UserText("".join(f"{line}\n" for line in kept), len(kept), len(lines) - len(kept))


def _kept(lines: Iterable[str], vendor: str) -> Iterator[str]:
    """The user's settings; of two lines for one key the later one counts, as it does on the phone."""
    found: dict[str, str] = {}
    for line in lines:
        setting = _LINE.fullmatch(line.strip())
        if setting and _is_users(setting["key"], setting["value"], vendor):
            found.pop(setting["key"], None)
            found[setting["key"]] = setting["value"].strip()
    separator = " = " if vendor == "yealink" else "="
    return (f"{key}{separator}{value}" for key, value in found.items())


def _is_users(key: str, value: str, vendor: str) -> bool:
    keys = USER_KEYS.get(vendor)
    last = re.split(r"[/.]", key)[-1]
    if keys is None or not keys.match(key) or _NEVER.match(last) or ".." in key:
        return False
    return len(value) <= _MAX_VALUE and value.isprintable() and _PLACEHOLDER not in value


def _attributes(text: str) -> UserText:
    """Poly's overrides: settings as attributes of one element. Written anew, so that nothing else comes through."""
    found = _ATTRIBUTE.findall(text)
    kept = {key: value for key, value in found if _is_users(key, value, "poly") and "&" not in value}
    kept = dict(list(kept.items())[:MAX_LINES])
    inside = " ".join(f"{key}={quoteattr(value)}" for key, value in kept.items())
    written = f'<?xml version="1.0" encoding="UTF-8"?>\n<PHONE_CONFIG><OVERRIDES {inside}/></PHONE_CONFIG>\n'
    return UserText(written if kept else "", len(kept), len(found) - len(kept))


def _contacts(text: str) -> UserText:
    """A list of contacts, kept as it is: names and numbers, which lead nowhere by themselves."""
    if "<!" in text:
        raise BadMessage("user_lines", "declares a document type or entities")
    return UserText(text, int(bool(text.strip())), 0)
