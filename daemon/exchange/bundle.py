"""The ZIP form: `users.csv`, and beside it what users set on their phones, a `<mac>.cfg` for each.

A foreign archive is not trusted: what it unpacks to is bounded in sum and by entry, whatever its directory says; names
that lead out of it are faults, and archives inside it stay closed. Not here: what the files say.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from daemon.errors import BadMessage, Fault
from daemon.fleet.model import Mac, parse_mac
from daemon.provisioning.user_lines import MAX_BYTES

TABLE = "users.csv"
MOST_UNPACKED = 256 * 1024 * 1024  # bytes: 30,000 phones' lines of 4 KiB each, twice over
MOST_TABLE = 32 * 1024 * 1024  # bytes; as much as comes unpacked, by default: 30,000 lines of 1 KiB
MOST_ENTRIES = 100_000  # three phones' lines for each line of the largest table
MAGIC = (b"PK\x03\x04", b"PK\x05\x06")  # of an archive, and of an empty one

_CFG = re.compile(r"(?P<mac>[0-9A-Fa-f]{2}(?:[:-]?[0-9A-Fa-f]{2}){5})\.cfg\Z", re.IGNORECASE)
_ENTRY = b"PK\x01\x02"  # begins each entry of an archive's directory
# Others unpack whatever they were given at once, however little of it is wanted: a bomb of 32 MiB would be terabytes.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same fleet is the same archive
_BROKEN = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


@dataclass
class Unpacked:
    """What an archive holds, with what is wrong with it."""

    table: bytes = b""
    lines: dict[Mac, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)


def is_bundle(data: bytes) -> bool:
    """Whether these are the bytes of a ZIP archive."""
    return data.startswith(MAGIC)


def pack(csv_text: str, lines: Mapping[Mac, str]) -> bytes:
    """An archive of the table and of the phones' own lines."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_entry(TABLE), csv_text.encode())
        for mac, text in lines.items():
            archive.writestr(_entry(f"{mac}.cfg"), text.encode())
    return out.getvalue()


def unpack(data: bytes, file: str, most_bytes: int = MOST_UNPACKED) -> Unpacked:
    """An archive -> what it holds; never raises for anything in it."""
    found = Unpacked()
    count = data.count(_ENTRY)  # before the directory is read: an entry takes 490 bytes of memory for the 50 it has
    if count > MOST_ENTRIES:
        found.faults.append(Fault(file, 1, "zip", f"has {count} entries", f"{MOST_ENTRIES} are the most"))
        return found
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _unpack(archive, file, most_bytes, found)
    except (*_BROKEN, ValueError, IndexError, KeyError) as error:
        found.faults.append(Fault(file, 1, "zip", f"cannot be read: {str(error)[:200]}", "pack it anew"))
    return found


def _unpack(archive: zipfile.ZipFile, file: str, most_bytes: int, found: Unpacked) -> None:
    left = most_bytes
    tables = []
    for entry in archive.infolist():
        kind = _kind(entry.filename)
        if kind == "escapes":
            found.faults.append(Fault(entry.filename[:60], 1, "zip", "leads out of the archive", "pack it anew"))
        elif kind == "ignored":
            if not entry.is_dir():
                found.warnings.append(Fault(entry.filename[:60], 1, "zip", "is not looked into"))
        elif entry.compress_type not in _METHODS:
            found.faults.append(
                Fault(entry.filename[:60], 1, "zip", "is packed in a strange way", "pack it by deflate")
            )
        else:
            content = _content(archive, entry, min(left, MAX_BYTES if kind == "lines" else MOST_TABLE))
            if content is None:
                hint = "split it" if kind == "table" else f"a phone's lines are at most {MAX_BYTES} bytes"
                found.faults.append(Fault(entry.filename[:60], 1, "zip", "unpacks to more than is taken", hint))
                return
            left -= len(content)
            if kind == "table":
                tables.append(entry.filename)
                found.table = content
            else:
                _keep(found, entry.filename, content)
    if len(tables) != 1:
        wrong = f"holds {len(tables)} tables" if tables else "holds no table"
        found.faults.append(Fault(file, 1, "zip", wrong, f"it needs one file {TABLE}"))


def _kind(name: str) -> str:
    """What an entry is: "table", "lines", "escapes" or "ignored"."""
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or re.match(r"[A-Za-z]:", name):
        return "escapes"
    if parts[0] == "__MACOSX" or len(parts) > 2:
        return "ignored"
    if parts[-1].casefold().endswith(".csv"):
        return "table"
    return "lines" if _CFG.match(parts[-1]) else "ignored"


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes | None:
    """What an entry unpacks to, None if that is too much; what its header says of its size is not believed."""
    with archive.open(entry) as source:
        content = source.read(most + 1)
    return content if len(content) <= most else None


def _keep(found: Unpacked, name: str, content: bytes) -> None:
    bare = _CFG.match(name.replace("\\", "/").rpartition("/")[2])
    try:
        mac = parse_mac(bare["mac"] if bare else "")
    except BadMessage as bad:
        found.faults.append(Fault(name[:60], 1, "zip", bad.detail))
        return
    if mac in found.lines:
        found.faults.append(Fault(name[:60], 1, "zip", "is there twice", "keep one of them"))
    found.lines[mac] = content


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16  # it may hold passwords
    return entry
