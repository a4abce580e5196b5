"""All templates on disk, the shipped ones and those in the operators' folder, and which is due to whom.

A shipped file may extend another one: it says only what is different, a line with a key that the other has takes that
line's place, any other is added. So nine models share one text. Not here: what a template is (`template`), those that
operators wrote as documents (`library`), reading folders (`daemon.store.files`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import PurePosixPath

from daemon.errors import ConfigError, Fault
from daemon.provisioning.templates.template import Block, Line, Template, made_of
from daemon.provisioning.templates.xml_form import FILE_NAMES, MAX_BYTES, Extension, parse_extension, parse_template

__all__ = ["GENERIC", "MAX_BYTES", "Line", "Template", "Templates", "load_templates", "parse_template"]

GENERIC = "generic"


class Templates:
    """All templates, the shipped ones and those of operators, which shadow them.

    Keys are paths without suffix: `<tenant>/<model>`, `<model>` or `generic`; the last one must be there.
    """

    def __init__(self, shipped: Mapping[str, Template], own: Mapping[str, Template]) -> None:
        self._shipped = {path.casefold(): (path, template) for path, template in shipped.items()}
        self._own = {path.casefold(): (path, template) for path, template in own.items()}

    def named(self, name: str) -> Template | None:
        """The one of this name, in any case; the operators' before the shipped one."""
        _, template = self._own.get(name.casefold()) or self._shipped.get(name.casefold()) or ("", None)
        return template

    def in_folder(self, name: str) -> Template | None:
        """The one of this name in the operators' folder."""
        return self._own.get(name.casefold(), ("", None))[1]

    def names(self) -> Iterator[str]:
        """Every name once, as its file is spelled."""
        yield from (path for path, _ in {**self._shipped, **self._own}.values())


def load_templates(shipped: Mapping[str, bytes], own: Mapping[str, bytes]) -> Templates:
    """Files by path (`acme/420HD.xml` -> bytes) -> templates; `ConfigError` names what is wrong in every one."""
    faults: list[Fault] = []
    ours = _resolved(_load("shipped/", shipped, faults), faults)
    theirs = _load("", own, faults)
    faults += [_uninvited(read.template) for read in theirs.values() if read.extends]
    if GENERIC not in ours and not faults:
        faults.append(Fault("shipped/generic.xml", 1, GENERIC, "is missing", "install the program again"))
    if faults:
        raise ConfigError(faults)
    return Templates(ours, {name: read.template for name, read in theirs.items()})


def _load(origin: str, files: Mapping[str, bytes], faults: list[Fault]) -> dict[str, Extension]:
    templates = {}
    for path, raw in sorted(files.items()):
        try:
            templates[str(PurePosixPath(path).with_suffix(""))] = parse_extension(f"{origin}{path}", raw)
        except ConfigError as error:
            faults.extend(error.faults)
    return templates


def _uninvited(template: Template) -> Fault:
    return Fault(template.name, 1, "extends", "only shipped templates may extend another", "write the whole template")


def _resolved(read: Mapping[str, Extension], faults: list[Fault]) -> dict[str, Template]:
    """Every template whole, each with what it extends; a circle is a fault, and so is a name that is not there."""
    whole: dict[str, Template] = {}
    for name in read:
        chain = [name]
        while base := read[chain[-1]].extends:
            if base in chain or base not in read:
                wrong = "extends itself by a circle" if base in chain else "is extended, but not there"
                faults.append(Fault(read[name].template.name, 1, base, wrong))
                break
            chain.append(base)
        else:
            whole[name] = _extended(read, chain)
    return whole


def _extended(read: Mapping[str, Extension], chain: list[str]) -> Template:
    template = read[chain[-1]].template
    for name in reversed(chain[:-1]):
        template = _added(template, read[name])
    return template


def _added(base: Template, addition: Extension) -> Template:
    """`base` with what `addition` says, under the latter's name."""
    extra = {block.section: block for block in addition.template.blocks}
    blocks = []
    for block in base.blocks:
        inherited = [replace(line, origin=line.origin or base.name) for line in block.lines]
        kept = replace(block, lines=tuple(_kept(inherited, addition.without)))
        blocks.append(_merged(kept, extra[block.section]) if block.section in extra else kept)
    said = addition.template
    return made_of(said.name, said.type or base.type, said.description or base.description, blocks)


def _kept(lines: Sequence[Line], without: tuple[str, ...]) -> Iterator[Line]:
    """The lines whose key does not begin so; a paragraph that loses all its settings goes with its comments."""
    for _, group in groupby(_paragraphs(lines), key=lambda pair: pair[0]):
        paragraph = [line for _, line in group]
        settings = [line for line in paragraph if line.is_setting]
        left = [line for line in settings if not line.key.startswith(without)]
        if left or not settings:
            yield from (line for line in paragraph if not line.is_setting or line in left)


def _paragraphs(lines: Sequence[Line]) -> Iterator[tuple[int, Line]]:
    """Lines with the number of their paragraph; an empty line begins one."""
    number = 0
    for line in lines:
        number += not line.text
        yield number, line


def _merged(base: Block, extra: Block) -> Block:
    """Lines with a known key take its place; the others are added before the first marker, else at the end."""
    known = {line.key for line in base.lines if line.is_setting and line.key}
    instead = {line.key: line for line in extra.lines if line.is_setting and line.key in known}
    added = [line for line in extra.lines if line.key not in instead]
    lines = [instead.get(line.key, line) if line.is_setting else line for line in base.lines]
    end = next((index for index, line in enumerate(lines) if line.marker), len(lines))
    name = base.file_name if extra.file_name == FILE_NAMES[extra.section] else extra.file_name
    return replace(base, file_name=name, lines=(*lines[:end], *added, *lines[end:]))
