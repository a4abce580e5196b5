"""Signing in and out: a token becomes a session, kept in a cookie that no script reads and no other site sends.

A link may carry the token behind `#` (`/sign-in#<token>`): browsers keep that part to themselves, and the script puts
it into the form, so a token never stands in an address that anybody logs.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from daemon.http.operators.access import COOKIE, AtDoor, from_our_pages
from daemon.http.operators.desk import AtDesk
from daemon.http.operators.pages.templates import page
from daemon.http.operators.problems import Problem

router = APIRouter(include_in_schema=False)

_SEE_OTHER = 303  # RFC 9110 section 15.4.4: go on with GET


@router.get("/sign-in")
async def show_sign_in(next: str = "/") -> Response:  # noqa: A002  the parameter's name in the address
    """The form."""
    return page("sign_in.html", next=inside(next), wrong="")


@router.post("/sign-in")
async def sign_in(
    request: Request,
    access: AtDoor,
    desk: AtDesk,
    token: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002
) -> Response:
    """Take a token; answer with a session and the way to the page that was wanted."""
    if not from_our_pages(request):
        raise Problem(403, "signing in works from Ringkeeper's own page only")
    try:
        session = access.sign_in(token.strip(), request)
    except Problem as problem:
        answer: Response = page("sign_in.html", problem.status, next=inside(next), wrong=problem.detail)
        answer.headers.update(problem.headers)
        return answer
    answer = RedirectResponse(inside(next), _SEE_OTHER)
    answer.set_cookie(
        COOKIE,
        session,
        max_age=int(desk.settings().http.operators.session_lifetime),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/sign-out")
async def sign_out(request: Request, access: AtDoor) -> Response:
    """End the session."""
    if not from_our_pages(request):
        raise Problem(403, "signing out works from Ringkeeper's own pages only")
    access.sessions.end(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("/sign-in", _SEE_OTHER)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def inside(target: str) -> str:
    """A path of ours to go on to; "/" for anything that would lead elsewhere."""
    leads_elsewhere = not target.startswith("/") or target[1:2] in {"/", "\\"} or not target.isprintable()
    return "/" if leads_elsewhere else target
