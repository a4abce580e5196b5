from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from daemon.http.file_part import FilePart, in_cache, part_of, read_into_cache


def test_a_message_names_its_part(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(1000))
    with path.open("rb") as file:
        assert part_of({"file": file.fileno(), "offset": 7, "count": 9}) == FilePart(file.fileno(), 7, 9)
        file.seek(100)
        assert part_of({"file": file}) == FilePart(file.fileno(), 100, 900)
        assert len(part_of({"file": file, "offset": 5000})) == 0


def test_a_file_just_written_is_read_without_waiting_if_the_file_system_can_tell(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(200_000))
    with path.open("rb") as file:
        part = FilePart(file.fileno(), 0, 200_000)
        read_into_cache(part)
        try:
            os.preadv(file.fileno(), [bytearray(1)], 0, os.RWF_NOWAIT)
        except OSError as error:
            assert error.errno == errno.EOPNOTSUPP  # noqa: PT017 - then every part goes by way of a thread
            assert not in_cache(part)
        else:
            assert in_cache(part)
        assert not in_cache(FilePart(file.fileno(), 0, 300_000))


def test_a_file_that_is_closed_is_an_error(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        descriptor = file.fileno()
    with pytest.raises(OSError, match="Bad file descriptor"):
        part_of({"file": descriptor})
