"""Whether a template would work, asked when it is written instead of when a phone comes for its file.

Faults keep a template out: placeholders that nobody defined, files that include themselves, secrets that somebody sent
back masked. Warnings let it in: a key whose value the phones do not take. Not here: whether it can be read at all
(`xml_form`, `plain_form`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from daemon.errors import Fault
from daemon.provisioning.placeholders.keys import key_fault
from daemon.provisioning.placeholders.known import known, likely
from daemon.provisioning.placeholders.lookup import OPENING, PLACEHOLDER, looks_secret
from daemon.provisioning.templates.template import Line, Marker, Section, Template

MASK = "********"
"""Stands in the place of a secret that is not shown."""

_UNDEFINED_HINT = "define it first, or say allow_undefined"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found: `faults` keep it out, `warnings` do not."""

    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


def check_template(template: Template, defined: Collection[str] = (), *, allow_undefined: bool = False) -> Checked:
    """Look a template through. `defined`: names beyond the known ones that somebody gave a value."""
    lines = (*template.shared, *template.own)
    undefined = [*_undefined(template.name, lines, defined)]
    faults = [
        *_circles(template),
        *_masked(template.name, lines),
        *_markers(template),
        *([] if allow_undefined else undefined),
    ]
    warnings = [*_values(template), *(undefined if allow_undefined else [])]
    return Checked(tuple(faults), tuple(warnings))


def check_lines(file: str, lines: Sequence[Line], defined: Collection[str] = ()) -> tuple[Fault, ...]:
    """The same for lines outside of a template."""
    return (*_undefined(file, lines, defined), *_masked(file, lines))


def masked(template: Template) -> Template:
    """The same without the secrets that its lines hold in clear."""
    blocks = tuple(replace(block, lines=tuple(map(covered, block.lines))) for block in template.blocks)
    return replace(
        template,
        shared=tuple(map(covered, template.shared)),
        own=tuple(map(covered, template.own)),
        blocks=blocks,
    )


def holds_secrets(template: Template) -> bool:
    """Whether a line holds a secret in clear."""
    return any(covered(line) is not line for line in (*template.shared, *template.own))


def covered(line: Line) -> Line:
    """The same line, a secret that stands in it masked."""
    if line.says_nothing or not line.value or OPENING in line.value or not looks_secret(line.key):
        return line
    return replace(line, text=f"{line.key}={MASK}")


def _undefined(file: str, lines: Sequence[Line], defined: Collection[str]) -> Iterator[Fault]:
    for line in lines:
        for name in dict.fromkeys(PLACEHOLDER.findall(line.text)):
            if known(name) is None and name.removeprefix("P_") not in defined:
                near = likely(name)
                hint = f"did you mean {OPENING}{near}%? else {_UNDEFINED_HINT}" if near else _UNDEFINED_HINT
                yield Fault(file, line.number, f"{OPENING}{name}%", "nobody defined this placeholder", hint)


def _circles(template: Template) -> Iterator[Fault]:
    """The global file may not include itself nor a phone's file, and a phone's file not itself."""
    names = {section: _file_names(template, section) for section in Section}
    for line in template.shared:
        if line.is_include and _included(line) in names[Section.GLOBAL] | names[Section.DEVICE]:
            yield _circle(template, line)
    for line in template.own:
        if line.is_include and _included(line) in names[Section.DEVICE]:
            yield _circle(template, line)


def _circle(template: Template, line: Line) -> Fault:
    return Fault(template.name, line.number, line.text[:60], "includes itself by a circle", "remove the line")


def _file_names(template: Template, section: Section) -> frozenset[str]:
    return frozenset(block.file_name.casefold() for block in template.blocks if block.section is section)


def _included(line: Line) -> str:
    """The file's name without the folders and address in front of it."""
    return line.text.removeprefix("include").strip().rpartition("/")[2].casefold()


def _markers(template: Template) -> Iterator[Fault]:
    seen: set[Marker] = set()
    for line in template.markers:
        if line.marker in seen:
            yield Fault(template.name, line.number, line.text[:40], "stands here twice", "keep one of them")
        elif line.marker:
            seen.add(line.marker)


def _masked(file: str, lines: Sequence[Line]) -> Iterator[Fault]:
    for line in lines:
        if MASK in line.value and looks_secret(line.key):
            hint = "write the secret, or take the text with secrets=true before you edit it"
            yield Fault(file, line.number, line.key, "stands masked in place of a secret", hint)


def _values(template: Template) -> Iterator[Fault]:
    for line in (*template.shared, *template.own):
        if line.key and OPENING not in line.text and (wrong := key_fault(line.key, line.value)):
            yield Fault(template.name, line.number, line.key, wrong, "the phone would not take it")
