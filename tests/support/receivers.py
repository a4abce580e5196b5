"""Receivers of alarms on loopback: a mail server, a syslog collector, a web server. What they take, they remember."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial

import h11
import trio


@asynccontextmanager
async def served(handler: Callable[[trio.SocketStream], Awaitable[None]]) -> AsyncIterator[int]:
    """A port on loopback where every connection is handed to `handler`, while the block lasts."""

    async def guarded(stream: trio.SocketStream) -> None:
        try:
            async with stream:
                await handler(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError, ssl.SSLError):
            return

    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(trio.serve_listeners, guarded, [listener]))
        yield listener.socket.getsockname()[1]
        nursery.cancel_scope.cancel()


class _Lines:
    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self._buffer = b""

    async def next(self) -> bytes:
        """A line without its end; b"" at the end of the stream."""
        while b"\r\n" not in self._buffer:
            piece = await self.stream.receive_some()
            if not piece:
                return b""
            self._buffer += bytes(piece)
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    async def say(self, text: str) -> None:
        await self.stream.send_all(f"{text}\r\n".encode())


@dataclass
class MailServer:
    """Takes mail; `answers` says what it answers to a command instead of taking it, by the command's first word."""

    certificate: ssl.SSLContext | None = None
    implicit: bool = False
    answers: dict[str, str] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    letters: list[EmailMessage] = field(default_factory=list)
    conversation: list[str] = field(default_factory=list)
    port: int = 0

    async def talk(self, stream: trio.SocketStream) -> None:
        lines = _Lines(stream)
        if self.implicit and self.certificate:
            lines = _Lines(trio.SSLStream(stream, self.certificate, server_side=True))
        secured = self.implicit
        await lines.say("220 mail.example.net")
        while line := (await lines.next()).decode():
            command = line.partition(" ")[0].upper()
            self.conversation.append(command)
            if said := self.answers.get(command):
                await lines.say(said)
            elif command == "RCPT" and any(address in line for address in self.refuses):
                await lines.say("550 nobody of that name")
            elif command == "EHLO":
                offers = ["mail.example.net", "AUTH PLAIN"] + (["STARTTLS"] if self.certificate and not secured else [])
                await lines.say("\r\n".join([*(f"250-{offer}" for offer in offers), "250 SIZE 1000000"]))
            elif command == "STARTTLS" and self.certificate:
                await lines.say("220 go on")
                lines, secured = _Lines(trio.SSLStream(stream, self.certificate, server_side=True)), True
            elif command == "AUTH":
                await lines.say("235 welcome" if line.endswith("AHVzZXIAaHVzaA==") else "535 no")
            elif command == "DATA":
                await self._take(lines)
            else:
                await lines.say("221 bye" if command == "QUIT" else "250 ok")

    async def _take(self, lines: _Lines) -> None:
        await lines.say("354 go on")
        body = []
        while (line := await lines.next()) != b".":
            body.append(line.removeprefix(b"."))
        if said := self.answers.get("."):
            await lines.say(said)
            return
        self.letters.append(message_from_bytes(b"\r\n".join(body), policy=default))
        await lines.say("250 taken")


@asynccontextmanager
async def mail_server(server: MailServer) -> AsyncIterator[MailServer]:
    async with served(server.talk) as server.port:
        yield server


@dataclass
class Collector:
    """A syslog collector on a stream; `dies` lets it reset that many connections after it has read something."""

    certificate: ssl.SSLContext | None = None
    frames: bytes = b""
    dies: int = 0
    port: int = 0

    async def talk(self, stream: trio.SocketStream) -> None:
        source: trio.abc.Stream = stream
        if self.certificate:
            source = trio.SSLStream(stream, self.certificate, server_side=True, https_compatible=False)
        if self.dies:
            self.dies -= 1
            await source.receive_some(1)
            stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            return
        heard = b""
        while piece := await source.receive_some():
            heard += bytes(piece)
        self.frames += heard
        await source.aclose()

    @property
    def messages(self) -> list[bytes]:
        found, rest = [], self.frames
        while rest:
            size, _, rest = rest.partition(b" ")
            found.append(rest[: int(size)])
            rest = rest[int(size) :]
        return found


@asynccontextmanager
async def collector(sink: Collector) -> AsyncIterator[Collector]:
    async with served(sink.talk) as sink.port:
        yield sink


@dataclass
class Request:
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WebServer:
    """Answers 200, or what `answers` has next: a status with headers."""

    certificate: ssl.SSLContext | None = None
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    silent: bool = False
    port: int = 0

    async def talk(self, stream: trio.SocketStream) -> None:
        source: trio.abc.Stream = stream
        if self.certificate:
            source = trio.SSLStream(stream, self.certificate, server_side=True)
        server, asked, body = h11.Connection(h11.SERVER), None, b""
        while not isinstance(event := server.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                server.receive_data(bytes(await source.receive_some()))
            elif isinstance(event, h11.Request):
                asked = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            else:
                return
        assert asked is not None
        headers = {name.decode(): value.decode() for name, value in asked.headers}
        self.requests.append(Request(asked.target.decode(), headers, body))
        if self.silent:
            await trio.sleep_forever()
        status, extra = self.answers.pop(0) if self.answers else (200, {})
        sent = [*extra.items(), ("Content-Length", "0"), ("Connection", "close")]
        data = server.send(h11.Response(status_code=status, headers=sent))
        await source.send_all((data or b"") + (server.send(h11.EndOfMessage()) or b""))


@asynccontextmanager
async def web_server(server: WebServer) -> AsyncIterator[WebServer]:
    async with served(server.talk) as server.port:
        yield server
