"""Uploaded content on the disk: a file per SHA-256, `content/<2 hex>/<hash>`, whole and durable or not there at all.

What comes in is hashed while it is written, under a name of its own; only when all of it is on the disk does it get
its hash for a name. What a crash leaves half written is removed at the next start. Content that no record names any
more goes, but not before it is durable that no record names it, and never while an upload of the same content waits for
its record. An open file outlives its name, so phones that are downloading notice nothing. Not here: names and
descriptions (`daemon.fleet.file_book`), sending.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Protocol

import structlog
import trio

from daemon.config.block import MINUTE
from daemon.config.file_settings import Files
from daemon.errors import BadMessage, StoreUnavailable
from daemon.fleet.records import StoredFile

log = structlog.get_logger("content")

_PIECE = 1024 * 1024  # bytes gathered for one write: fewer than 100 trips to a thread for an image
_DRAFT = ".upload-"
_MODE, _FOLDER_MODE = 0o640, 0o750
_HEX = frozenset("0123456789abcdef")
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
SWEEP_PERIOD = MINUTE  # content that could not be removed at once is tried again, and the folder looked at
SWEEP_AT_ONCE = 2.0  # seconds for it at the end of an upload, also when that was cancelled
MAX_LISTED = 10_000  # files of the folder; more is a folder that was meant to be another


class Hash(Protocol):
    """What hashlib's objects have in common, as far as we need it."""

    def update(self, data: bytes, /) -> None:
        """Go on with these bytes."""


@dataclass(frozen=True, slots=True)
class ContentStatistics:
    """What is there now, and what came of uploads since start. `refused` counts by reason."""

    bytes: int
    files: int
    writing: int  # bytes of uploads under way
    uploads: int
    refused: dict[str, int]
    removed: int
    missing: int  # hashes that records name and the disk has not


@dataclass(frozen=True, slots=True)
class Taken:
    """Content that has become durable; it stays at least as long as the block that took it."""

    hash: str
    size: int


