"""What a template is: lines in a global section and a device section, kept as they were written, and four markers.

A marker line is where something is put in when a file is made:

    zzz0_daylight_cfg=ENABLE   daylight saving      zzz2_site_cfg   what the site wants
    zzz1_tenant_cfg            what the tenant wants   zzz3_user_cfg   what the phone's user set

Of two equal keys the later line counts, so the order of precedence is template, daylight, tenant, site, user. A marker
that a template lacks is thought to stand before the next one it has, or at the very end; only daylight saving, whose
keys are one maker's, goes nowhere without its marker. What a site or a user wants is nobody else's business, so it
stands in the device's section wherever the marker is. Not here: reading and writing
templates (`xml_form`, `plain_form`), which one is due to whom (`templates`), filling in (`placeholders`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from daemon.errors import Fault
from daemon.provisioning.placeholders.lookup import OPENING, PLACEHOLDER

# A dump of every key has some 1,300 lines; this many are no template any more.
MAX_LINES = 10_000

_SETTING = re.compile(r"[A-Za-z0-9_./%-]+\s*=")
_INCLUDE = re.compile(r"include\s+\S")
# What would end a line on a phone, and what XML cannot hold: controls but the tab, separators, half characters.
_REFUSED = frozenset({"Cc", "Zl", "Zp", "Cs"})
_NO_CHARACTERS = frozenset({"\ufffe", "\uffff"})


class Marker(StrEnum):
    """Where something is put in, least important first; the value is how the line begins."""

    DAYLIGHT = "zzz0_daylight_cfg"
    TENANT = "zzz1_tenant_cfg"
    SITE = "zzz2_site_cfg"
    USER = "zzz3_user_cfg"


_MARKER = re.compile(rf"({'|'.join(Marker)})(?![\w/])(?:\s*=\s*(\w+))?")
_OF_ONE_DEVICE = frozenset({Marker.SITE, Marker.USER})


class Section(StrEnum):
    """Which of the two files a line goes to."""

    GLOBAL = "global"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Line:
    """One line and where it stands: `number` counts in `origin`, "" for the template itself. Equal if it says the same.

    Not only configuration: a line may be empty, a comment or a marker.
    """

    number: int = field(compare=False)
    text: str
    origin: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """The name before the equals sign; "" for an include."""
        key, equals, _ = self.text.partition("=")
        return key.strip() if equals else ""

    @property
    def value(self) -> str:
        """What stands behind the equals sign."""
        return self.text.partition("=")[2].strip()

    @property
    def is_include(self) -> bool:
        """Whether the line pulls in another file."""
        return _INCLUDE.match(self.text) is not None

    @property
    def says_nothing(self) -> bool:
        """Whether it is empty or a comment."""
        return not self.text or self.text.startswith(";")

    @property
    def marker(self) -> Marker | None:
        """Which marker this is, if it is one."""
        found = _MARKER.match(self.text) if self.text.startswith("zzz") else None
        return Marker(found.group(1)) if found else None

    @property
    def is_setting(self) -> bool:
        """Whether it is for the phone."""
        return not self.says_nothing and self.marker is None


@dataclass(frozen=True, slots=True)
class Block:
    """One of the parts a template is written in: the vendor's `file_config`, with its lines as they were written."""

    section: Section
    lines: tuple[Line, ...]
    file_name: str
    folder: str


@dataclass(frozen=True, slots=True)
class Template:
    """How the files of one model are made: `shared` lines for the global file, `own` lines for the phone's.

    `blocks` is the same as it was written, with comments, empty lines and markers.
    """

    name: str
    type: str
    description: str
    shared: tuple[Line, ...]
    own: tuple[Line, ...]
    markers: tuple[Line, ...]
    blocks: tuple[Block, ...] = ()


