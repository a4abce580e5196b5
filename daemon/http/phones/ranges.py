"""Range requests and validators (RFC 9110 sections 13 and 14): which bytes of a file are due. Pure.

One range at a time: phones resume a download, they do not shuffle it; several ranges get the whole file, as the RFC
allows. Not here: reading the bytes (`firmware`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from daemon.errors import BadMessage

# 18 digits hold every file size there is, and keep int() cheap.
_RANGE = re.compile(r"bytes[ \t]*=[ \t]*(\d{0,18})[ \t]*-[ \t]*(\d{0,18})[ \t]*\Z", re.ASCII | re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True, slots=True)
class Version:
    """Which state of a file: `etag` with its quotes, strong; `modified` in whole UTC seconds, None if not known."""

    etag: str
    modified: int | None = None

    @property
    def last_modified(self) -> str:
        """`modified` as HTTP writes it; "" if not known."""
        return "" if self.modified is None else format_datetime(datetime.fromtimestamp(self.modified, UTC), usegmt=True)


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `start` to `stop` (not included) of a file."""

    start: int
    stop: int


def unchanged(headers: Mapping[str, str], version: Version) -> bool:
    """Whether the client's copy is still good (304): If-None-Match, else If-Modified-Since."""
    tags = headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or version.etag in _TAG.findall(tags)
    since = _date(headers.get("if-modified-since", ""))
    return since is not None and version.modified is not None and version.modified <= since


def requested_part(headers: Mapping[str, str], version: Version, size: int) -> Part | None:
    """The part of `size` bytes that Range asks for; None for the whole. `BadMessage` ("range", 416) beyond the end."""
    found = _RANGE.match(headers.get("range", ""))
    if not found or not _same_version(headers.get("if-range"), version):
        return None
    first, last = found.groups()
    if not first:
        return _suffix(int(last), size) if last else None
    if last and int(last) < int(first):
        return None  # RFC 9110 section 14.1.1: invalid, to be ignored
    if int(first) >= size:
        raise BadMessage("range", status=416)
    return Part(int(first), min(int(last) + 1, size) if last else size)


def _suffix(length: int, size: int) -> Part:
    if not length or not size:
        raise BadMessage("range", status=416)
    return Part(max(0, size - length), size)


def _same_version(if_range: str | None, version: Version) -> bool:
    """If-Range compares strongly: a weak tag or another date means the whole file."""
    if if_range is None:
        return True
    if '"' in if_range:
        return if_range.strip() == version.etag
    return version.modified is not None and _date(if_range) == version.modified


def _date(text: str) -> int | None:
    try:
        return int(parsedate_to_datetime(text).timestamp())
    except (ValueError, OverflowError, IndexError):
        return None
