"""What phones send us of their own: the settings their users made on them, kept so that they come back.

A phone writes the file that it fetches, by the same path (PUT, or POST with a body); a POST without a body is a fetch,
which is how some phones and most simulators ask. It must stand as for a report: with its secret, or from a network of
its tenant. Answered when it is durable. A file without any such setting changes nothing: a phone that was reset has
none, and is about to get back what it had. Not here: which settings are the user's (`daemon.provisioning.user_lines`),
whose file a name means (`daemon.provisioning.vendors`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from daemon.errors import BadMessage, StoreUnavailable
from daemon.fleet.delivery import Deliver
from daemon.fleet.events import UserLinesHeard
from daemon.fleet.model import Mac
from daemon.fleet.records import Draft
from daemon.http.phones.caller import Caller, Doorkeeper
from daemon.http.phones.files import FILE_NAME
from daemon.http.phones.gate import Gate
from daemon.http.phones.refusals import Refusals
from daemon.provisioning.first_contact import Reason
from daemon.provisioning.served import FileKind
from daemon.provisioning.user_lines import left_path, read_upload
from daemon.provisioning.vendors.registry import recognise
from daemon.provisioning.vendors.vendor import FileRole, Role

Endpoint = Callable[[Request], Awaitable[Response]]

# Of what phones write, this is worth keeping: lists of calls and logs would be a new version every few minutes.
_KEPT = frozenset({Role.DEVICE, Role.OVERRIDES, Role.DIRECTORY})


class Uploads:
    """The endpoint for phones' own files. `accepting` says whether the store takes anything, `seal` closes a text."""

    def __init__(
        self,
        deliver: Deliver,
        gate: Gate,
        doorkeeper: Doorkeeper,
        refusals: Refusals,
        *,
        accepting: Callable[[], bool],
        seal: Callable[[str], str],
    ) -> None:
        self.taken = 0
        self._deliver = deliver
        self._gate = gate
        self._doorkeeper = doorkeeper
        self._refusals = refusals
        self._accepting = accepting
        self._seal = seal

    def endpoint(self, kind: FileKind, fetch: Endpoint) -> Endpoint:
        """The endpoint of the paths of this kind; `fetch` is the one that answers a GET there."""

        async def take(request: Request) -> Response:
            body = await request.body()
            if request.method == "POST" and not body:
                request.scope["method"] = "GET"
                return await fetch(request)
            return await self._take(request, body, kind)

        return take

    async def _take(self, request: Request, body: bytes, kind: FileKind) -> Response:
        if not self._accepting():
            return self._refusals.unavailable()
        caller, name = self._gate.enter(request), request.path_params["name"]
        if isinstance(caller, Response):
            return caller
        seen = recognise(name, caller.user_agent)
        if not FILE_NAME.match(name) or seen.role not in _KEPT or seen.mac is None:
            return self._refusals.not_found("file_name", caller.source)
        refusal = self._refusal(seen.mac, caller, kind, request.path_params.get("tenant", ""))
        if refusal:
            return refusal
        try:
            text = read_upload(FileRole(seen.role, seen.mac), seen.vendor.name, body).text
            if text:
                await self._keep(seen.mac, Draft(left_path(seen.mac, name), self._seal(text)), caller)
        except BadMessage as error:
            return self._refusals.bad(error, caller.source)
        except StoreUnavailable:
            return self._refusals.unavailable()
        self.taken += 1
        return Response(None, 204)

    def _refusal(self, mac: Mac, caller: Caller, kind: FileKind, named: str) -> Response | None:
        """The answer to a caller who may not write for this phone; None for one who may."""
        held = self._gate.hold_back(caller, mac, kind, named)
        if held:
            return held
        standing = self._doorkeeper.standing(mac, caller)
        if not standing.belief.believed:
            return self._gate.refuse(standing.belief.reason, caller, mac, kind, named)
        if standing.device is None or not standing.device.record.approved:
            return self._gate.refuse(Reason.UNKNOWN_PHONE, caller, mac, kind, named)
        return None

    async def _keep(self, mac: Mac, draft: Draft, caller: Caller) -> None:
        delivery = self._deliver(UserLinesHeard(mac, draft, caller.source))
        if delivery.answer is not None and delivery.answer.refused:
            raise BadMessage("user_lines", "; ".join(delivery.answer.refused), 507)
        await delivery.stored()
