"""One request in ASGI 3's terms: the scope, and the two callables an application is given.

The body is read only when the application asks for it, and never beyond the limit. A route that takes more than the
listener's `max_body` says so before it asks: `scope["state"]["allow_body"](bytes)`, in Starlette's words
`request.state.allow_body(bytes)`; then it reads the body piece by piece. A body that is declared larger is refused at
that moment, before "100 Continue", any other as soon as it has become larger. Not here: the loop over a connection's
requests (`connection`), the meaning of any path.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import h11

from daemon.errors import BadMessage
from daemon.http.admission import has_body
from daemon.http.file_part import EXTENSION, FilePart, part_of
from daemon.http.limits import SLOWEST_BODY
from daemon.http.peer_certificate import PeerCertificate
from daemon.http.plain import PlainRequest, plain_answer
from daemon.http.wire import PeerLeft, Wire

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Extensions = dict[str, dict[str, object]]

_ASGI = {"version": "3.0", "spec_version": "2.4"}  # 2.4: send raises OSError once the peer has left
_END = h11.EndOfMessage()
_CLOSING = (b"connection", b"close")
_BODYLESS = frozenset((204, 304))  # RFC 9110 section 6.4.1


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Both ends of a connection as (host, port); no client over a Unix socket, whose file permissions let it in."""

    client: tuple[str, int] | None
    server: tuple[str, int | None]
    scheme: str = "http"
    certificate: PeerCertificate | None = None  # that the client has shown, over https

    @property
    def unix(self) -> bool:
        """Whether the peer came over a Unix socket."""
        return self.client is None


def scope_of(request: h11.Request | PlainRequest, endpoints: Endpoints, extensions: Extensions | None = None) -> Scope:
    """A request's head as ASGI's connection scope.

    `scope["state"]["unix"]` tells who came over the Unix socket, `["certificate"]` is a `PeerCertificate` or None.
    """
    target, _, query = request.target.partition(b"?")
    return {
        "type": "http",
        "asgi": _ASGI,
        "http_version": request.http_version.decode("ascii"),
        "method": request.method.decode("ascii"),
        "scheme": endpoints.scheme,
        "path": unquote(target.decode("ascii")),
        "raw_path": target,
        "query_string": query,
        "root_path": "",
        "headers": list(request.headers),
        "client": endpoints.client,
        "server": endpoints.server,
        "state": {"unix": endpoints.unix, "certificate": endpoints.certificate},
        "extensions": extensions or {},
    }


def declared_length(headers: Headers) -> int:
    """The body's length by Content-Length, digits as h11 has seen to; 0 if nothing says, or chunks tell instead."""
    length = 0
    for name, value in headers:
        if name == b"transfer-encoding":
            return 0
        if name == b"content-length":
            length = int(value)
    return length


