"""Files for phones: template lines and placeholder values in, bytes out. The same input gives the same bytes.

Two files make a phone's configuration. The global file is fetched by anybody who knows its name, so it holds only
lines that need neither a secret nor a device to be filled in. The device's file includes it and then repeats every
shared line that reads otherwise for this device (a site's VLAN, a password), so that an override works wherever a
template's author put the line; of two equal keys the later one wins. The stripped form lacks every line that depends
on a secret. Not here: who gets which form (`first_contact`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from daemon.errors import ConfigError, Fault
from daemon.provisioning.placeholders import OPENING, Expansion, Lookup, Value, expand, looks_secret
from daemon.provisioning.templates import Line, Template

# The vendor's phones keep this many characters of a URL (parameter database of firmware 3.0.4).
MAX_URL = 128

_GLOBAL_NAME = re.compile(r"Audiocodes_([A-Za-z0-9]{2,16})_global_GENERIC_empty\.cfg\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RenderedLine:
    """A line as the phone gets it, with the provenance of its values."""

    text: str
    values: tuple[Value, ...]
    secret: bool


def global_name(model: str) -> str:
    """What the file that all phones of a model share is called."""
    return f"Audiocodes_{model}_global_GENERIC_empty.cfg"


def model_of_global(name: str) -> str:
    """The model in such a name, in capitals; "" if the name is none."""
    found = _GLOBAL_NAME.match(name)
    return found.group(1).upper() if found else ""


def shared_lines(template: Template, lookup: Lookup) -> list[RenderedLine]:
    """The lines of the global file; `lookup` knows no device and no site."""
    return [line for line in (_shared(line, lookup) for line in template.shared) if line is not None]


def device_lines(
    template: Template, lookup: Lookup, shared: Lookup, *, include: str, device: str, complete: bool
) -> list[RenderedLine]:
    """The lines of a device's file, beginning with the include of the global file at `include`.

    `complete` False drops every line that depends on a secret. `ConfigError` names template, line, placeholder and
    `device` for everything that cannot be filled in: nothing is served by halves.
    """
    faults: list[Fault] = []
    rendered = [RenderedLine(f"include {include}", (), secret=False)]
    rendered += _differing(template, lookup, shared, device, faults)
    rendered += [_filled(template, line, lookup, device, faults) for line in template.own if not _own_include(line)]
    if faults:
        raise ConfigError(faults)
    return [line for line in rendered if complete or not line.secret]


def to_bytes(lines: Iterable[RenderedLine]) -> bytes:
    """Lines -> the file, in UTF-8."""
    return "".join(f"{line.text}\n" for line in lines).encode()


def dhcpoption160(server_url: str, folder: str, keep_alive_minutes: int) -> bytes:
    """`dhcpoption160.cfg`, the file that binds a phone to us before anybody knows it: seven lines, no secret.

    The method must be STATIC, or the phone restarts for ever (AudioCodes' guide, 4.5.1). `folder` is the
    configuration folder below `server_url`, which ends with a slash. The account is the vendor's shared one without
    its public default password: it proves nothing here.
    """
    lines = (
        f"ems_server/keep_alive_period={keep_alive_minutes}",
        f"ems_server/provisioning/url={server_url}",
        "provisioning/method=STATIC",
        f"provisioning/configuration/url={server_url}{folder}",
        f"provisioning/firmware/url={server_url}firmwarefiles/",
        "ems_server/user_name=system",
        "ems_server/user_password=",
    )
    faults = [fault for line in lines if (fault := _too_long("dhcpoption160.cfg", Line(1, line), line))]
    if faults:
        raise ConfigError(faults)
    return "".join(f"{line}\n" for line in lines).encode()


def _shared(line: Line, lookup: Lookup) -> RenderedLine | None:
    """A shared line as everybody gets it; None if only a device's file can have it."""
    expansion = expand(line.text, lookup)
    if expansion.wrong or _is_secret(line, expansion):
        return None
    return RenderedLine(expansion.text, expansion.values, secret=False)


def _differing(
    template: Template, lookup: Lookup, shared: Lookup, device: str, faults: list[Fault]
) -> Iterator[RenderedLine]:
    for line in template.shared:
        everybodys = _shared(line, shared)
        filled = _filled(template, line, lookup, device, faults)
        if everybodys is None or everybodys.text != filled.text:
            yield filled


def _filled(template: Template, line: Line, lookup: Lookup, device: str, faults: list[Fault]) -> RenderedLine:
    expansion = expand(line.text, lookup)
    faults += [
        Fault(template.name, line.number, f"{OPENING}{wrong.name}%", f"{wrong.why} (device {device})", wrong.hint)
        for wrong in expansion.wrong
    ]
    fault = _too_long(template.name, line, expansion.text)
    faults += [fault] if fault else []
    return RenderedLine(expansion.text, expansion.values, _is_secret(line, expansion))


def _is_secret(line: Line, expansion: Expansion) -> bool:
    return expansion.secret or looks_secret(line.key)


def _own_include(line: Line) -> bool:
    """Whether a template includes its own global file, by whatever name: our include stands there already."""
    return line.is_include and "_global_" in line.text


def _too_long(file: str, line: Line, text: str) -> Fault | None:
    key, _, url = text.partition("=")
    if not key.strip().endswith(("url", "uri")) or len(url) <= MAX_URL:
        return None
    hint = "a shorter provisioning.server helps"
    return Fault(file, line.number, key, f"a phone keeps {MAX_URL} characters of a URL, this has {len(url)}", hint)
