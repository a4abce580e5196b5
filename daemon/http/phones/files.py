"""Phones' configuration files: from URL to `FileRequest`, from `ServedFile` to response.

Not here: which file is due and what stands in it (`daemon.provisioning`), who is looked at (`gate`), firmware
(`firmware`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from daemon.errors import StoreUnavailable
from daemon.fleet.delivery import Deliver
from daemon.fleet.events import FileFetched, TokenUsed, UnknownPhoneHeard
from daemon.http.phones.caller import Caller, Doorkeeper
from daemon.http.phones.gate import Gate
from daemon.http.phones.ranges import Version, unchanged
from daemon.http.phones.refusals import Refusals
from daemon.provisioning.served import FileKind, FileRequest, Refusal, ServedFile
from daemon.provisioning.vendors.registry import recognise

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
        self, files: FileSource, deliver: Deliver, gate: Gate, doorkeeper: Doorkeeper, refusals: Refusals
    ) -> None:
        self.served = 0
        self.by_proof: Counter[str] = Counter()  # phones' own files, by the reason they were served for
        self._files = files
        self._deliver = deliver
        self._gate = gate
        self._doorkeeper = doorkeeper
        self._refusals = refusals

    def endpoint(self, kind: FileKind) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of one family of paths."""

        async def serve(request: Request) -> Response:
            return await self._serve(request, kind)

        return serve

    async def _serve(self, request: Request, kind: FileKind) -> Response:
        caller = self._gate.enter(request)
        if isinstance(caller, Response):
            return caller
        tenant, name = request.path_params.get("tenant", ""), request.path_params["name"]
        if not FILE_NAME.match(name) or (tenant and not _TENANT.match(tenant)):
            return self._refusals.not_found("file_name", caller.source)
        wanted = _request(caller, kind, tenant, name)
        held = self._gate.hold_back(caller, recognise(name, caller.user_agent).mac, kind, tenant)
        if held:
            return held
        served = self._files.serve(wanted, self._gate.now())
        if isinstance(served, Refusal):
            return self._refuse(served, caller, wanted)
        response = _response(request, served)
        if request.method == "GET":
            try:
                await self._note(served, caller, handed_out=response.status_code == 200)
            except StoreUnavailable:
                return self._refusals.unavailable()
        self.served += 1
        return response

    def _refuse(self, refusal: Refusal, caller: Caller, wanted: FileRequest) -> Response:
        if refusal.mac is None:
            return self._refusals.not_found(str(refusal.reason), caller.source, refusal.detail)
        return self._gate.refuse(refusal.reason, caller, refusal.mac, wanted.kind, wanted.tenant_url)

    async def _note(self, served: ServedFile, caller: Caller, handed_out: bool) -> None:
        """Tell the fleet, if it is certain enough who fetched. A token is spent, durably, before its file goes out."""
        if served.mac is None:
            return
        self.by_proof[str(served.reason)] += 1
        if served.newcomer_of:
            self._gate.met_stranger(caller, served.mac)
        if not served.complete:  # whoever gets a complete file has proved more than a report has to
            standing = self._doorkeeper.standing(served.mac, caller, served.newcomer_of)
            if not standing.belief.believed:
                return
            if standing.device is None:
                event = UnknownPhoneHeard(served.mac, served.newcomer_of, served.model, caller.source)
                await self._deliver(event).stored()
                return
        complete = served.complete and handed_out
        if served.made and handed_out:
            self._deliver(served.made)
        # Both before anything is waited for: nobody can come with the same token in between.
        spent = self._deliver(TokenUsed(served.mac, caller.source)) if served.with_token and complete else None
        fetched = self._deliver(
            FileFetched(
                served.mac, "config", caller.source, served.model, caller.user_agent, complete, served.with_secret
            )
        )
        if spent:
            await spent.stored()
        await fetched.stored()


def _request(caller: Caller, kind: FileKind, tenant: str, name: str) -> FileRequest:
    return FileRequest(
        kind,
        tenant,
        name,
        caller.source,
        caller.user_agent,
        caller.secret,
        caller.host,
        token=caller.token,
        login=caller.login,
        certificate=caller.certificate,
    )


def _response(request: Request, served: ServedFile) -> Response:
    version = Version(f'"{(served.digest or sha256(served.body).hexdigest())[:32]}"')
    headers = {
        "etag": version.etag,
        "cache-control": "private, no-store" if served.secret_inside else "no-cache",
        "x-template-name": re.sub(r"[^ -~]", "?", served.template_name),
    }
    if unchanged(request.headers, version):
        return Response(None, 304, headers)
    return Response(served.body, 200, headers, media_type=served.content_type)
