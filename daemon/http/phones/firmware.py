"""Firmware files: streamed from disk, whole or in part.

A phone reads the header of its firmware file at every check and hangs up when the version is its own (AudioCodes'
administrator's manual, start-up), so a broken-off download is everyday life: counted, never a fault.
Not here: which version a phone should run.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

import trio
from starlette.requests import Request
from starlette.responses import Response

from daemon.errors import BadMessage
from daemon.fleet.delivery import Deliver
from daemon.fleet.events import FileFetched
from daemon.http.asgi import Receive, Scope, Send
from daemon.http.phones.caller import Caller, Doorkeeper, caller_of
from daemon.http.phones.files import FILE_NAME
from daemon.http.phones.ranges import Part, Version, requested_part, unchanged
from daemon.http.phones.refusals import Refusals
from daemon.provisioning.user_agent import UserAgent, parse_user_agent

_CHUNK = 64 * 1024  # bytes read and sent at once; with 30,000 phones at it, 2 GB are never in memory
_READERS = 8  # threads that read at once, so that a slow disk does not keep all of Trio's threads


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A regular file, open for reading; its reader closes it."""

    descriptor: int
    size: int
    version: Version

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.descriptor)


def open_file(folder: Path, name: str) -> OpenFile | None:
    """The file `name` of `folder`; None if there is none, or it is no plain file, or a link leads out of the folder."""
    try:
        path = (folder / name).resolve(strict=True)
        if not path.is_relative_to(folder.resolve()):
            return None
        # NONBLOCK: opening a pipe must not wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, RuntimeError):  # RuntimeError: a loop of links
        return None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        return None
    etag = f'"{found.st_size:x}-{found.st_mtime_ns:x}"'
    return OpenFile(descriptor, found.st_size, Version(etag, int(found.st_mtime)))


class Firmware:
    """The endpoint for firmware files in `folder`; None serves nothing."""

    def __init__(self, folder: Path | None, deliver: Deliver, doorkeeper: Doorkeeper, refusals: Refusals) -> None:
        self.served = 0
        self.aborted = 0
        self.limiter = trio.CapacityLimiter(_READERS)
        self._folder = folder
        self._deliver = deliver
        self._doorkeeper = doorkeeper
        self._refusals = refusals

    async def serve(self, request: Request) -> Response:
        """The file, the part of it that Range asks for, or 304."""
        caller, name = caller_of(request), request.path_params["name"]
        agent = parse_user_agent(caller.user_agent)
        if self._folder is None or not FILE_NAME.match(name):
            return self._refusals.not_found("file_name", caller.source)
        if not self._admitted(agent, caller):
            return self._refusals.not_found("wrong_secret", caller.source)
        file = await trio.to_thread.run_sync(open_file, self._folder, name, limiter=self.limiter)
        if file is None:
            return self._refusals.not_found("no_such_file", caller.source)
        if request.method == "GET":
            self._note(agent, caller)
        return self._respond(request, file)

    def _admitted(self, agent: UserAgent, caller: Caller) -> bool:
        """Firmware is no secret; but who shows a wrong one is refused here as everywhere."""
        return agent.mac is None or not self._doorkeeper.standing(agent.mac, caller).wrong_secret

    def _note(self, agent: UserAgent, caller: Caller) -> None:
        """Tell the fleet, if it is certain enough who fetched. Nothing is promised, so nothing is waited for."""
        if agent.mac is None:
            return
        standing = self._doorkeeper.standing(agent.mac, caller)
        if standing.device is not None and standing.belief.believed:
            kind, proof = "firmware", standing.with_secret
            event = FileFetched(agent.mac, kind, caller.source, agent.model, caller.user_agent, False, proof)
            self._deliver(event)

    def _respond(self, request: Request, file: OpenFile) -> Response:
        headers = {"etag": file.version.etag, "last-modified": file.version.last_modified, "accept-ranges": "bytes"}
        if unchanged(request.headers, file.version):
            file.close()
            return Response(None, 304, headers)
        try:
            part = requested_part(request.headers, file.version, file.size) if request.method == "GET" else None
        except BadMessage as error:
            file.close()
            return Response(None, error.status, {"content-range": f"bytes */{file.size}"})
        if part is None:
            return FileResponse(self, file, Part(0, file.size), 200, headers)
        headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{file.size}"
        return FileResponse(self, file, part, 206, headers)


class FileResponse(Response):
    """A part of an open file, read in other threads and sent piece by piece; closes the file."""

    media_type = "application/octet-stream"

    def __init__(self, firmware: Firmware, file: OpenFile, part: Part, status: int, headers: dict[str, str]) -> None:
        super().__init__(None, status, {**headers, "content-length": str(part.stop - part.start)})
        self._firmware = firmware
        self._file = file
        self._part = part

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; the count says whether the phone took all of it."""
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope["method"] != "HEAD":
                await self._send_part(send)
            await send({"type": "http.response.body", "body": b""})
            self._firmware.served += 1
        except OSError:  # the phone has seen enough, or the disk failed us: the connection ends either way
            self._firmware.aborted += 1
        finally:
            self._file.close()

    async def _send_part(self, send: Send) -> None:
        at = self._part.start
        while at < self._part.stop:
            count = min(_CHUNK, self._part.stop - at)
            piece = await trio.to_thread.run_sync(
                os.pread, self._file.descriptor, count, at, limiter=self._firmware.limiter
            )
            if not piece:
                raise OSError("the file became shorter while it was sent")
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            at += len(piece)
