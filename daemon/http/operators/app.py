"""The operators' application: API, pages and metrics put together, with the headers that every answer carries.

`operators_app(desk)` builds one, and several may live beside each other: what is a desk's own travels with the request,
and the routes, which all share, know nothing of it. Routes stand in the module that bears their name. Not here: sockets
(`daemon.http.server`), any route.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daemon import __version__
from daemon.http.operators import (
    alarm_history,
    alarms,
    calls,
    connections,
    connectors,
    devices,
    health,
    imports,
    inventory,
    licence,
    live,
    numbers,
    operations,
    operators,
    outputs,
    probe,
    quality,
    receivers,
    requests,
    resync,
    shelves,
    summary,
    swap,
    tenants,
    trace,
    users,
)
from daemon.http.operators.access import Access
from daemon.http.operators.bodies import schema_of
from daemon.http.operators.desk import Desk
from daemon.http.operators.import_run import ImportBook
from daemon.http.operators.live import Live, LiveStatistics
from daemon.http.operators.pages import alarms as alarms_page
from daemon.http.operators.pages import fleet, phone, sign_in, static
from daemon.http.operators.pages.templates import show_problem
from daemon.http.operators.problems import Problem, ProblemBody, problem_handlers, problem_response
from daemon.http.operators.provisioning import (
    approval,
    dhcp,
    extra_lines,
    file_history,
    files,
    firmware,
    first_contact,
    generate,
    placeholders,
    preview,
    template_defaults,
    template_versions,
    templates,
    user_configuration,
)

API = "/api/v1"
API_PARTS = (
    preview,
    file_history,
    generate,
    devices,
    approval,
    dhcp,
    firmware,
    files,
    user_configuration,
    requests,
    resync,
    operations,
    swap,
    first_contact,
    connections,
    connectors,
    numbers,
    licence,
    alarm_history,  # before alarms, one of which it is not
    alarms,
    shelves,
    receivers,
    outputs,
    calls,
    quality,
    summary,
    inventory,
    imports,
    users,
    tenants,
    operators,
    live,
    trace,
    template_defaults,  # before templates, one of which could have that name
    template_versions,
    templates,
    placeholders,
    extra_lines,
)
OTHER_PARTS = (fleet, alarms_page, phone, sign_in, static, health, probe)

_OPENAPI = f"{API}/openapi.json"
# Bytes of JSON, or of a form: 30,000 MACs are a third. Parsing the worst of them takes a quarter of a second.
MOST_PARSED = 2 * 1024 * 1024
# These are read in a thread, and may be as large as `max_body`; uploads of files say for themselves what they take.
_WHOLE_FLEETS = frozenset({f"{API}/inventory", f"{API}/imports"})

# Everything a page needs comes from us; nothing may frame it, and no script or style stands inside a page.
_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_PROBLEM: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What went wrong (RFC 9457)",
        "content": {"application/problem+json": {"schema": schema_of(ProblemBody)}},
    }
}


@dataclass(frozen=True, slots=True)
class OperatorsStatistics:
    """Who is signed in and who listens now; wrong tokens and sessions pushed out since start."""

    sessions: int
    sessions_pushed_out: int
    wrong_tokens: int
    live: LiveStatistics


class OperatorsApp:
    """An ASGI application; `aclose` ends the live streams, so that the server can stop without cutting them off."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._access = Access(desk)
        self._live = Live(desk)
        self._imports = ImportBook()
        self.routes = _routes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        at_hand = {"desk": self.desk, "access": self._access, "live": self._live, "imports": self._imports}
        scope.setdefault("state", {}).update(at_hand)
        app: ASGIApp = self._turned_away(scope) or self.routes
        await app(scope, receive, send_with_headers)

    def statistics(self) -> OperatorsStatistics:
        """Counters of the doors and the live streams."""
        return OperatorsStatistics(
            sessions=len(self._access.sessions),
            sessions_pushed_out=self._access.sessions.pushed_out,
            wrong_tokens=self._access.throttle.wrong,
            live=self._live.statistics(),
        )

    def _turned_away(self, scope: Scope) -> Response | None:
        """The answer to strangers, before they are heard; None for all others, of whose words there is a bound.

        FastAPI reads and parses a body before it asks a route's dependencies who sent it, and nothing else happens
        meanwhile: 30 MB of small JSON objects take 3.3 s.
        """
        path = scope["path"]
        allow = scope.get("state", {}).get("allow_body")
        if allow is not None and path not in _WHOLE_FLEETS:
            allow(min(MOST_PARSED, self.desk.settings().http.operators.max_body))
        if not path.startswith(f"{API}/") or path == _OPENAPI:
            return None
        try:
            self._access.caller(Request(scope))
        except Problem as problem:
            return problem_response(problem)
        return None

    async def aclose(self) -> None:
        """End every live stream; browsers come back by themselves."""
        self._live.closing.set()


def operators_app(desk: Desk) -> OperatorsApp:
    """The application that serves operators at this desk."""
    return OperatorsApp(desk)


@cache
def _routes() -> FastAPI:
    """Every route, with nothing of any one desk in it: building them takes longer than all else of an application."""
    app = FastAPI(
        title="Ringkeeper",
        version=__version__,
        openapi_url=_OPENAPI,
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=problem_handlers(show_problem),
    )
    api = APIRouter(prefix=API, responses=_PROBLEM)
    for part in API_PARTS:
        api.include_router(part.router)
    app.include_router(api)
    for part in OTHER_PARTS:
        app.include_router(part.router)
    return app