class Contents:
    """The content under `folder`.

    `named` gives the hashes that records name now, `durable` returns when they do so on the disk, too. `loose` is the
    folder of the files that were put there by hand.
    """

    def __init__(
        self,
        folder: Path,
        loose: Path,
        limits: Callable[[], Files],
        *,
        named: Callable[[], Collection[str]],
        durable: Callable[[], Awaitable[None]],
    ) -> None:
        self.loose_files: dict[str, int] = {}  # name -> bytes, as of the last look
        self._folder = folder
        self._loose = loose
        self._limits = limits
        self._named = named
        self._durable = durable
        self._sizes: dict[str, int] = {}  # by hash
        self._held: Counter[str] = Counter()  # hashes whose records are on their way
        self._writing = self._uploads = self._removed = 0
        self._refused: Counter[str] = Counter()
        self._placing = trio.Lock()  # a name is given or taken, never both at once

    def path(self, digest: str) -> Path | None:
        """Where content lies; None if it is not there."""
        return self._place(digest) if digest in self._sizes else None

    def statistics(self) -> ContentStatistics:
        """What there is, and what was refused."""
        return ContentStatistics(
            bytes=sum(self._sizes.values()),
            files=len(self._sizes),
            writing=self._writing,
            uploads=self._uploads,
            refused=dict(self._refused),
            removed=self._removed,
            missing=len(set(self._named()) - self._sizes.keys()),
        )

    async def open(self) -> None:
        """Take stock: half uploads go, what nobody names goes; `StoreUnavailable` if the folder cannot be used."""
        try:
            self._sizes = await trio.to_thread.run_sync(_take_stock, self._folder)
        except OSError as error:
            raise StoreUnavailable(f"{error.filename or self._folder} cannot be used: {error.strerror}") from error
        await self.look()
        await self._discard(self._garbage())  # what the records say now, they say on the disk
        for digest in sorted(set(self._named()) - self._sizes.keys()):
            log.error("an uploaded file has lost its content: upload it again", event_name="content-lost", hash=digest)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep the folder's listing fresh, and remove what could not be removed before, until cancelled."""
        task_status.started()
        while True:
            await trio.sleep(SWEEP_PERIOD)
            await self.look()
            await self.sweep()

    @asynccontextmanager
    async def taking(self, pieces: AsyncIterator[bytes], declared: int = 0) -> AsyncIterator[Taken]:
        """Make `pieces` durable; within the block their record is to be made so, too.

        `declared` is what was announced, 0 if nothing was. `BadMessage` with 413 for a file too large, 507 for want of
        room; `StoreUnavailable` when the disk fails. Nothing is left of what was refused or broken off.
        """
        try:
            self._check(declared, declared)
            draft = self._folder / f"{_DRAFT}{token_hex(8)}"
            digest, size = await self._write(draft, pieces)
            await self._settle(draft, digest, size)
        except BadMessage as error:
            self._refused[error.reason] += 1
            raise
        except OSError as error:
            raise self._disk_fault(error) from error
        self._uploads += 1
        try:
            yield Taken(digest, size)
        finally:
            self._held[digest] -= 1
            with trio.CancelScope(shield=True, deadline=trio.current_time() + SWEEP_AT_ONCE):
                await self.sweep()

    async def sweep(self) -> None:
        """Remove content that nobody names, once that is durable; whatever cannot be removed now waits."""
        unnamed = self._garbage()  # what loses its name while we wait is not durably nameless
        if not unnamed:
            return
        try:
            await self._durable()
        except StoreUnavailable as error:
            log.warning("unused content was not removed", event_name="content-kept", why=str(error))
            return
        await self._discard(unnamed)

    async def _discard(self, unnamed: Collection[str]) -> None:
        try:
            async with self._placing:
                for digest in set(self._garbage()).intersection(unnamed):
                    size = self._sizes.pop(digest)
                    try:
                        await trio.to_thread.run_sync(_remove, self._place(digest))
                    except OSError:
                        self._sizes[digest] = size
                        raise
                    self._removed += 1
        except OSError as error:
            log.warning("unused content was not removed", event_name="content-kept", why=str(error))

    async def look(self) -> dict[str, int]:
        """The files that lie in the other folder now, by name, with their sizes."""
        self.loose_files = await trio.to_thread.run_sync(_listing, self._loose)
        return self.loose_files

    def _disk_fault(self, error: OSError) -> BadMessage | StoreUnavailable:
        full = error.errno in _NO_ROOM
        self._refused["no_space" if full else "disk"] += 1
        if full:
            return BadMessage("no_space", "the disk is full: free some space (see also files.keep_free)", 507)
        return StoreUnavailable(f"{error.filename or self._folder}: {error.strerror}")

    def _place(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def _garbage(self) -> list[str]:
        named = set(self._named())
        return [digest for digest in self._sizes if digest not in named and self._held[digest] <= 0]

    def _check(self, size: int, more: int) -> None:
        """Whether a file of `size` bytes may be, and whether there is room for so many `more`."""
        limits = self._limits()
        if size > limits.max_size:
            raise BadMessage("size", f"a file may have {limits.max_size} bytes (files.max_size)", 413)
        if sum(self._sizes.values()) + self._writing + more > limits.quota:
            raise BadMessage("quota", f"all files together may have {limits.quota} bytes (files.quota)", 507)

    async def _write(self, draft: Path, pieces: AsyncIterator[bytes]) -> tuple[str, int]:
        """Hash and size of what now stands in `draft`, synced."""
        content, size, whole = sha256(), 0, False
        descriptor = await trio.to_thread.run_sync(_create, draft)
        try:
            async with aclosing(_gathered(pieces)) as gathered:
                async for piece in gathered:
                    self._check(size + len(piece), len(piece))
                    self._writing += len(piece)
                    size += len(piece)
                    await trio.to_thread.run_sync(_append, descriptor, piece, content, self._limits().keep_free)
            await trio.to_thread.run_sync(os.fsync, descriptor)
            whole = True
        finally:
            self._writing -= size
            os.close(descriptor)
            if not whole:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(_remove, draft)
        return content.hexdigest(), size

    async def _settle(self, draft: Path, digest: str, size: int) -> None:
        """Give the content its name, and hold it until its record is durable."""
        with trio.CancelScope(shield=True):
            async with self._placing:
                try:
                    await trio.to_thread.run_sync(_give_name, draft, self._place(digest))
                except OSError:
                    await trio.to_thread.run_sync(_remove, draft)
                    raise
                self._sizes[digest] = size
                self._held[digest] += 1


async def _gathered(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The same bytes in fewer pieces: a socket gives 16 KiB at a time, and every write is a trip to a thread."""
    waiting = bytearray()
    async for piece in pieces:
        waiting += piece
        if len(waiting) >= _PIECE:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


def _take_stock(folder: Path) -> dict[str, int]:
    folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
    for draft in folder.glob(f"{_DRAFT}*"):
        draft.unlink(missing_ok=True)
    return {
        path.name: path.stat().st_size
        for path in folder.glob("??/*")
        if len(path.name) == 64 and _HEX.issuperset(path.name) and path.is_file()
    }


def _create(draft: Path) -> int:
    draft.parent.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    os.fchmod(descriptor, _MODE)
    return descriptor


def _append(descriptor: int, piece: bytes, content: Hash, keep_free: int) -> None:
    disk = os.fstatvfs(descriptor)
    if disk.f_bavail * disk.f_frsize - len(piece) < keep_free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    content.update(piece)
    left = memoryview(piece)
    while left:
        left = left[os.write(descriptor, left) :]


def _give_name(draft: Path, place: Path) -> None:
    """Also over content that is there already: if that has rotted, this mends it."""
    if not place.parent.exists():
        place.parent.mkdir(exist_ok=True, mode=_FOLDER_MODE)
        _sync(place.parent.parent)
    draft.replace(place)
    _sync(place.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _listing(folder: Path) -> dict[str, int]:
    try:
        with os.scandir(folder) as entries:
            found = [entry for _, entry in zip(range(MAX_LISTED), entries, strict=False)]
        return {entry.name: entry.stat().st_size for entry in found if entry.is_file()}
    except OSError:
        return {}


class Named(Protocol):
    """What knows the records of uploaded files."""

    @property
    def files(self) -> Mapping[str, StoredFile]:
        """By name."""


def stored_at(records: Named, contents: Contents, name: str) -> tuple[StoredFile, Path] | None:
    """An uploaded file and where its content lies; None if there is no such file, or the disk has lost it."""
    file = records.files.get(name)
    place = contents.path(file.hash) if file else None
    return (file, place) if file and place else None
