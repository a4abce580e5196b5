"""Jinja2 as the pages use it: everything escaped, nothing undefined, and words for times and problems."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from daemon.http.operators.pages.tones import tone
from daemon.http.operators.problems import Problem
from daemon.scheduler.timestamps import rfc3339

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def ago(text: str, now: float) -> str:
    """A time as text -> how long ago it was, in its largest unit; `live.js` goes on counting by the same rule."""
    passed = int(now - datetime.fromisoformat(text).timestamp())
    size, unit = next(((size, unit) for size, unit in _UNITS if abs(passed) >= size), (1, "s"))
    return f"in {-passed // size} {unit}" if passed < 0 else f"{passed // size} {unit} ago"


def clock_time(text: str) -> str:
    """A time as text, for people: to the second, in UTC."""
    return text[:19].replace("T", " ")


def spoken(value: str) -> str:
    """A state's name as a word: NEVER_SEEN -> never seen; OK stays."""
    return value if value == "OK" else value.replace("_", " ").lower()


_ENVIRONMENT = Environment(
    loader=PackageLoader(__package__, "."),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_ENVIRONMENT.filters.update(ago=ago, clock_time=clock_time, moment=rfc3339, spoken=spoken, tone=tone)


def page(name: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A page from its template."""
    return HTMLResponse(_ENVIRONMENT.get_template(name).render(context), status_code=status)


def show_problem(request: Request, problem: Problem) -> Response | None:
    """A problem as a page, for a browser that asked for one; who is not signed in is led to where one signs in."""
    if request.url.path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
        return None
    if problem.status == HTTPStatus.UNAUTHORIZED and request.url.path != "/sign-in":
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?{urlencode({'next': here})}", status_code=303)
    answer = page("problem.html", problem.status, title=HTTPStatus(problem.status).phrase, problem=problem)
    answer.headers.update(problem.headers)
    return answer
