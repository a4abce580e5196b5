"""One HTTP exchange as a phone makes it: from its own source address, one connection each, plain HTTP/1.1 with h11.

Written by hand because the source address matters: a daemon believes phones by their network. Not here: what is
asked for (`visits`).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import h11
import trio

from daemon.errors import RingkeeperError

TIMEOUT = 10.0  # seconds for the whole exchange
MAX_BODY = 1024 * 1024  # a configuration has a few KiB
_CHUNK = 65_536


class HttpTrouble(RingkeeperError):
    """The exchange failed; `reason` is a short stable token ("connect", "timeout", "protocol", "too long")."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What a phone asks; `enough` bytes of the answer's body are read, then the connection is dropped."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    enough: int = MAX_BODY


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A final answer; `body` is cut at what was asked for."""

    status: int
    body: bytes


async def exchange(request: HttpRequest, source: str) -> HttpReply:
    """Send `request` from the local address `source`; raises `HttpTrouble`."""
    parts = urlsplit(request.url)
    with trio.move_on_after(TIMEOUT):
        try:
            stream = await trio.open_tcp_stream(parts.hostname or "", parts.port or 80, local_address=source)
            async with stream:
                return await _converse(stream, request, parts.netloc, parts.path or "/")
        except (OSError, trio.BrokenResourceError) as error:
            raise HttpTrouble("connect", str(error)) from error
        except (h11.LocalProtocolError, h11.RemoteProtocolError) as error:
            raise HttpTrouble("protocol", str(error)) from error
    raise HttpTrouble("timeout", request.url)


async def _converse(stream: trio.SocketStream, request: HttpRequest, host: str, path: str) -> HttpReply:
    connection = h11.Connection(h11.CLIENT)
    length = ((("Content-Length", str(len(request.body)))),) if request.body else ()
    headers = [("Host", host), ("Connection", "close"), *request.headers, *length]
    opening = h11.Request(method=request.method, target=path, headers=headers)
    parts = [connection.send(opening)]
    if request.body:
        parts.append(connection.send(h11.Data(data=request.body)))
    parts.append(connection.send(h11.EndOfMessage()))
    await stream.send_all(b"".join(part for part in parts if part))
    return await _read_reply(stream, connection, request.enough)


async def _read_reply(stream: trio.SocketStream, connection: h11.Connection, enough: int) -> HttpReply:
    status = 0
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await stream.receive_some(_CHUNK))
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += event.data
        if isinstance(event, h11.EndOfMessage) or len(body) >= enough:
            return HttpReply(status, bytes(body[:enough]))
        if isinstance(event, h11.ConnectionClosed):
            raise HttpTrouble("protocol", "the connection ended without an answer")
