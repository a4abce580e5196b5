"""The SQLite file: opening it, bringing its schema up to date, one transaction at a time, closing it.

SQLAlchemy and aiosqlite speak asyncio, so they live in a trio-asyncio loop that nothing outside this file knows of.
Every fault of theirs leaves here as `StoreUnavailable`, with the path, the cause and what to do. Calls into SQLite
cannot be taken back, so they are shielded from cancellation. Not here: what is written, and when (`store`).
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import trio
import trio_asyncio
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from daemon.errors import StoreUnavailable
from daemon.store.group import Step
from daemon.store.rows import Row, mended

Result = TypeVar("Result")


# How long SQLite waits for a lock somebody else holds. Phones give up on an HTTP answer after some ten seconds;
# they shall hear 503 before that.
BUSY_SECONDS = 2.0

# FULL: in WAL mode nothing less survives a power cut. The log is cut back to this size after a burst (bytes).
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "journal_size_limit=67108864")

_FAULTS = (SQLAlchemyError, sqlite3.Error, OSError)

# What SQLite says, and what whoever reads the log can do about it.
_HINTS = {
    "disk is full": "free some space on that file system",
    "locked": "another program holds it: close it",
    "readonly": "let the daemon's user write there",
    "permission denied": "let the daemon's user write there",
    "read-only": "let the daemon's user write there",
    "not a database": "it is damaged: move it away and put a backup in its place",
    "malformed": "it is damaged: move it away and put a backup in its place",
    "unable to open": "see that the folder exists and the daemon's user may write there",
}


class Database:
    """One connection that writes; reads come by connections of their own, which WAL lets in at any time."""

    def __init__(self, path: Path, engine: AsyncEngine, loop: Any) -> None:
        self.path = path
        self._engine = engine
        self._loop = loop
        self._writer: AsyncConnection | None = None
        self.mended = 0  # transactions in which a value had to be changed for SQLite to hold it

    async def write(self, steps: Callable[[], Iterable[Step]], seconds: float | None = None) -> int:
        """Carry out all the steps in one transaction; how many rows they touched. Durable when this returns.

        With `seconds`, it is given up after that time; what the disk was already busy with may still come about.
        """
        return await self._call(self._write(steps), seconds)

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        """The rows of a SELECT."""
        return await self._call(self._fetch(sql, values))

    async def migrate(self) -> None:
        """Bring the schema to what this version knows."""
        await self._call(self._migrate())

    async def aclose(self) -> None:
        """Close the file."""
        await self._call(self._disconnect())

    async def _call(self, work: Coroutine[Any, Any, Result], seconds: float | None = None) -> Result:
        with _translated(self.path), _shield(seconds):
            result: Result = await self._loop.run_aio_coroutine(work)
            return result
        raise StoreUnavailable(f"{self.path}: not done within {seconds} s: look at the disk and its log")

    async def _write(self, steps: Callable[[], Iterable[Step]]) -> int:
        try:
            try:
                return await self._transact(steps())
            except (UnicodeError, OverflowError):
                # One value SQLite cannot hold would otherwise stop everything behind it, for ever.
                self.mended += 1
                return await self._transact((sql, [mended(row) for row in rows]) for sql, rows in steps())
        except _FAULTS:
            # After a failed write it is not known what state the connection is in; the next try gets a new one.
            with suppress(*_FAULTS):
                await self._disconnect()
            raise

    async def _transact(self, steps: Iterable[Step]) -> int:
        if self._writer is None:
            self._writer = await self._engine.connect()
        driver = (await self._writer.get_raw_connection()).driver_connection
        # The whole group as one function in aiosqlite's thread, by the private method behind all its public ones, which
        # go there and back for each cursor, statement and commit. Measured with 64 keep-alive connections: 504 to
        # 406 µs of processor for a keep-alive, 14.6 to 11.1 ms for a group; with 16 of them 811 to 372 µs.
        touched: int = await driver._execute(_carry_out, driver._conn, steps)  # type: ignore[union-attr]  # noqa: SLF001
        return touched

    async def _fetch(self, sql: str, values: tuple[object, ...]) -> Sequence[Row]:
        async with self._engine.connect() as reader:
            return (await reader.exec_driver_sql(sql, values)).all()

    async def _migrate(self) -> None:
        async with self._engine.begin() as connection:
            await connection.run_sync(_upgrade, self.path)

    async def _disconnect(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.close()


@asynccontextmanager
async def open_database(path: Path) -> AsyncIterator[Database]:
    """The file at `path`, made (0600, its folder 0700) and migrated if need be, locked against a second daemon.

    `StoreUnavailable` if it cannot be had. Closed when the block ends, however it ends.
    """
    escaped: Exception | None = None
    with _translated(path):
        _make(path)
        lock = _lock(path.with_name(path.name + ".lock"))
    try:
        async with trio_asyncio.open_loop() as loop:  # type: ignore[attr-defined]  # it ships no types
            database = Database(path, _engine(path), loop)
            # The loop's nurseries would wrap an exception in groups of one, so it is carried around them.
            try:
                await database.migrate()
                yield database
            except Exception as fault:  # noqa: BLE001  raised again below, as it was
                escaped = fault
            finally:
                await database.aclose()
    finally:
        os.close(lock)
    if escaped is not None:
        raise escaped


def _engine(path: Path) -> AsyncEngine:
    """Connections without a pool: there is one writer, and reads are rare."""
    url = URL.create("sqlite+aiosqlite", database=str(path))
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    """Settle a new connection; SQLAlchemy's own BEGIN is used, since Python's leaves CREATE TABLE outside."""
    try:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
    except BaseException:
        connection.close()  # the pool does not know it yet, so nobody else would
        raise


def _carry_out(connection: sqlite3.Connection, steps: Iterable[Step]) -> int:
    """One transaction, in the thread that owns the connection; how many rows it touched."""
    with connection:  # commits, or rolls back what failed
        connection.execute("BEGIN")
        return sum(connection.executemany(sql, rows).rowcount for sql, rows in steps)


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _upgrade(connection: Connection, path: Path) -> None:
    """Run the migrations that are missing, within the caller's transaction."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    known = [revision.revision for revision in script.walk_revisions()]
    if current is not None and current not in known:
        raise StoreUnavailable(
            f"{path}: written by a newer Ringkeeper (schema {current}; this one knows up to {known[0]}):"
            " run that version, or put a backup of before the upgrade in its place"
        )
    if current != known[0]:
        command.upgrade(config, "head")


def _make(path: Path) -> None:
    """The folder and the file exist and nobody else may read them; SQLite gives its log the file's mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _lock(path: Path) -> int:
    """No second daemon on the same file: it would give away numbers the first has given. Ends with the process."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise StoreUnavailable(f"{path}: another Ringkeeper runs on this state folder: stop it first") from None
    return handle


@contextmanager
def _shield(seconds: float | None) -> Iterator[None]:
    """No cancellation gets in; gives up after `seconds` of real time, since a disk knows no mock clock."""
    with trio.CancelScope(shield=True) as scope:
        if seconds is None:
            yield
            return
        timer = threading.Timer(seconds, trio.lowlevel.current_trio_token().run_sync_soon, [scope.cancel])
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except _FAULTS as fault:
        raise StoreUnavailable(_blame(path, fault)) from fault


def _blame(path: Path, fault: Exception) -> str:
    cause = str(fault.orig if isinstance(fault, DBAPIError) else getattr(fault, "strerror", None) or fault)
    hint = next((hint for words, hint in _HINTS.items() if words in cause.lower()), "look at the disk and its log")
    return f"{path}: {cause}: {hint}"
