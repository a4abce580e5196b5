"""A phone's own HTTP server on loopback, that answers as the test says and remembers what it was asked."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import h11
import trio

from daemon.authentication import digest

POLY_TOOK_IT = b'{"Status": "2000"}'
OPEN, BASIC, DIGEST = "", 'Basic realm="phone"', 'Digest realm="phone", nonce="n1", qop="auth", algorithm=MD5'


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class PhoneServer:
    """How it answers: after `delay`, with `status` and `body`, once the login that `wants` says was shown.

    `asked` are all requests, `obeyed` those that got as far as the answer; `told` is called by each of these.
    """

    user: str = "Polycom"
    password: str = "456"
    wants: str = OPEN
    status: int = 200
    body: bytes = POLY_TOOK_IT
    headers: list[tuple[str, str]] = field(default_factory=list)
    delay: float = 0.0
    hangs_up: bool = False
    told: Callable[[Asked], Awaitable[None]] | None = None
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    obeyed: list[Asked] = field(default_factory=list)

    async def serve(self, stream: trio.abc.Stream) -> None:
        """One connection, one request after another."""
        wire = h11.Connection(h11.SERVER)
        try:
            while wire.our_state is not h11.MUST_CLOSE:
                asked = await _next(wire, stream)
                if asked is None:
                    return
                await self._answer(wire, stream, asked)
                if wire.our_state is h11.DONE and wire.their_state is h11.DONE:
                    wire.start_next_cycle()
        except (trio.BrokenResourceError, trio.ClosedResourceError, h11.RemoteProtocolError):
            return
        finally:
            await trio.aclose_forcefully(stream)

    async def _answer(self, wire: h11.Connection, stream: trio.abc.Stream, asked: Asked) -> None:
        self.asked.append(asked)
        if not self._lets_in(asked):
            await _send(wire, stream, 401, [("WWW-Authenticate", self.wants)], b"no")
            return
        self.obeyed.append(asked)
        if self.told:
            await self.told(asked)
        await trio.sleep(self.delay)
        if self.hangs_up:
            raise trio.BrokenResourceError
        await _send(wire, stream, self.status, self.headers, self.body)

    def _lets_in(self, asked: Asked) -> bool:
        shown = asked.headers.get("authorization", "")
        if self.wants == BASIC:
            return shown == f"Basic {b64encode(f'{self.user}:{self.password}'.encode()).decode()}"
        if not self.wants:
            return True
        credentials = digest.parse_credentials(shown) if shown else None
        secret = digest.hashed("MD5", self.user, "phone", self.password)
        return credentials is not None and credentials.response == digest.expected_response(
            credentials, secret, asked.method
        )


@asynccontextmanager
async def phone_server(
    phone: PhoneServer, host: str = "127.0.0.1", context: ssl.SSLContext | None = None
) -> AsyncIterator[PhoneServer]:
    """It listens while the block runs."""

    async def serve(stream: trio.SocketStream) -> None:
        await phone.serve(trio.SSLStream(stream, context, server_side=True) if context else stream)

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host=host)
        phone.port = listeners[0].socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, serve, listeners)
        yield phone
        nursery.cancel_scope.cancel()


async def _next(wire: h11.Connection, stream: trio.abc.Stream) -> Asked | None:
    request, body = None, b""
    while True:
        event = wire.next_event()
        if event is h11.NEED_DATA:
            wire.receive_data(bytes(await stream.receive_some()))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            headers = {name.decode(): value.decode() for name, value in request.headers}
            return Asked(request.method.decode(), request.target.decode(), headers, body)
        else:
            return None


async def _send(
    wire: h11.Connection, stream: trio.abc.Stream, status: int, headers: list[tuple[str, str]], body: bytes
) -> None:
    head = h11.Response(status_code=status, headers=[*headers, ("Content-Length", str(len(body)))])
    for event in (head, h11.Data(data=body), h11.EndOfMessage()):
        await stream.send_all(wire.send(event) or b"")
