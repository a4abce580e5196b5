"""Who is asking, and what they may do: the Unix socket, a bearer token, or a browser's session.

Roles are a ladder: monitors read, operators act, administrators also add operators. A session only proves who the
browser is; before it may change anything the request must also come from our own pages. Tokens are compared by their
SHA-256, in constant time, and stand in no log. Not here: the routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import structlog
from fastapi import Depends, Request

from daemon.fleet.licence import suspended, why_suspended
from daemon.fleet.records import Operator, Role
from daemon.http.operators.desk import Desk
from daemon.http.operators.problems import Problem, too_many
from daemon.http.operators.sessions import Sessions
from daemon.http.operators.throttle import Throttle

log = structlog.get_logger("operators")

COOKIE = "ringkeeper_session"
_LADDER = (Role.MONITOR, Role.OPERATOR, Role.ADMINISTRATOR)
_READING = frozenset({"GET", "HEAD"})
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="ringkeeper"'}


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks, by which door they came, and what they may do."""

    name: str
    role: Role
    door: Literal["socket", "token", "session"]

    def may(self, role: Role) -> bool:
        """Whether this caller stands at least as high as `role`."""
        return _LADDER.index(self.role) >= _LADDER.index(role)


_AT_THE_SOCKET = Caller("local socket", Role.ADMINISTRATOR, "socket")


def by_unix_socket(scope: Mapping[str, Any]) -> bool:
    """Whether a request came over the Unix socket, where the file's owner and group decide who gets in."""
    return scope.get("state", {}).get("unix") is True


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode()).hexdigest()


class Access:
    """Tells callers apart; holds the sessions and counts what was refused."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.sessions = Sessions()
        self.throttle = Throttle()

    def caller(self, request: Request) -> Caller:
        """Whoever asks; `Problem` 401 or 429 if that is nobody we know."""
        if by_unix_socket(request.scope):
            return _AT_THE_SOCKET
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            operator = self.operator_with(token.strip(), request)
            return Caller(operator.name, operator.role, "token")
        return self._caller_in_session(request)

    def operator_with(self, token: str, request: Request) -> Operator:
        """The operator this token belongs to; `Problem` 401, or 429 when the source has shown too many wrong ones."""
        wanted, found = token_hash(token), None
        for operator in self._desk.directory.operators.values():
            if compare_digest(operator.token_hash, wanted):
                found = operator
        if found is None:
            raise self._wrong_token(request)
        self._refuse_if_suspended()
        return found

    def sign_in(self, token: str, request: Request) -> str:
        """A session for the browser that shows a valid token: the name to keep in its cookie."""
        operator = self.operator_with(token, request)
        now, lifetime = self._desk.clock.now(), self._desk.settings().http.operators.session_lifetime
        log.info("operator signed in", event_name="operator-signed-in", operator=operator.name, source=source(request))
        return self.sessions.begin(operator.name, operator.token_hash, now + lifetime)

    def _caller_in_session(self, request: Request) -> Caller:
        session = self.sessions.find(request.cookies.get(COOKIE, ""), self._desk.clock.now())
        operator = self._desk.directory.operators.get(session.operator) if session else None
        if session is None or operator is None or not compare_digest(operator.token_hash, session.token_hash):
            raise Problem(401, "sign in, or send a token as Authorization: Bearer …", headers=_CHALLENGE)
        if request.method not in _READING and not from_our_pages(request):
            raise Problem(403, "a browser session may only change things from Ringkeeper's own pages")
        self._refuse_if_suspended()
        return Caller(operator.name, operator.role, "session")

    def _refuse_if_suspended(self) -> None:
        """At the Unix socket somebody can always set it right."""
        terms = self._desk.settings().licence
        if suspended(terms, self._desk.clock.now()):
            raise Problem(403, f"{why_suspended(terms)}; the Unix socket still lets you in")

    def _wrong_token(self, request: Request) -> Problem:
        peer = source(request)
        wait = self.throttle.note_wrong(peer, self._desk.clock.now())
        if wait:
            return too_many("too many wrong tokens from your address; wait before the next", wait)
        log.warning("wrong token", event_name="wrong-token", source=peer)  # the throttle bounds these lines, too
        return Problem(401, "this token is not valid", headers=_CHALLENGE)


def source(request: Request) -> str:
    """The peer's address; empty over the Unix socket."""
    return request.client.host if request.client else ""


def from_our_pages(request: Request) -> bool:
    """Whether a browser says that one of our own pages sent this (Fetch Metadata, else Origin as in RFC 6454)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")


async def _access_of(request: Request) -> Access:
    access: Access = request.state.access
    return access


AtDoor = Annotated[Access, Depends(_access_of)]


def _requires(role: Role) -> Any:
    async def caller_with_role(request: Request, access: AtDoor) -> Caller:
        caller = access.caller(request)
        if not caller.may(role):
            raise Problem(403, f"this needs the role {role}; {caller.name} is {caller.role}")
        return caller

    return Depends(caller_with_role)


Reader = Annotated[Caller, _requires(Role.MONITOR)]
Actor = Annotated[Caller, _requires(Role.OPERATOR)]
Administrator = Annotated[Caller, _requires(Role.ADMINISTRATOR)]
