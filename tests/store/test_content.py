from __future__ import annotations

import os
import stat
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
import trio

from daemon.config.file_settings import Files
from daemon.errors import BadMessage, StoreUnavailable
from daemon.fleet.records import StoredFile
from daemon.store import content as content_store
from daemon.store.content import Contents, stored_at
from tests.support.stored_files import stored
from tests.support.waiting import becomes_true

MIB = 1024 * 1024
PIECES = [bytes([index]) * (300 * 1024) for index in range(8)]
DIGEST = sha256(b"".join(PIECES)).hexdigest()


class Room:
    """A folder, and what records name; `durable` waits until the test says so."""

    def __init__(self, folder: Path, **limits: int) -> None:
        self.folder = folder / "content"
        self.named: set[str] = set()
        self.disk_refuses = False
        self.forget_meanwhile = ""
        self.limits = Files(**{"keep_free": 0, **limits})
        self.contents = Contents(
            self.folder, folder / "firmware", lambda: self.limits, named=lambda: self.named, durable=self._durable
        )

    async def _durable(self) -> None:
        await trio.lowlevel.checkpoint()
        self.named.discard(self.forget_meanwhile)
        if self.disk_refuses:
            raise StoreUnavailable("no")

    async def take(self, pieces: list[bytes], *, name: bool = True, declared: int = 0) -> str:
        async with aclosing(_stream(pieces)) as stream, self.contents.taking(stream, declared) as taken:
            if name:
                self.named.add(taken.hash)
        return taken.hash

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())


@dataclass
class Records:
    files: dict[str, StoredFile]


async def _stream(pieces: list[bytes]) -> AsyncGenerator[bytes, None]:
    for piece in pieces:
        await trio.lowlevel.checkpoint()
        yield piece


async def test_content_lies_under_its_hash_and_only_its_group_may_read_it(tmp_path: Path) -> None:
    room = Room(tmp_path)
    await room.contents.open()
    assert await room.take(PIECES, declared=sum(map(len, PIECES))) == DIGEST
    place = room.contents.path(DIGEST)
    assert place == room.folder / DIGEST[:2] / DIGEST
    assert place.read_bytes() == b"".join(PIECES)
    assert stat.S_IMODE(place.stat().st_mode) == 0o640
    assert room.contents.statistics().bytes == sum(map(len, PIECES))
    assert room.contents.statistics().writing == 0


@pytest.mark.parametrize(
    ("limits", "reason", "status"),
    [({"max_size": 2 * MIB}, "size", 413), ({"quota": 2 * MIB}, "quota", 507), ({"keep_free": 2**62}, "no_space", 507)],
)
@pytest.mark.parametrize("declared", [0, sum(map(len, PIECES))])
async def test_what_there_is_no_room_for_leaves_nothing(
    tmp_path: Path, limits: dict[str, int], reason: str, status: int, declared: int
) -> None:
    room = Room(tmp_path, **limits)
    await room.contents.open()
    with pytest.raises(BadMessage) as caught:
        await room.take(PIECES, declared=declared)
    assert (caught.value.reason, caught.value.status) == (reason, status)
    assert room.files() == []
    statistics = room.contents.statistics()
    assert (statistics.refused, statistics.writing, statistics.bytes) == ({reason: 1}, 0, 0)


async def test_a_disk_that_fails_in_the_middle_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room(tmp_path)
    await room.contents.open()

    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(StoreUnavailable, match="Input/output"):
        await room.take(PIECES)
    assert room.files() == []
    assert room.contents.statistics().refused == {"disk": 1}


async def test_an_upload_that_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    room = Room(tmp_path)
    await room.contents.open()

    async def breaks() -> AsyncGenerator[bytes, None]:
        yield PIECES[0] * 5
        raise ConnectionResetError

    with pytest.raises((ConnectionResetError, StoreUnavailable)):
        async with aclosing(breaks()) as pieces, room.contents.taking(pieces):
            pytest.fail("half a file was taken")
    with trio.move_on_after(0.05) as scope:
        async with aclosing(_endless()) as pieces, room.contents.taking(pieces):
            pytest.fail("half a file was taken")
    assert scope.cancelled_caught
    assert (room.files(), room.contents.statistics().writing) == ([], 0)


