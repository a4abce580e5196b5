"""Templates: the vendor's XML layout read into lines, and which template is due to a tenant and model.

    <ipphonetamplate>                          spelled so by the vendor
      <type>audiocodes_420HD</type> <description>…</description>
      <file_config> <type>global_file</type> … <data><![CDATA[ lines that all phones share ]]></data> </file_config>
      <file_config> <type>file</type>        … <data><![CDATA[ lines of one phone ]]></data>          </file_config>
    </ipphonetamplate>

The fields of a `file_config` may also be attributes. A document type declaration is refused at its first character:
without it there are no entities, hence no bombs and no outside files. The marker lines zzz0 to zzz3 are where the
vendor's server inserts daylight, tenant, site and user settings; phones do not know them, so they are read and kept
apart. Not here: filling in (`placeholders`), writing files (`render`), reading folders (`daemon.store.files`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from xml.parsers.expat import ExpatError, ParserCreate

from daemon.errors import ConfigError, Fault
from daemon.provisioning.placeholders import OPENING, PLACEHOLDER

# A dump of every key of a phone has some 60 KiB; its longest single value (number_rules) may have 32 KiB.
MAX_BYTES = 512 * 1024
_MAX_DEPTH = 8  # the layout has four

GENERIC = "generic"
_ROOT = "ipphonetamplate"
_MARKER = re.compile(r"zzz[0-3]_\w+_cfg\b")
_SETTING = re.compile(r"[A-Za-z0-9_./%-]+\s*=")
_INCLUDE = re.compile(r"include\s+\S")


@dataclass(frozen=True, slots=True)
class Line:
    """One configuration line and where it stands in its template."""

    number: int
    text: str

    @property
    def key(self) -> str:
        """The name before the equals sign; "" for an include."""
        key, equals, _ = self.text.partition("=")
        return key.strip() if equals else ""

    @property
    def is_include(self) -> bool:
        """Whether the line pulls in another file."""
        return _INCLUDE.match(self.text) is not None


@dataclass(frozen=True, slots=True)
class Template:
    """How the files of one model are made: `shared` lines for the global file, `own` lines for the phone's."""

    name: str
    type: str
    description: str
    shared: tuple[Line, ...]
    own: tuple[Line, ...]
    markers: tuple[Line, ...]


class Templates:
    """All templates, the shipped ones and those of operators, which shadow them.

    Keys are paths without suffix: `<tenant>/<model>`, `<model>` or `generic`; the last one must be there.
    """

    def __init__(self, shipped: Mapping[str, Template], own: Mapping[str, Template]) -> None:
        self._shipped = {path.casefold(): template for path, template in shipped.items()}
        self._own = {path.casefold(): template for path, template in own.items()}
        self._generic = self._own.get(GENERIC) or self._shipped[GENERIC]

    def find(self, tenant: str, model: str) -> Template:
        """The one for this pair: tenant and model, else model, else the generic one."""
        key = model.casefold()
        return (
            self._own.get(f"{tenant.casefold()}/{key}") or self._own.get(key) or self._shipped.get(key) or self._generic
        )


def load_templates(shipped: Mapping[str, bytes], own: Mapping[str, bytes]) -> Templates:
    """Files by path (`acme/420HD.xml` -> bytes) -> templates; `ConfigError` names what is wrong in every one."""
    faults: list[Fault] = []
    ours, theirs = _load("shipped/", shipped, faults), _load("", own, faults)
    if GENERIC not in ours and not faults:
        faults.append(Fault("shipped/generic.xml", 1, GENERIC, "is missing", "install the program again"))
    if faults:
        raise ConfigError(faults)
    return Templates(ours, theirs)


def _load(origin: str, files: Mapping[str, bytes], faults: list[Fault]) -> dict[str, Template]:
    templates = {}
    for path, raw in sorted(files.items()):
        try:
            templates[str(PurePosixPath(path).with_suffix(""))] = parse_template(f"{origin}{path}", raw)
        except ConfigError as error:
            faults.extend(error.faults)
    return templates


def parse_template(name: str, raw: bytes) -> Template:
    """A template file -> `Template`; `ConfigError` with file and line for everything that is none."""
    if len(raw) > MAX_BYTES:
        raise ConfigError([Fault(name, 1, _ROOT, f"larger than {MAX_BYTES // 1024} KiB")])
    return _Reader(name).read(raw)


class _Reader:
    """One pass over one XML document."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._path: list[str] = []
        self._text: list[str] = []
        self._head: dict[str, str] = {}
        self._block: dict[str, str] = {}
        self._data_line = 1
        self._lines: dict[str, list[Line]] = {"shared": [], "own": [], "markers": []}
        self._blocks: set[str] = set()
        self._faults: list[Fault] = []
        self._parser = ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse_declaration
        self._parser.StartElementHandler = self._open
        self._parser.EndElementHandler = self._close
        self._parser.CharacterDataHandler = self._text.append

    def read(self, raw: bytes) -> Template:
        try:
            self._parser.Parse(raw, True)
        except (ExpatError, ValueError, LookupError) as error:  # the latter two: an encoding Python does not have
            self._fault(self._parser.ErrorLineNumber or 1, "XML", str(error))
        if not self._faults and self._blocks != {"shared", "own"}:
            self._fault(1, "file_config", "needs a block of type global_file and one of type file")
        if self._faults:
            raise ConfigError(self._faults)
        lines = {kind: tuple(found) for kind, found in self._lines.items()}
        return Template(self._name, self._head.get("type", ""), self._head.get("description", ""), **lines)

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
            self._block = dict(attributes)
        elif self._path[1:] == ["file_config", "data"]:
            self._data_line = self._parser.CurrentLineNumber

    def _close(self, tag: str) -> None:
        text = "".join(self._text)
        self._text.clear()
        within = self._path[1:-1]
        self._path.pop()
        if not within and tag == "file_config":
            self._take_block()
        elif not within and tag in {"type", "description"}:
            self._head[tag] = text.strip()
        elif within == ["file_config"]:
            self._block[tag] = text if tag == "data" else text.strip()

    def _take_block(self) -> None:
        kind = {"global_file": "shared", "file": "own"}.get(self._block.get("type", ""))
        if kind is None:
            self._fault(self._data_line, "file_config", "type is neither global_file nor file")
            return
        if self._block.get("encrypt_mode", "0") != "0":
            hint = "the key is built into every phone and public (CVE-2023-22956); use HTTPS"
            self._fault(self._data_line, "encrypt_mode", "only 0 is supported", hint)
        self._blocks.add(kind)
        for offset, text in enumerate(self._block.get("data", "").split("\n")):
            self._take_line(kind, Line(self._data_line + offset, text.strip()))

    def _take_line(self, kind: str, line: Line) -> None:
        if not line.text or line.text.startswith(";"):
            return
        if _MARKER.match(line.text):
            self._lines["markers"].append(line)
        elif not (_SETTING.match(line.text) or line.is_include):
            self._fault(line.number, line.text[:40], "neither key=value, nor include, nor a comment")
        elif OPENING in PLACEHOLDER.sub("", line.text):
            self._fault(line.number, line.text[:40], "a placeholder is not closed", "write %ITCS_name%")
        else:
            self._lines[kind].append(line)
