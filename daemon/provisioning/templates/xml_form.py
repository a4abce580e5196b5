"""Templates in the vendor's XML layout, read and written.

    <ipphonetamplate>                          spelled so by the vendor
      <type>audiocodes_420HD</type> <description>…</description>
      <file_config> <type>global_file</type> … <data><![CDATA[ lines that all phones share ]]></data> </file_config>
      <file_config> <type>file</type>        … <data><![CDATA[ lines of one phone ]]></data>          </file_config>
    </ipphonetamplate>

The fields of a `file_config` may also be attributes. A document type declaration is refused at its first character:
without it there are no entities, hence no bombs and no outside files. `extends` names another template that this one
only adds to, `without` the beginnings of keys it does not want from there; our own shipped ones use them, uploaded
ones may not, since nobody else's server knows them. Not here: what the lines mean (`template`, `check`), the
form that is easier to read (`plain_form`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.parsers.expat import ExpatError, ParserCreate
from xml.sax.saxutils import escape

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

# A dump of every key of a phone has some 60 KiB; its longest single value (number_rules) may have 32 KiB.
MAX_BYTES = 512 * 1024
_MAX_DEPTH = 8  # the layout has four

GLOBAL_FILE = "Audiocodes_%ITCS_Model%_global_GENERIC_empty.cfg"
DEVICE_FILE = "%ITCS_mac%.cfg"
FILE_NAMES = {Section.GLOBAL: GLOBAL_FILE, Section.DEVICE: DEVICE_FILE}
FOLDER = "%ITCS_destination%"

_ROOT = "ipphonetamplate"
_SECTIONS = {"global_file": Section.GLOBAL, "file": Section.DEVICE}
_FIELDS = {Section.GLOBAL: ("global_file", "global"), Section.DEVICE: ("file", "user")}  # type, profile
_DECLARATION = re.compile(rb"\A\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"'][^>]*\?>")
# One byte a character, or UTF-8. Python knows stranger ones, of which some cost more than a byte is worth.
_ENCODING = re.compile(r"utf-8|utf-8-sig|us-ascii|iso-8859-\d{1,2}|windows-125\d", re.IGNORECASE)
_ANY_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>\s*")


@dataclass(frozen=True, slots=True)
class Extension:
    """A template file as it was written, and the name of the template it extends, "" for none.

    `without`: the beginnings of the keys that it does not take from there.
    """

    template: Template
    extends: str
    without: tuple[str, ...] = ()


def parse_template(name: str, raw: bytes) -> Template:
    """A template file -> `Template`; `ConfigError` with file and line for everything that is none."""
    read = parse_extension(name, raw)
    if read.extends:
        hint = "upload the whole template; what GET gives of it is whole"
        raise ConfigError([Fault(name, 1, "extends", "only shipped templates may extend another", hint)])
    return read.template


def parse_extension(name: str, raw: bytes) -> Extension:
    """The same, for a file that may say which template it extends."""
    if len(raw) > MAX_BYTES:
        raise ConfigError([Fault(name, 1, _ROOT, f"larger than {MAX_BYTES // 1024} KiB")])
    return _Reader(name).read(raw)


def write_template(template: Template) -> bytes:
    """A template as a file of the vendor's layout, in ISO-8859-1 if that can hold it."""
    blocks = "".join(_written(block) for block in template.blocks)
    text = (
        f"<{_ROOT}>\n"
        f"  <type>{escape(template.type)}</type>\n"
        f"  <description>{escape(template.description)}</description>\n"
        f"{blocks}</{_ROOT}>\n"
    )
    return as_file(text)


def as_file(text: str) -> bytes:
    """XML text as a file, with the declaration that fits it."""
    body = _ANY_DECLARATION.sub("", text, count=1)
    try:
        return b'<?xml version="1.0" encoding="ISO-8859-1"?>\n' + body.encode("iso-8859-1")
    except UnicodeEncodeError:
        return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body.encode()


def as_text(name: str, raw: bytes) -> str:
    """An XML file as text whose declaration says UTF-8, every line where it was; `ConfigError` if it is none."""
    found = _DECLARATION.match(raw)
    encoding = found.group(1).decode() if found else "utf-8-sig"
    if not _ENCODING.fullmatch(encoding):
        raise ConfigError([Fault(name, 1, "XML", f"{encoding} is not supported", "write it in UTF-8 or ISO-8859-1")])
    try:
        text = raw.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise ConfigError([Fault(name, 1, "XML", f"is not {encoding}: {error}"[:200])]) from error
    if found is None:
        return text
    return text[: found.start(1)] + "UTF-8" + text[found.end(1) :]


