"""Firmware files, whole or in part.

A phone reads the header of its firmware file at every check and hangs up when the version is its own (AudioCodes'
administrator's manual, start-up), so a broken-off download is everyday life: counted, never a fault.
Not here: how the bytes go out (`file_response`), which version a phone should run.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import trio
from starlette.requests import Request
from starlette.responses import Response

from daemon.errors import BadMessage
from daemon.fleet.delivery import Deliver
from daemon.fleet.events import FileFetched
from daemon.fleet.records import StoredFile
from daemon.http.phones.caller import Caller, Doorkeeper
from daemon.http.phones.file_response import Downloads, FileResponse, OpenFile
from daemon.http.phones.files import FILE_NAME
from daemon.http.phones.gate import Gate
from daemon.http.phones.ranges import Part, Version, requested_part, unchanged
from daemon.http.phones.refusals import Refusals
from daemon.provisioning.served import FileKind
from daemon.provisioning.user_agent import UserAgent, parse_user_agent

StoredAt = Callable[[str], tuple[StoredFile, Path] | None]
"""An uploaded file by its name, and where its content lies."""

_READERS = 8  # threads that read at once, so that a slow disk does not keep all of Trio's threads


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


def open_stored(file: StoredFile, place: Path) -> OpenFile | None:
    """An uploaded file's content; None if the disk has lost it, or a part of it."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    if os.fstat(descriptor).st_size != file.size:
        os.close(descriptor)
        return None
    return OpenFile(descriptor, file.size, Version(f'"{file.hash}"', int(file.uploaded_at)))


class Firmware:
    """The endpoint for firmware: uploaded files first, then those in `folder`, if there is one."""

    def __init__(
        self,
        folder: Path | None,
        stored: StoredAt,
        deliver: Deliver,
        *,
        gate: Gate,
        doorkeeper: Doorkeeper,
        refusals: Refusals,
    ) -> None:
        self.served = 0
        self.aborted = 0
        self.limiter = trio.CapacityLimiter(_READERS)
        self._folder = folder
        self._stored = stored
        self._deliver = deliver
        self._gate = gate
        self._doorkeeper = doorkeeper
        self._refusals = refusals

    async def serve(self, request: Request) -> Response:
        """The file, the part of it that Range asks for, or 304."""
        caller, name = self._gate.enter(request), request.path_params["name"]
        if isinstance(caller, Response):
            return caller
        agent = parse_user_agent(caller.user_agent)
        if not FILE_NAME.match(name):
            return self._refusals.not_found("file_name", caller.source)
        refusal = self._refusal(agent, caller)
        if refusal:
            return refusal
        file = await self._open(name)
        if file is None:
            return self._refusals.not_found("no_such_file", caller.source)
        if request.method == "GET":
            self._note(agent, caller)
        return respond(self, request, file)

    async def _open(self, name: str) -> OpenFile | None:
        stored = self._stored(name)
        file = await trio.to_thread.run_sync(open_stored, *stored, limiter=self.limiter) if stored else None
        if file is None and self._folder is not None:
            file = await trio.to_thread.run_sync(open_file, self._folder, name, limiter=self.limiter)
        return file

    def _refusal(self, agent: UserAgent, caller: Caller) -> Response | None:
        """The answer to who shows a wrong secret, which counts as a guess here as everywhere; None for all others.

        Firmware is no secret, so who shows nothing is not held back, and who says to be a phone that nobody defined
        learns nothing by it.
        """
        if agent.mac is None or not caller.shows_something:
            return None
        standing = self._doorkeeper.standing(agent.mac, caller)
        if not standing.wrong_secret:
            return None
        return self._gate.refuse(standing.belief.reason, caller, agent.mac, FileKind.SYSTEM)

    def _note(self, agent: UserAgent, caller: Caller) -> None:
        """Tell the fleet, if it is certain enough who fetched. Nothing is promised, so nothing is waited for."""
        if agent.mac is None:
            return
        standing = self._doorkeeper.standing(agent.mac, caller)
        if standing.device is not None and standing.belief.believed:
            kind, proof = "firmware", standing.with_secret
            event = FileFetched(agent.mac, kind, caller.source, agent.model, caller.user_agent, False, proof)
            self._deliver(event)


def respond(downloads: Downloads, request: Request, file: OpenFile) -> Response:
    """The file, the part of it that Range asks for, or 304; `downloads` counts what becomes of it."""
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
        return FileResponse(downloads, file, Part(0, file.size), 200, headers)
    headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{file.size}"
    return FileResponse(downloads, file, part, 206, headers)
