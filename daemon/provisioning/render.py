"""Lines for phones: template lines and placeholder values in, finished lines out. The same input gives the same lines.

Two files make a phone's configuration. The global file is fetched by anybody who knows its name, so it holds only
lines that need neither a secret nor a device to be filled in. The device's file includes it and then repeats every
shared line that reads otherwise for this device (a site's VLAN, a password), so that an override works wherever a
template's author put the line; of two equal keys the later one wins. Phones that know no includes get all of it in
one file. The stripped form lacks every line that depends on a secret. Not here: who gets which form
(`first_contact`), the bytes of a vendor's syntax (`vendors`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from daemon.errors import ConfigError, Fault
from daemon.provisioning.placeholders.lookup import OPENING, Expansion, Lookup, Value, expand, looks_secret, names_in
from daemon.provisioning.templates.template import Line, Template
from daemon.provisioning.urls import MAX_URL


class RenderedLine(NamedTuple):
    """A line as the phone gets it, with the provenance of its values: `source` and `number` are its template's."""

    text: str
    values: tuple[Value, ...]
    secret: bool
    source: str = ""
    number: int = 0

    @property
    def key(self) -> str:
        """The name before the equals sign; "" for an include."""
        key, equals, _ = self.text.partition("=")
        return key.strip() if equals else ""


class SharedLines:
    """A template's shared lines as one tenant's phones of one model have them; `lookup` knows no device and no site.

    Filled in once for all devices, which then cost no more than the lines in which they differ.
    """

    def __init__(self, template: Template, lookup: Lookup) -> None:
        self.template = template
        self.lookup = lookup
        self._lines = tuple((line, _asked(line), _shared(template, line, lookup)) for line in template.shared)

    @property
    def everybodys(self) -> list[RenderedLine]:
        """The lines of the global file."""
        return [rendered for _, _, rendered in self._lines if rendered is not None]

    def of_device(self, lookup: Lookup, device: str, faults: list[Fault], *, whole: bool) -> Iterator[RenderedLine]:
        """The shared lines that read otherwise for a device, or all of them if `whole`."""
        own = lookup.names()
        for line, asked, everybodys in self._lines:
            if everybodys is not None and asked.isdisjoint(own):
                if whole:
                    yield everybodys
                continue
            filled = _filled(self.template, line, lookup, device, faults)
            if whole or everybodys is None or everybodys.text != filled.text:
                yield filled


def device_lines(
    shared: SharedLines, lookup: Lookup, own: Sequence[Line], *, include: str, device: str, complete: bool
) -> list[RenderedLine]:
    """The lines of a device's file: `own` are those of the template's second block, with whatever was inserted there.

    It begins with the include of the global file at `include`; "" for phones that know no includes. `complete` False
    drops every line that depends on a secret. `ConfigError` names template, line, placeholder and `device` for
    everything that cannot be filled in: nothing is served by halves.
    """
    faults: list[Fault] = []
    rendered = [RenderedLine(f"include {include}", (), secret=False)] if include else []
    rendered += shared.of_device(lookup, device, faults, whole=not include)
    rendered += [_filled(shared.template, line, lookup, device, faults) for line in own if not _own_include(line)]
    if faults:
        raise ConfigError(faults)
    return [line for line in rendered if complete or not line.secret]


def texts(lines: Iterable[RenderedLine]) -> str:
    """Lines as a person reads them."""
    return "".join(f"{line.text}\n" for line in lines)


def _asked(line: Line) -> frozenset[str]:
    """The placeholders of a line; a private one is asked of the device by its bare name."""
    return frozenset(name.removeprefix("P_") for name in names_in(line.text)) | frozenset(names_in(line.text))


def _shared(template: Template, line: Line, lookup: Lookup) -> RenderedLine | None:
    """A shared line as everybody gets it; None if only a device's file can have it."""
    expansion = expand(line.text, lookup)
    if expansion.wrong or _is_secret(line, expansion):
        return None
    return RenderedLine(expansion.text, expansion.values, False, _source(template, line), line.number)


def _filled(template: Template, line: Line, lookup: Lookup, device: str, faults: list[Fault]) -> RenderedLine:
    expansion = expand(line.text, lookup)
    if expansion.wrong:
        faults += _unfilled(template, line, expansion, device)
    if len(expansion.text) > MAX_URL and (fault := _too_long(_source(template, line), line, expansion.text)):
        faults.append(fault)
    secret = _is_secret(line, expansion)
    return RenderedLine(expansion.text, expansion.values, secret, _source(template, line), line.number)


def _unfilled(template: Template, line: Line, expansion: Expansion, device: str) -> list[Fault]:
    return [
        Fault(
            _source(template, line),
            line.number,
            f"{OPENING}{wrong.name}%",
            f"{wrong.why} (device {device})",
            wrong.hint,
        )
        for wrong in expansion.wrong
    ]


def _source(template: Template, line: Line) -> str:
    """Which text a line's number counts in: its template's, or that of whoever put it in."""
    return line.origin or template.name


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
