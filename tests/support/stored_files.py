"""Uploaded files: a record in one readable line, and content that is kept in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from daemon.fleet.records import StoredFile, StoredKind
from tests.support.builders import NOW


def stored(name: str = "420HD.img", content: bytes = b"image", **fields: Any) -> StoredFile:
    """A firmware file that somebody uploaded now."""
    defaults: dict[str, Any] = {
        "kind": StoredKind.FIRMWARE,
        "model": "420HD",
        "version": "2.2.16",
        "description": "",
        "group": "",
        "uploaded_at": NOW,
        "by": "ann",
    }
    return StoredFile(name=name, hash=sha256(content).hexdigest(), size=len(content), **{**defaults, **fields})


@dataclass(frozen=True, slots=True)
class Taken:
    """What came in."""

    hash: str
    size: int


class FolderContents:
    """Content in a plain folder, without a quota, a sweep or a sync; `loose` are the files of the other folder."""

    def __init__(self, folder: Path) -> None:
        self.loose: dict[str, int] = {}
        self.folder = folder

    @asynccontextmanager
    async def taking(self, pieces: AsyncIterator[bytes], declared: int = 0) -> AsyncIterator[Taken]:
        content = b"".join([piece async for piece in pieces])
        digest = sha256(content).hexdigest()
        (self.folder / digest).write_bytes(content)
        yield Taken(digest, len(content))

    def path(self, digest: str) -> Path | None:
        place = self.folder / digest
        return place if place.exists() else None

    async def sweep(self) -> None:
        """Nothing is ever removed."""

    async def look(self) -> Mapping[str, int]:
        return self.loose