async def _endless() -> AsyncGenerator[bytes, None]:
    yield PIECES[0] * 5
    await trio.sleep_forever()


async def test_what_a_crash_left_is_removed_at_the_start_and_what_is_named_stays(tmp_path: Path) -> None:
    before = Room(tmp_path)
    await before.contents.open()
    named, orphan = await before.take([b"named"]), await before.take([b"orphan"])
    (before.folder / ".upload-half").write_bytes(b"half")
    after = Room(tmp_path)
    after.named = {named, "0" * 64}
    await after.contents.open()
    assert after.files() == [named]
    assert after.contents.path(orphan) is None
    assert after.contents.statistics().missing == 1


async def test_unnamed_content_goes_only_when_that_is_durable(tmp_path: Path) -> None:
    room = Room(tmp_path)
    await room.contents.open()
    digest = await room.take([b"old"])
    room.named.clear()
    room.disk_refuses = True
    await room.contents.sweep()
    assert room.files() == [digest]
    room.disk_refuses = False
    await room.contents.sweep()
    assert (room.files(), room.contents.statistics().removed) == ([], 1)


async def test_what_loses_its_name_while_that_of_another_becomes_durable_stays(tmp_path: Path) -> None:
    room = Room(tmp_path)
    await room.contents.open()
    first, second = await room.take([b"first"]), await room.take([b"second"])
    room.named.remove(first)
    room.forget_meanwhile = second
    await room.contents.sweep()
    assert room.files() == [second]


async def test_a_refused_record_takes_its_content_with_it(tmp_path: Path) -> None:
    room = Room(tmp_path)
    await room.contents.open()
    await room.take([b"refused"], name=False)
    assert room.files() == []


async def test_content_that_waits_for_its_record_is_not_swept(tmp_path: Path) -> None:
    room = Room(tmp_path)
    await room.contents.open()
    async with aclosing(_stream([b"same"])) as stream, room.contents.taking(stream) as taken:
        await room.contents.sweep()
        await room.take([b"same"], name=False)
        assert room.files() == [taken.hash]
        room.named.add(taken.hash)
    assert room.files() == [taken.hash]


async def test_an_open_file_outlives_its_name(tmp_path: Path) -> None:
    room = Room(tmp_path)
    await room.contents.open()
    digest = await room.take([b"being downloaded"])
    place = room.contents.path(digest)
    assert place
    descriptor = os.open(place, os.O_RDONLY)
    room.named.clear()
    await room.contents.sweep()
    assert os.pread(descriptor, 100, 0) == b"being downloaded"
    os.close(descriptor)


async def test_the_other_folder_is_looked_at(tmp_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    room = Room(tmp_path)
    await room.contents.open()
    assert room.contents.loose_files == {}
    (tmp_path / "firmware" / "folder").mkdir(parents=True)
    (tmp_path / "firmware" / "420HD.img").write_bytes(b"12345")
    async with trio.open_nursery() as nursery:
        await nursery.start(room.contents.run)
        await becomes_true(lambda: bool(room.contents.loose_files), content_store.SWEEP_PERIOD * 3)
        nursery.cancel_scope.cancel()
    assert room.contents.loose_files == {"420HD.img": 5}


async def test_a_folder_that_cannot_be_used_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "content").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="content"):
        await Room(tmp_path).contents.open()


async def test_a_file_is_found_by_its_name(tmp_path: Path) -> None:
    records = Records({"420HD.img": stored(content=b"here"), "440HD.img": stored("440HD.img", content=b"lost")})
    room = Room(tmp_path)
    await room.contents.open()
    digest = await room.take([b"here"])
    found = stored_at(records, room.contents, "420HD.img")
    assert found
    assert found[1].name == digest
    assert stored_at(records, room.contents, "440HD.img") is None
    assert stored_at(records, room.contents, "gone") is None
