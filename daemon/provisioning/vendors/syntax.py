"""A file's lines before a vendor's syntax: settings and includes, and which of them no syntax takes.

A value is one line in every vendor's file. One that holds a line break or control character is refused with its place
instead of repaired: a value that was silently changed would be served silently wrong. Not here: the syntaxes
themselves (a module per vendor), and where values come from (`daemon.provisioning.placeholders.lookup`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from daemon.errors import ConfigError, Fault

# The categories Cc (controls, CR, LF and NEL among them; a tab may stay), Zl and Zp (line and paragraph separators)
# and Cs (half characters), and the two that XML 1.0, section 2.2, has no place for. A pattern, because it looks at
# every character that is served.
_REFUSED = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")

_INCLUDE = re.compile(r"include[ \t]+(?P<name>.+)", re.DOTALL)
_NAME = re.compile(r"[!-~]{1,512}")  # of a file or URL: visible ASCII, since what is left of it is escaped


class Setting(NamedTuple):
    """One thing a phone is to be set to. `file` and `line` say where its template wrote it, for faults."""

    key: str
    value: str
    file: str = ""
    line: int = 0


class Include(NamedTuple):
    """Another file, by name or URL, whose settings stand in this one's place."""

    name: str
    file: str = ""
    line: int = 0


def read_line(text: str, file: str = "", line: int = 0) -> Setting | Include:
    """A template's line, filled in: `key=value`, `key = value` or `include name`.

    Blanks at the ends of a value belong to it (a password may have some), but for the one behind ` = `.
    """
    if text.startswith("include") and (found := _INCLUDE.fullmatch(text)):
        return Include(found["name"], file, line)
    key, _, value = text.partition("=")
    bare = key.rstrip(" \t")
    return Setting(bare, value if bare == key else value.removeprefix(" "), file, line)


def checked(lines: Iterable[Setting | Include], key_shape: re.Pattern[str]) -> list[Setting | Include]:
    """The lines, all of them fit to be written; `ConfigError` names every one that is not.

    `key_shape` must match a whole key: what a key may hold differs between syntaxes.
    """
    taken = list(lines)
    faults = [fault for line in taken if (fault := _fault(line, key_shape)) is not None]
    if faults:
        raise ConfigError(faults)
    return taken


def checked_settings(lines: Iterable[Setting | Include], key_shape: re.Pattern[str]) -> dict[str, str]:
    """The same for a syntax without includes, as key to value; of two equal keys the later one counts."""
    values = {}
    faults = []
    for line in checked(lines, key_shape):
        if isinstance(line, Setting):
            values[line.key] = line.value
        else:
            hint = "write its settings into the template"
            faults.append(Fault(line.file, line.line, "include", "this vendor's phones include no files", hint))
    if faults:
        raise ConfigError(faults)
    return values


def _fault(line: Setting | Include, key_shape: re.Pattern[str]) -> Fault | None:
    if isinstance(line, Include):
        wrong = f"not the name or URL of a file: {line.name[:40]!r}"
        return None if _NAME.fullmatch(line.name) else Fault(line.file, line.line, "include", wrong)
    if not key_shape.fullmatch(line.key):
        return Fault(line.file, line.line, line.key[:40], "is no name of a setting of this vendor's phones")
    if not line.value.isprintable() and _REFUSED.search(line.value):
        wrong = "its value holds a line break or control character"
        return Fault(line.file, line.line, line.key, wrong, "a value is one line")
    return None
