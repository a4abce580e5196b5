"""A part of an open file as a response, as a phone fetches firmware: never in memory whole, never waiting in the loop.

Over plain TCP the kernel sends the file; elsewhere (TLS, Unix sockets, other servers) it is read in threads, piece by
piece. Not here: which file and which part (`firmware`, `ranges`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Protocol

import trio
from starlette.responses import Response

from daemon.http.asgi import Receive, Scope, Send
from daemon.http.file_part import EXTENSION, FilePart, in_cache, read_into_cache
from daemon.http.limits import FILE_TURN
from daemon.http.phones.ranges import Part, Version

_CHUNK = 64 * 1024  # bytes read and sent at once; with 30,000 phones at it, 2 GB are never in memory


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A regular file, open for reading; its reader closes it."""

    descriptor: int
    size: int
    version: Version

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.descriptor)


class Downloads(Protocol):
    """Who counts downloads, and lends the threads that wait for the disk."""

    served: int
    aborted: int
    limiter: trio.CapacityLimiter


class FileResponse(Response):
    """A part of an open file; closes the file, and counts in `downloads` whether it was taken to its end."""

    media_type = "application/octet-stream"

    def __init__(self, downloads: Downloads, file: OpenFile, part: Part, status: int, headers: dict[str, str]) -> None:
        super().__init__(None, status, {**headers, "content-length": str(part.stop - part.start)})
        self._downloads = downloads
        self._file = file
        self._part = part

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; the count says whether the phone took all of it."""
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope["method"] != "HEAD":
                by_kernel = EXTENSION in scope.get("extensions", ())
                await (self._have_kernel_send(send) if by_kernel else self._read_and_send(send))
            await send({"type": "http.response.body", "body": b""})
            self._downloads.served += 1
        except OSError:  # the phone has seen enough, or the disk failed us: the connection ends either way
            self._downloads.aborted += 1
        finally:
            self._file.close()

    async def _have_kernel_send(self, send: Send) -> None:
        for at in range(self._part.start, self._part.stop, FILE_TURN):
            piece = FilePart(self._file.descriptor, at, min(FILE_TURN, self._part.stop - at))
            if not in_cache(piece):
                await trio.to_thread.run_sync(read_into_cache, piece, limiter=self._downloads.limiter)
            await send(
                {
                    "type": EXTENSION,
                    "file": piece.descriptor,
                    "offset": piece.offset,
                    "count": piece.count,
                    "more_body": True,
                }
            )

    async def _read_and_send(self, send: Send) -> None:
        at = self._part.start
        while at < self._part.stop:
            count = min(_CHUNK, self._part.stop - at)
            piece = await trio.to_thread.run_sync(
                os.pread, self._file.descriptor, count, at, limiter=self._downloads.limiter
            )
            if not piece:
                raise OSError("the file became shorter while it was sent")
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            at += len(piece)
