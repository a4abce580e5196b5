"""Phones' configuration files: from URL to `FileRequest`, from `ServedFile` to response.

Not here: which file is due and what stands in it (`daemon.provisioning`), firmware (`firmware`).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from daemon.errors import StoreUnavailable
from daemon.fleet.delivery import Deliver
from daemon.fleet.events import FileFetched, UnknownPhoneHeard
from daemon.http.phones.caller import Caller, Doorkeeper, caller_of
from daemon.http.phones.ranges import Version, unchanged
from daemon.http.phones.refusals import Refusals
from daemon.provisioning.served import FileKind, FileRequest, Refusal, ServedFile

# A file's name, and a tenant's in a URL: no separator, no leading dot, nothing a shell or a log would trip over.
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}\Z")
_TENANT = re.compile(r"[^/\\\x00-\x1f\x7f]{1,128}\Z")


class FileSource(Protocol):
    """Whoever knows templates and devices."""

    def serve(self, request: FileRequest, now: float) -> ServedFile | Refusal:
        """The file that is due, or why none is."""


class Files:
    """The endpoint for configuration files. `now` gives UTC seconds."""

    def __init__(
        self,
        files: FileSource,
        deliver: Deliver,
        doorkeeper: Doorkeeper,
        refusals: Refusals,
        now: Callable[[], float],
    ) -> None:
        self.served = 0
        self._files = files
        self._deliver = deliver
        self._doorkeeper = doorkeeper
        self._refusals = refusals
        self._now = now

    def endpoint(self, kind: FileKind) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of one family of paths."""

        async def serve(request: Request) -> Response:
            return await self._serve(request, kind)

        return serve

    async def _serve(self, request: Request, kind: FileKind) -> Response:
        caller = caller_of(request)
        tenant, name = request.path_params.get("tenant", ""), request.path_params["name"]
        if not FILE_NAME.match(name) or (tenant and not _TENANT.match(tenant)):
            return self._refusals.not_found("file_name", caller.source)
        wanted = FileRequest(kind, tenant, name, caller.source, caller.user_agent, caller.secret, caller.host)
        served = self._files.serve(wanted, self._now())
        if isinstance(served, Refusal):
            return self._refusals.not_found(str(served.reason), caller.source, served.detail)
        if caller.secret and served.mac is not None and not served.with_secret:
            return self._refusals.not_found("wrong_secret", caller.source)
        response = _response(request, served)
        if request.method == "GET":
            try:
                await self._note(served, caller, handed_out=response.status_code == 200)
            except StoreUnavailable:
                return self._refusals.unavailable()
        self.served += 1
        return response

    async def _note(self, served: ServedFile, caller: Caller, handed_out: bool) -> None:
        """Tell the fleet, if it is certain enough who fetched."""
        if served.mac is None:
            return
        standing = self._doorkeeper.standing(served.mac, caller, served.newcomer_of)
        if not standing.belief.believed:
            return
        if standing.device is None:
            await self._deliver(UnknownPhoneHeard(served.mac, served.newcomer_of, served.model, caller.source)).stored()
            return
        complete = served.complete and handed_out
        event = FileFetched(
            served.mac, "config", caller.source, served.model, caller.user_agent, complete, served.with_secret
        )
        await self._deliver(event).stored()


def _response(request: Request, served: ServedFile) -> Response:
    version = Version(f'"{sha256(served.body).hexdigest()[:32]}"')
    headers = {
        "etag": version.etag,
        "cache-control": "private, no-store" if served.secret_inside else "no-cache",
        "x-template-name": re.sub(r"[^ -~]", "?", served.template_name),
    }
    if unchanged(request.headers, version):
        return Response(None, 304, headers)
    return Response(served.body, 200, headers, media_type=served.content_type)