class Exchange:
    """One request and its answer.

    `max_body` holds unless the application says otherwise (`allow_body`). `deadline` (Trio's clock) is when the whole
    request must be here; `own_headers` gives what we add to the answer's. `body` is the whole body of a plain request.
    """

    def __init__(  # noqa: PLR0917 - what an exchange is made of, in its order
        self,
        wire: Wire,
        scope: Scope,
        max_body: int,
        deadline: float,
        own_headers: Callable[[], Headers],
        body: bytes | None = None,
    ) -> None:
        self.declared = declared_length(scope["headers"])  # bytes of body, as far as the head tells
        self.status = 0  # of the answer, once its head has been sent
        self.over = False  # complete, or the peer left, or we refused the rest: nothing more will be sent
        self.refused: BadMessage | None = None  # the body was not to be had
        self.peer_left = False
        self._wire = wire
        self._max_body = max_body
        self._read = 0
        self._due = self.declared
        self._deadline = deadline
        self._own_headers = own_headers
        self._answer_head: tuple[int, tuple[tuple[bytes, bytes], ...]] | None = None
        self._head_only = scope["method"] == "HEAD"
        self._body_read = False
        self._whole_body = body
        self._headers = scope["headers"]

    def allow_body(self, size: int) -> None:
        """Accept a body of `size` bytes; one larger than usual gets more time, that of `SLOWEST_BODY` on top."""
        if size > self._max_body:
            self._deadline += size / SLOWEST_BODY
        self._max_body = size

    async def receive(self) -> Message:
        """ASGI's receive: the body piece by piece, then `http.disconnect` when the peer has left."""
        if self._body_read or self.over:
            if not self.over:
                await self._wire.wait_until_peer_leaves()
            return {"type": "http.disconnect"}
        try:
            return await self._receive_body()
        except (BadMessage, PeerLeft) as error:
            await self._give_up(error)
            return {"type": "http.disconnect"}

    async def _receive_body(self) -> Message:
        if self.declared > self._max_body:
            raise BadMessage("body_too_large", status=413)
        if self._whole_body is not None:
            self._body_read = True
            return {"type": "http.request", "body": self._whole_body, "more_body": False}
        if self._wire.h11.they_are_waiting_for_100_continue:
            await self._wire.write(self._wire.encode(h11.InformationalResponse(status_code=100, headers=[])))
        event = await self._wire.next_event(self._deadline)
        if not isinstance(event, h11.Data):
            self._body_read = True
            return {"type": "http.request", "body": b"", "more_body": False}
        self._read += len(event.data)
        if self._read > self._max_body:
            raise BadMessage("body_too_large", status=413)
        self._due -= len(event.data)
        if self._due == 0:  # a report is mostly one piece: its end is told with it, and nothing is waited for
            await self._wire.next_event(self._deadline)
            self._body_read = True
        return {"type": "http.request", "body": bytes(event.data), "more_body": not self._body_read}

    async def _give_up(self, error: BadMessage | PeerLeft) -> None:
        """Answer for the application, which is told that the peer has left: nothing it says will be heard."""
        if isinstance(error, BadMessage):
            self.refused = error
            if not self.status:
                await self.answer(error.status)
        else:
            self.peer_left = True
        self.over = True

    async def send(self, message: Message) -> None:
        """ASGI's send; `OSError` once the peer has left. The head goes out with the first piece of the body."""
        if self.peer_left:
            raise PeerLeft
        if self.over:
            return
        if message["type"] == "http.response.start":
            self._answer_head = message["status"], (*map(tuple, message["headers"]), *self._own_headers())
        elif message["type"] == EXTENSION:
            await self._send_body(part_of(message), message.get("more_body", False))
        else:
            await self._send_body(message.get("body", b""), message.get("more_body", False))

    async def _send_body(self, body: bytes | FilePart, more: bool) -> None:
        if self._answer_head is None:
            raise RuntimeError("the application sent a body before http.response.start")
        status, headers = self._answer_head
        if self._wire.plain and not more and isinstance(body, bytes):
            data = plain_answer(status, headers, body, head_only=self._head_only)
            if data is not None:
                self._wire.answered_plainly()
                await self._write(self._wire.write(data), status, last=True)
                return
        events: list[h11.Event] = []
        if not self.status:
            events.append(_head(status, headers if more or self._all_has_come() else (*headers, _CLOSING)))
        if body and not self._head_only and status not in _BODYLESS:
            events.append(h11.Data(data=body))  # type: ignore[arg-type]  # h11 asks only how long a file's part is
        if not more:
            events.append(_END)
        if isinstance(body, FilePart):
            writing = self._wire.write_with_file(*events)
        else:
            writing = self._wire.write(self._wire.encode(*events))
        await self._write(writing, status, last=not more)

    def _all_has_come(self) -> bool:
        """Whether another request can follow this one; if not, its sender is told so rather than surprised."""
        if self._body_read or self._wire.plain or not has_body(self._headers):
            return True
        try:
            return self._wire.drop_body()
        except BadMessage:  # a body that nobody wanted, and that is none
            return False

    async def _write(self, writing: Awaitable[None], status: int, *, last: bool) -> None:
        self.status, self.over = status, last
        try:
            await writing
        except PeerLeft:
            self.peer_left = self.over = True
            raise

    async def answer(self, status: int) -> None:
        """Answer in the application's stead, if that is still possible. The connection ends with it."""
        if not self._wire.answerable:
            return
        data = refusal(self._wire, status, self._own_headers(), head_only=self._head_only)
        with suppress(PeerLeft):  # noted in `peer_left`
            await self._write(self._wire.write(data), status, last=True)

    async def send_away(self, seconds: int, *, more_to_come: bool) -> None:
        """503 in the application's stead, with Retry-After; the connection stays unless there is `more_to_come`."""
        extra = [*self._own_headers(), (b"retry-after", b"%d" % seconds)]
        data = refusal(self._wire, 503, extra, head_only=self._head_only, close=more_to_come)
        with suppress(PeerLeft):
            await self._write(self._wire.write(data), 503, last=True)


@lru_cache(maxsize=64)
def _head(status: int, headers: tuple[tuple[bytes, bytes], ...]) -> h11.Response:
    """An answer's head. Most of a second's answers have the same, and h11 takes 6 µs to check it."""
    return h11.Response(status_code=status, headers=list(headers))


def problem(status: int) -> bytes:
    """An RFC 9457 problem document that says no more than the status itself."""
    return b'{"type":"about:blank","title":"%s","status":%d}' % (HTTPStatus(status).phrase.encode("ascii"), status)


def refusal(wire: Wire, status: int, extra: Headers, *, head_only: bool = False, close: bool = True) -> bytes:
    """A whole answer of our own, as bytes for `wire`; it says that the connection closes, unless `close` is False."""
    body = problem(status)
    headers: Headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        *([_CLOSING] if close else ()),
    ]
    head = h11.Response(status_code=status, headers=[*headers, *extra])
    return wire.encode(head, h11.Data(data=b"" if head_only else body), h11.EndOfMessage())
