"""Opening: made from nothing, migrated, locked, and refused with what to do."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import trio
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from daemon.errors import StoreUnavailable
from daemon.fleet.notifications import Occasion, Severity, Telling, ToldWanted
from daemon.fleet.store_commands import Notify
from daemon.store import migrations
from daemon.store.database import open_database
from daemon.store.schema import METADATA
from tests.support.notifications import a_notification
from tests.support.opened_store import rows, running, stored


async def opened(path: Path) -> None:
    """Opened and closed again."""
    async with open_database(path):
        pass


async def test_folder_and_file_are_made_and_private(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state" / "ringkeeper.db"
    await opened(path)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert rows(path, "PRAGMA journal_mode") == [("wal",)]


async def test_the_write_ahead_log_is_as_private_as_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ringkeeper.db"
    async with open_database(path) as database:
        await database.write(lambda: [("INSERT INTO marks VALUES (?, ?)", [("a", 1.0)])])
        assert stat.S_IMODE((tmp_path / "ringkeeper.db-wal").stat().st_mode) == 0o600


async def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    async with open_database(tmp_path / "ringkeeper.db") as database:
        assert list(await database.fetch("PRAGMA synchronous")) == [(2,)]  # FULL


async def test_the_migrations_lead_to_the_tables_as_the_code_knows_them(tmp_path: Path) -> None:
    path = tmp_path / "ringkeeper.db"
    await opened(path)
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


async def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ringkeeper.db"
    await opened(path)
    before = rows(path, "SELECT sql FROM sqlite_schema ORDER BY name")
    await opened(path)
    assert rows(path, "SELECT sql FROM sqlite_schema ORDER BY name") == before


async def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "ringkeeper.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE outbox (id INTEGER)")  # in the way of the last but two tables
    with pytest.raises(StoreUnavailable, match="outbox already exists"):
        await opened(path)
    assert rows(path, "SELECT name FROM sqlite_schema") == [("outbox",)]


async def test_the_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ringkeeper.db"
    await opened(path)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(StoreUnavailable, match=r"written by a newer Ringkeeper \(schema 0999; .* up to 0\d{3}\)"):
        await opened(path)


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ringkeeper.db"
    path.write_text("precious notes " * 100)
    with pytest.raises(StoreUnavailable, match="not a database: it is damaged: move it away"):
        await opened(path)
    assert path.read_text() == "precious notes " * 100


async def test_a_place_where_no_file_can_be_is_refused_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="file"):
        await opened(tmp_path / "file" / "ringkeeper.db")
    with pytest.raises(StoreUnavailable, match="Is a directory"):
        await opened(tmp_path)


async def test_a_second_daemon_on_the_same_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ringkeeper.db"
    async with open_database(path):
        with pytest.raises(StoreUnavailable, match="another Ringkeeper runs"):
            await opened(path)
    await opened(path)


async def test_an_exception_in_the_block_comes_out_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(BlockingIOError, match="mine"):
        async with open_database(tmp_path / "ringkeeper.db"):
            raise BlockingIOError("mine")


async def test_cancelled_while_opening_it_closes_what_it_opened(tmp_path: Path) -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        await opened(tmp_path / "ringkeeper.db")
        await trio.lowlevel.checkpoint()
    assert scope.cancelled_caught


async def test_a_path_with_odd_characters_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "100% odd?#é" / "ring keeper.db"
    await opened(path)
    assert path.exists()


def migrated(path: Path, go: Callable[[Config, str], None], revision: str) -> list[tuple[object, ...]]:
    """The file as the version of that schema would have it; what stands in it then."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    with create_engine(f"sqlite:///{path}", poolclass=NullPool).begin() as connection:
        config.attributes["connection"] = connection
        go(config, revision)
    columns = "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c ORDER BY 1, 2"
    return rows(path, columns)


OLD_ALARM = {
    "id": "abc", "sequence": 41, "name": "deviceUnreachable", "source": "IPPhone#1/00908f4867af",
    "device": "00908f4867af", "tenant": "acme", "severity": 4, "description": "gone", "event_type": 1,
    "probable_cause": 29, "additional_info": ["3 pings"], "raised_at": 5.0, "updated_at": 6.0,
}  # fmt: skip


async def test_alarms_and_waiting_notifications_of_0_3_0_go_on(tmp_path: Path) -> None:
    path = tmp_path / "ringkeeper.db"
    migrated(path, command.upgrade, "0008")
    waiting = [json.dumps({"sequence": at, "at": 7.0 + at, "alarm": OLD_ALARM, "device_ip": ""}) for at in (41, 42)]
    with closing(sqlite3.connect(path)) as other, other:
        values = [json.dumps(value) if isinstance(value, list) else value for value in OLD_ALARM.values()]
        other.execute(f"INSERT INTO alarms VALUES ({', '.join('?' * len(values))})", values)
        other.execute("INSERT INTO marks VALUES ('notification_sequence', 42.0)")
        other.executemany("INSERT INTO outbox VALUES (?, 'a', ?)", [(8, waiting[0]), (9, waiting[1])])
    async with running(path, ["a", "b"]) as fleet:
        (alarm,) = fleet.store.snapshot.alarms
        assert (alarm.telling, alarm.known, alarm.peak, alarm.raises) == (Telling.TOLD, True, Severity.MAJOR, 1)
        await stored(fleet.store, Notify(a_notification(43)))
        for receiver, numbers in (("a", [41, 42, 43]), ("b", [43])):
            for number in numbers:
                entry = await fleet.store.outbox.next(receiver)
                assert (entry.number, entry.notification.sequence) == (number, number)
                fleet.store.outbox.settle(entry)
        await fleet.store.receipt().wait()
        told = await fleet.store.journal(ToldWanted("a", 9))
    assert told[-1].notification.alarm == alarm
    assert told[-1].notification.occasion is Occasion.RAISED


async def test_the_newest_migration_of_alarms_can_be_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "ringkeeper.db"
    before = migrated(path, command.upgrade, "0008")
    assert migrated(path, command.upgrade, "0009") != before
    assert migrated(path, command.downgrade, "0008") == before