def _written(block: Block) -> str:
    kind, profile = _FIELDS[block.section]
    # An end mark of CDATA inside a line is split between two of them.
    data = "".join(f"{line.text}\n" for line in block.lines).replace("]]>", "]]]]><![CDATA[>")
    return (
        "  <file_config>\n"
        f"    <type>{kind}</type>\n"
        f"    <profile>{profile}</profile>\n"
        "    <encrypt_mode>0</encrypt_mode>\n"
        f"    <name>{escape(block.file_name)}</name>\n"
        f"    <destinationDir>{escape(block.folder)}</destinationDir>\n"
        f"    <data><![CDATA[\n{data}]]></data>\n"
        "  </file_config>\n"
    )


class _Reader:
    """One pass over one XML document."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._path: list[str] = []
        self._text: list[str] = []
        self._head: dict[str, str] = {}
        self._fields: dict[str, str] = {}
        self._data_line = 1
        self._blocks: list[Block] = []
        self._faults: list[Fault] = []
        self._parser = ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse_declaration
        self._parser.StartElementHandler = self._open
        self._parser.EndElementHandler = self._close
        self._parser.CharacterDataHandler = self._text.append

    def read(self, raw: bytes) -> Extension:
        try:
            self._parser.Parse(raw, True)
        except (ExpatError, ValueError, LookupError) as error:  # the latter two: an encoding Python does not have
            self._fault(self._parser.ErrorLineNumber or 1, "XML", str(error))
        extends = self._head.get("extends", "")
        if not self._faults and not extends and {block.section for block in self._blocks} != set(Section):
            self._fault(1, "file_config", "needs a block of type global_file and one of type file")
        if sum(len(block.lines) for block in self._blocks) > MAX_LINES:
            self._fault(1, "data", f"more than {MAX_LINES} lines")
        if self._faults:
            raise ConfigError(self._faults)
        head = self._head.get("type", ""), self._head.get("description", "")
        without = tuple(self._head.get("without", "").split())
        return Extension(made_of(self._name, *head, self._blocks), extends, without)

    def _fault(self, line: int, key: str, wrong: str, hint: str = "") -> None:
        self._faults.append(Fault(self._name, line, key, wrong, hint))

    def _stop(self, key: str, wrong: str, hint: str = "") -> None:
        """A fault after which reading on would be folly."""
        self._fault(self._parser.CurrentLineNumber, key, wrong, hint)
        raise ConfigError(self._faults)

    def _refuse_declaration(self, *_: object) -> None:
        self._stop("DOCTYPE", "declarations and entities are refused", "remove the DOCTYPE line")

    def _open(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._path and tag != _ROOT:
            self._stop(tag, f"the outermost element is not {_ROOT}")
        self._path.append(tag)
        if len(self._path) > _MAX_DEPTH:
            self._stop(tag, f"nested more than {_MAX_DEPTH} deep")
        self._text.clear()
        if self._path[1:] == ["file_config"]:
            self._fields = dict(attributes)
        elif self._path[1:] == ["file_config", "data"]:
            self._data_line = self._parser.CurrentLineNumber

    def _close(self, tag: str) -> None:
        text = "".join(self._text)
        self._text.clear()
        within = self._path[1:-1]
        self._path.pop()
        if not within and tag == "file_config":
            self._take_block()
        elif not within and tag in {"type", "description", "extends", "without"}:
            self._head[tag] = self._one_line(tag, text)
        elif within == ["file_config"]:
            self._fields[tag] = text if tag == "data" else self._one_line(tag, text)

    def _one_line(self, tag: str, text: str) -> str:
        value = " ".join(text.split())
        self._faults += line_faults(self._name, [Line(self._parser.CurrentLineNumber, f"{tag}={value}")])
        return value

    def _take_block(self) -> None:
        section = _SECTIONS.get(self._fields.get("type", ""))
        if section is None:
            self._fault(self._data_line, "file_config", "type is neither global_file nor file")
            return
        if self._fields.get("encrypt_mode", "0") != "0":
            hint = "the key is built into every phone and public (CVE-2023-22956); use HTTPS"
            self._fault(self._data_line, "encrypt_mode", "only 0 is supported", hint)
        lines = _framed(read_lines(self._fields.get("data", ""), self._data_line))
        self._faults += line_faults(self._name, lines)
        name = self._fields.get("name") or FILE_NAMES[section]
        folder = self._fields.get("destinationDir") or FOLDER
        self._blocks.append(Block(section, lines, name, folder))


def _framed(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Without what only stands for the line break behind `<data>` and the one before its end."""
    if len(lines) > 1 and not lines[0].text:
        lines = lines[1:]
    return lines if lines[-1].text else lines[:-1]
