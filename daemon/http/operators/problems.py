"""Everything that goes wrong, said the same way: application/problem+json (RFC 9457), or a page for a browser.

The table `PROBLEMS` says which exception becomes which answer. Not here: deciding that something is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from daemon.errors import BadMessage, ConfigError, Refused, StoreUnavailable

# Long enough for a commit to be tried again several times (store.retry), short enough for a person to wait.
RETRY_AFTER = 5
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class ProblemFault(BaseModel):
    """One of several things wrong; `line` counts from 1 in a file, `key` is a path in a file or a field's name."""

    key: str = ""
    wrong: str
    hint: str = ""
    file: str = ""
    line: int = 0


class ProblemBody(BaseModel):
    """What every error answers (RFC 9457); `errors` lists every fault when there can be several."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    errors: list[ProblemFault] = []


class Problem(Exception):
    """An answer that is an error; raised by routes, turned into a response here."""

    def __init__(
        self, status: int, detail: str, errors: tuple[ProblemFault, ...] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})


def not_found(what: str) -> Problem:
    """There is no such thing, or none that the asker may know of."""
    return Problem(404, f"there is no {what}")


def problem_response(problem: Problem) -> Response:
    """A problem on the wire."""
    body = ProblemBody(
        title=HTTPStatus(problem.status).phrase,
        status=problem.status,
        detail=problem.detail,
        errors=list(problem.errors),
    )
    return JSONResponse(
        body.model_dump(exclude_defaults=True) | {"type": body.type},
        status_code=problem.status,
        headers=problem.headers,
        media_type="application/problem+json",
    )


def _from_http(error: HTTPException) -> Problem:
    return Problem(error.status_code, str(error.detail), headers=error.headers)


def _from_validation(error: RequestValidationError) -> Problem:
    faults = tuple(
        ProblemFault(key=".".join(map(str, fault["loc"][1:])), wrong=fault["msg"])  # loc begins with "body" or "query"
        for fault in error.errors()
    )
    return Problem(422, "the request does not have the expected form", faults)


def _from_config(error: ConfigError) -> Problem:
    faults = tuple(
        ProblemFault(file=fault.file, line=fault.line, key=fault.key, wrong=fault.wrong, hint=fault.hint)
        for fault in error.faults
    )
    return Problem(422, f"{len(faults)} {'fault' if len(faults) == 1 else 'faults'}; nothing was applied", faults)


def _from_refused(error: Refused) -> Problem:
    faults = tuple(ProblemFault(wrong=reason) for reason in error.reasons)
    return Problem(409, "the rules forbid it: " + "; ".join(error.reasons), faults)


def _from_store(_error: StoreUnavailable) -> Problem:
    return Problem(
        503, "the disk does not take changes at the moment; nothing is lost, ask again", headers=_retry(RETRY_AFTER)
    )


def _from_message(error: BadMessage) -> Problem:
    return Problem(error.status, error.detail or error.reason)


def _from_departure(_error: ClientDisconnect) -> Problem:
    return Problem(
        400, "the request did not arrive whole"
    )  # nobody hears this: the server has answered or the peer left


def _from_bug(_error: Exception) -> Problem:
    return Problem(500, "a fault of Ringkeeper itself; its log says more")


def _allowed(request: Request) -> Iterator[str]:
    """Every method of this path (RFC 9110 section 15.5.6); the route that said no knows only its own."""
    for method in _METHODS:
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            yield method


def _retry(seconds: float) -> dict[str, str]:
    return {"Retry-After": str(max(1, round(seconds)))}


def too_many(detail: str, wait: float) -> Problem:
    """Come back in `wait` seconds."""
    return Problem(429, detail, headers=_retry(wait))


def full_house(detail: str) -> Problem:
    """A bounded thing is taken; come back later."""
    return Problem(503, detail, headers=_retry(RETRY_AFTER))


PROBLEMS: Mapping[type[Exception], Callable[..., Problem]] = {
    Problem: lambda problem: problem,
    HTTPException: _from_http,
    RequestValidationError: _from_validation,
    ConfigError: _from_config,
    Refused: _from_refused,
    StoreUnavailable: _from_store,
    BadMessage: _from_message,
    ClientDisconnect: _from_departure,
    Exception: _from_bug,  # Starlette answers with this one and raises on, to the connection's guard
}

Show = Callable[[Request, Problem], Response | None]
Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]


def problem_handlers(show: Show) -> dict[int | type[Exception], Handler]:
    """Exception handlers for the application; `show` may answer a browser with a page instead."""
    return {kind: _handler(translate, show) for kind, translate in PROBLEMS.items()}


def _handler(translate: Callable[..., Problem], show: Show) -> Handler:
    async def handle(request: Request, error: Any) -> Response:
        problem = translate(error)
        if problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
            problem.headers["Allow"] = ", ".join(_allowed(request))
        return show(request, problem) or problem_response(problem)

    return handle
