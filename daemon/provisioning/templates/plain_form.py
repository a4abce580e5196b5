"""Templates as plain text, which people read and compare more easily than XML.

    type=audiocodes_420HD
    description=AudioCodes 420HD with generic SIP firmware

    [global]
    ; what all phones of the model share
    personal_settings/language=%ITCS_Language%

    [device]
    voip/line/0/id=%ITCS_Line1Id%

A section may come several times. Where its file or folder is not the usual one, it begins with `@name=` or
`@folder=`. Read and written, a template is the same as before, comments and empty lines included. Not here: the
vendor's layout (`xml_form`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from daemon.errors import ConfigError, Fault
from daemon.provisioning.templates.template import (
    MAX_LINES,
    Block,
    Line,
    Section,
    Template,
    line_faults,
    made_of,
    read_lines,
)
from daemon.provisioning.templates.xml_form import FILE_NAMES, FOLDER, MAX_BYTES

_HEADS = {f"[{section}]": section for section in Section}


def write_text(template: Template) -> str:
    """A template as plain text."""
    return "\n".join([f"type={template.type}", f"description={template.description}", "", *_sections(template)])


def parse_text(name: str, text: str) -> Template:
    """Plain text -> `Template`; `ConfigError` with line for everything that is none."""
    if len(text) > MAX_BYTES:
        raise ConfigError([Fault(name, 1, "template", f"larger than {MAX_BYTES // 1024} KiB")])
    lines = read_lines(text)
    if len(lines) > MAX_LINES:
        raise ConfigError([Fault(name, 1, "template", f"more than {MAX_LINES} lines")])
    reader = _Reader(name)
    for line in lines:
        reader.take(line)
    return reader.template()


def _sections(template: Template) -> Iterator[str]:
    for block in template.blocks:
        yield f"[{block.section}]"
        if block.file_name != FILE_NAMES[block.section]:
            yield f"@name={block.file_name}"
        if block.folder != FOLDER:
            yield f"@folder={block.folder}"
        yield from (line.text for line in block.lines)
        yield ""


class _Reader:
    """One pass over the lines of one text."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._head = {"type": "", "description": ""}
        self._blocks: list[Block] = []
        self._lines: list[Line] = []
        self._faults: list[Fault] = []

    def take(self, line: Line) -> None:
        """The next line."""
        if line.text in _HEADS:
            self._end_section()
            self._blocks.append(Block(_HEADS[line.text], (), FILE_NAMES[_HEADS[line.text]], FOLDER))
        elif line.text.startswith("@") and self._blocks and not self._lines:
            self._take_field(line)
        elif self._blocks:
            self._lines.append(line)
        else:
            self._take_head(line)

    def template(self) -> Template:
        """What the lines were; `ConfigError` with every fault in them."""
        self._end_section()
        if {block.section for block in self._blocks} != set(Section):
            self._fault(1, "sections", "needs a [global] and a [device] section")
        if self._faults:
            raise ConfigError(self._faults)
        return made_of(self._name, self._head["type"], self._head["description"], self._blocks)

    def _fault(self, line: int, key: str, wrong: str, hint: str = "") -> None:
        self._faults.append(Fault(self._name, line, key, wrong, hint))

    def _take_head(self, line: Line) -> None:
        self._faults += line_faults(self._name, [line])
        if line.key in self._head:
            self._head[line.key] = line.value
        elif not line.says_nothing:
            hint = "above the first section stand type= and description="
            self._fault(line.number, line.text[:40], "stands in no section", hint)

    def _take_field(self, line: Line) -> None:
        self._faults += line_faults(self._name, [Line(line.number, line.text.removeprefix("@"))])
        if line.key == "@name" and line.value:
            self._blocks[-1] = replace(self._blocks[-1], file_name=line.value)
        elif line.key == "@folder" and line.value:
            self._blocks[-1] = replace(self._blocks[-1], folder=line.value)
        else:
            self._fault(line.number, line.text[:40], "is neither @name=… nor @folder=…")

    def _end_section(self) -> None:
        """The empty line before the next section is not the section's own."""
        if self._blocks:
            lines = self._lines[:-1] if self._lines and not self._lines[-1].text else self._lines
            self._faults += line_faults(self._name, lines)
            self._blocks[-1] = replace(self._blocks[-1], lines=tuple(lines))
            self._lines = []
