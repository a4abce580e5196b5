"""A part of an open file on its way to a socket: what ASGI's extension `http.response.zerocopysend` names.

It goes from the page cache to the socket by sendfile(2), and no byte of it comes to Python. If the bytes are not in the
page cache, sendfile waits for the disk, and everybody with it: whoever sends a part has to see to it that they are
there (`in_cache`, `read_into_cache`). Not here: the socket (`peer_stream`), deadlines (`wire`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EXTENSION = "http.response.zerocopysend"
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class FilePart:
    """`count` bytes from `offset` on; its length is all that h11 asks of it."""

    descriptor: int
    offset: int
    count: int

    def __len__(self) -> int:
        return self.count


def part_of(message: Mapping[str, Any]) -> FilePart:
    """What an `http.response.zerocopysend` message names; `OSError` if its file is not open.

    Without an offset the part begins where the file stands, without a count it ends where the file does.
    """
    file = message["file"]
    descriptor = file if isinstance(file, int) else file.fileno()
    offset, count = message.get("offset"), message.get("count")
    if offset is None:
        offset = os.lseek(descriptor, 0, os.SEEK_CUR)
    if count is None:
        count = max(0, os.fstat(descriptor).st_size - offset)
    return FilePart(descriptor, offset, count)


def in_cache(part: FilePart) -> bool:
    """Whether the last byte can be read without waiting for the disk; as files are read ahead, so can the others."""
    try:
        return os.preadv(part.descriptor, [bytearray(1)], part.offset + part.count - 1, os.RWF_NOWAIT) == 1
    except OSError:  # it would wait (EAGAIN), or this file system cannot tell (EOPNOTSUPP)
        return False


def read_into_cache(part: FilePart) -> None:
    """Wait for the disk, in a thread; `OSError` if it fails."""
    piece = bytearray(_PIECE)
    for at in range(part.offset, part.offset + part.count, _PIECE):
        os.preadv(part.descriptor, [piece], at)
