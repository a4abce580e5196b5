"""An HTTP client's half of a conversation with one connection or server, and applications to talk to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import h11
import trio
import trio.testing

from daemon.http.asgi import Application, Endpoints, Message, Receive, Scope, Send
from daemon.http.connection import Connection
from daemon.http.limits import Counts

DATE = b"Thu, 05 Mar 2026 10:00:00 GMT"
PHONE = Endpoints(client=("10.1.0.9", 40000), server=("10.1.0.1", 8081))


@dataclass(frozen=True)
class SmallLimits:
    max_body: int = 1000
    max_connections: int = 10
    max_in_progress: int = 10
    idle_timeout: float = 75.0
    request_timeout: float = 30.0


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


class Talk:
    """A connection served in memory; `peer` is the client's end of it."""

    def __init__(self, app: Application, limits: SmallLimits | None = None, endpoints: Endpoints = PHONE) -> None:
        self.peer, served = trio.testing.memory_stream_pair()
        self.counts = Counts()
        self.connection = Connection(
            served, endpoints, app, limits=limits or SmallLimits(), counts=self.counts, date=lambda: DATE
        )
        self.ended = trio.Event()
        self._served = served

    async def serve(self) -> None:
        await self.connection.run()
        await self._served.aclose()
        self.ended.set()

    async def everything(self) -> bytes:
        """All that is sent until the connection closes."""
        return b"".join([bytes(piece) async for piece in self.peer])


async def exchange(app: Application, *pieces: bytes, limits: SmallLimits | None = None) -> tuple[bytes, Talk]:
    """Send the pieces, say that this was all, and return everything that came back."""
    talk = Talk(app, limits)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(talk.serve)
        for piece in pieces:
            await talk.peer.send_all(piece)
            await trio.testing.wait_all_tasks_blocked()
        await talk.peer.send_eof()
        answer = await talk.everything()
    return answer, talk


def replies(data: bytes, *methods: str) -> list[Reply]:
    """What a strict client makes of `data`: one reply for each method it asked with (GET if none is named)."""
    client = h11.Connection(h11.CLIENT)
    client.receive_data(data)
    client.receive_data(b"")
    return [_reply(client, method) for method in methods or ("GET",)]


def _reply(client: h11.Connection, method: str) -> Reply:
    client.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
    client.send(h11.EndOfMessage())
    event = client.next_event()
    while isinstance(event, h11.InformationalResponse):
        event = client.next_event()
    assert isinstance(event, h11.Response), event
    headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}
    body = b""
    while isinstance(piece := client.next_event(), h11.Data):
        body += bytes(piece.data)
    assert isinstance(piece, h11.EndOfMessage), piece
    if client.our_state is h11.DONE and client.their_state is h11.DONE:
        client.start_next_cycle()
    return Reply(event.status_code, headers, body)


async def read_body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        assert message["type"] == "http.request"
        body += bytes(message["body"])
        if not message["more_body"]:
            return body


async def respond(send: Send, body: bytes, status: int = 200) -> None:
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with method, path and body."""
    body = await read_body(receive)
    await respond(send, f"{scope['method']} {scope['path']} ".encode() + body)


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes


async def ask(
    app: Application,
    method: str,
    path: str,
    body: bytes = b"",
    *,
    headers: dict[str, str] | None = None,
    source: str = "10.1.0.9",
) -> Answered:
    """Put one request to an application, without any server in between."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope(method, path, headers or {}, source), receive, send)
    head = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Answered(sent[0]["status"], head, b"".join(message.get("body", b"") for message in sent[1:]))


def scope(method: str, path: str, headers: dict[str, str], source: str) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        "client": (source, 40000) if source else None,
        "server": ("10.1.0.1", 8081),
        "state": {"unix": not source},
    }


Ask = Callable[..., Awaitable[Answered]]
