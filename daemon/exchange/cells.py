"""Bytes of a CSV file -> rows of cells with their line, and back. Whatever comes in, rows or `Unreadable` come out.

The encoding is told by a byte order mark, else tried; the separator is counted in the first line. On the way out a cell
that a spreadsheet would take for a formula gets an apostrophe in front, as spreadsheets themselves write text (OWASP,
"CSV Injection"); on the way in it goes again, so that nothing changes. Not here: what a column means (`columns`).
"""

from __future__ import annotations

import csv
import io
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from daemon.errors import RingkeeperError

MOST_CELLS = 1000  # in a row: 60 devices of one user with everything there is
_SEPARATORS = ",;\t"  # the first wins when there are as many of another
_TOLD = re.compile(r"sep=([,;\t])\s*\Z", re.IGNORECASE)  # what Excel puts above the header for itself
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


class Row(NamedTuple):
    """One row; `line` is where it begins, from 1."""

    line: int
    cells: list[str]


class Unreadable(RingkeeperError):
    """From this line on the text is no table. Blame: the file."""

    def __init__(self, line: int, wrong: str, hint: str) -> None:
        super().__init__(f"line {line}: {wrong} ({hint})")
        self.line = line
        self.wrong = wrong
        self.hint = hint


def decode(data: bytes) -> tuple[str, str]:
    """The text, and a warning if its encoding had to be guessed, "" if not; `Unreadable` if it is no text."""
    try:
        if data.startswith(BOM_UTF8):
            return data.decode("utf-8-sig"), ""
        if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            return data.decode("utf-16"), ""
    except UnicodeDecodeError as error:
        hint = "save it anew as CSV UTF-8"
        raise Unreadable(1, f"it is not the {error.encoding} that its first bytes promise", hint) from None
    try:
        return data.decode(), ""
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        text = data.decode("cp1252", errors="replace")
        return text, f"line {line} is not UTF-8: the file was read as Windows-1252; look at its names"


def rows(text: str) -> Iterator[Row]:
    """Every row that is not blank, the header first; `Unreadable` at the line where it breaks off."""
    separator, skipped = _separator(text)
    lines = io.StringIO(text, newline="")
    if skipped:
        lines.readline()
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        line = reader.line_num + skipped + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            hint = (
                "look for a quotation mark that is not closed" if "end of data" in str(error) else "look at its quotes"
            )
            raise Unreadable(line, f"is no row of a table: {error}", hint) from None
        if len(cells) > MOST_CELLS:
            raise Unreadable(line, f"has {len(cells)} cells, {MOST_CELLS} at most", "give a user fewer devices a row")
        row = Row(line, [_unguarded(cell) for cell in cells])
        if any(cell.strip() for cell in row.cells):
            yield row


def table(lines: Iterable[Iterable[str]]) -> str:
    """Rows of cells as CSV text that `rows` reads back without change (RFC 4180, comma and CRLF)."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([_guarded(cell) for cell in line] for line in lines)
    return out.getvalue()


def _separator(text: str) -> tuple[str, int]:
    """The one that stands most often in the first line, outside quotes; and how many lines come before the header."""
    first = text[: max(0, text.find("\n")) or len(text)]
    told = _TOLD.match(first.strip("\r"))
    if told:
        return told.group(1), 1
    bare = _QUOTED.sub("", first)
    return max(_SEPARATORS, key=bare.count), 0


def _guarded(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and _GUARDED.match(cell) else cell