def made_of(name: str, kind: str, description: str, blocks: Sequence[Block]) -> Template:
    """A template of these blocks."""

    def of(section: Section) -> tuple[Line, ...]:
        written = (line for block in blocks if block.section is section for line in block.lines)
        return tuple(line for line in written if line.is_setting)

    markers = tuple(line for block in blocks for line in block.lines if line.marker)
    return Template(name, kind, description, of(Section.GLOBAL), of(Section.DEVICE), markers, tuple(blocks))


def with_insertions(template: Template, insertions: Mapping[Marker, Sequence[Line]]) -> Template:
    """The same template with these lines in place of its markers. Nothing is put in at a marker set to DISABLE."""
    wanted = {marker: lines for marker, lines in insertions.items() if lines and _takes(template, marker)}
    if not wanted:
        return template
    homes = _homes(template)
    shared = _filled(template, Section.GLOBAL, {m: wanted.get(m, ()) for m in homes if m not in _OF_ONE_DEVICE}, homes)
    own = _filled(template, Section.DEVICE, wanted, homes)
    early = [
        line
        for marker in (Marker.SITE, Marker.USER)
        if homes[marker].section is Section.GLOBAL
        for line in wanted.get(marker, ())
    ]
    return replace(template, shared=tuple(shared), own=(*early, *own))


@dataclass(frozen=True, slots=True)
class _Home:
    """Where a marker stands or is thought to stand: before the line at `index` of its section's lines."""

    section: Section
    index: int


def _takes(template: Template, marker: Marker) -> bool:
    """Whether anything is put in there."""
    for line in template.markers:
        found = _MARKER.match(line.text)
        if found and found.group(1) == marker:
            return (found.group(2) or "").upper() != "DISABLE"
    return marker is not Marker.DAYLIGHT


def _homes(template: Template) -> dict[Marker, _Home]:
    """The first place of each marker; one that is missing shares the place of the next, at last the end."""
    found: dict[Marker, _Home] = {}
    counts = dict.fromkeys(Section, 0)
    for block in template.blocks:
        for line in block.lines:
            if line.marker:
                found.setdefault(line.marker, _Home(block.section, counts[block.section]))
            counts[block.section] += line.is_setting
    following = _Home(Section.DEVICE, len(template.own))
    for marker in reversed(Marker):
        following = found.setdefault(marker, following)
    return found


def _filled(
    template: Template, section: Section, wanted: Mapping[Marker, Sequence[Line]], homes: Mapping[Marker, _Home]
) -> list[Line]:
    lines = template.shared if section is Section.GLOBAL else template.own
    at: dict[int, list[Line]] = {}
    for marker in Marker:
        if homes[marker].section is section:
            at.setdefault(homes[marker].index, []).extend(wanted.get(marker, ()))
    filled: list[Line] = []
    done = 0
    for index, added in sorted(at.items()):
        filled += [*lines[done:index], *added]
        done = index
    return [*filled, *lines[done:]]


def read_lines(text: str, first: int = 1, origin: str = "") -> tuple[Line, ...]:
    """A text as lines, each without the blanks around it; `first` is the number of its first one."""
    return tuple(Line(first + offset, line.strip(), origin) for offset, line in enumerate(text.split("\n")))


def line_faults(file: str, lines: Iterable[Line]) -> list[Fault]:
    """What is wrong with lines as configuration, whatever the placeholders in them are worth."""
    return [fault for line in lines if (fault := _line_fault(file, line))]


def _line_fault(file: str, line: Line) -> Fault | None:
    if any(_unfit(character) for character in line.text):
        return Fault(file, line.number, line.text[:40], "holds a line break, control or half character")
    if line.says_nothing or line.marker:
        return None
    if not (_SETTING.match(line.text) or line.is_include):
        return Fault(file, line.number, line.text[:40], "neither key=value, nor include, nor a comment")
    if OPENING in PLACEHOLDER.sub("", line.text):
        return Fault(file, line.number, line.text[:40], "a placeholder is not closed", "write %ITCS_name%")
    return None


def _unfit(character: str) -> bool:
    return character in _NO_CHARACTERS or (character != "\t" and unicodedata.category(character) in _REFUSED)
