"""A daemon of a few lines for simulated phones: serves one file, takes what they send, pings when told to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial

import h11
import trio

CONFIGURATION = """\
; a comment
include shared.cfg
ems_server/provisioning/url={url}k/s3cret/
provisioning/configuration/url={url}k/s3cret/configfiles/
voip/line/0/auth_password=0123
"""
SHARED = "ems_server/keep_alive_period=1\nvoip/signalling/sip/proxy_gateway=pbx-a.example.net\n"


@dataclass
class FakeDaemon:
    """What it heard, in order, and what it answers."""

    url: str = ""
    sip_address: tuple[str, int] = ("", 0)
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # source, method, path
    bodies: list[dict[str, object]] = field(default_factory=list)
    uploads: list[tuple[str, str]] = field(default_factory=list)  # path, text
    images: dict[str, bytes] = field(default_factory=dict)  # by name
    registers: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    requests: list[object] = field(default_factory=list)
    register_code: int = 200
    status: int = 200
    socket: trio.socket.SocketType | None = None

    def statuses(self, mac: str) -> list[object]:
        return [body["status"] for body in self.bodies if body.get("mac") == mac]

    async def ping(self, address: tuple[str, int]) -> None:
        assert self.socket is not None
        await self.socket.sendto(OPTIONS, address)

    async def notify(self, address: tuple[str, int], event: str, cseq: int = 1) -> None:
        assert self.socket is not None
        await self.socket.sendto(notify(event, cseq), address)

    async def serve_http(self, stream: trio.SocketStream) -> None:
        connection = h11.Connection(h11.SERVER)
        request, body = None, b""
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await stream.receive_some())
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
            else:
                break
        if request is None:
            return
        path = request.target.decode()
        self.asked.append((stream.socket.getpeername()[0], request.method.decode(), path))
        status, answer = self._answer(request.method.decode(), path, body)
        head = h11.Response(status_code=status, headers=[("Content-Length", str(len(answer))), ("Connection", "close")])
        content = b"" if request.method == b"HEAD" else answer
        sent = [connection.send(part) for part in (head, h11.Data(data=content), h11.EndOfMessage())]
        try:
            await stream.send_all(b"".join(part for part in sent if part))
        except trio.BrokenResourceError:
            return

    def _answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if method == "PUT":
            self.uploads.append((path, body.decode()))
            return 200, b""
        if body:
            self.bodies.append(json.loads(body))
            requests, self.requests = self.requests, []
            return self.status, json.dumps({"requests": requests}).encode()
        if path.endswith(".img"):
            image = self.images.get(path.rpartition("/")[2])
            return (404, b"") if image is None else (200, image)
        text = SHARED if path.endswith("shared.cfg") else CONFIGURATION.format(url=self.url)
        return self.status, text.encode()

    async def serve_sip(self) -> None:
        assert self.socket is not None
        while True:
            data, source = await self.socket.recvfrom(65535)
            text = data.decode()
            if text.startswith("SIP/2.0"):
                self.replies.append(text)
                continue
            self.registers.append(text)
            head = text.split("\r\n\r\n")[0].split("\r\n")[1:]
            kept = [line for line in head if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq", "Contact")]
            reply = [f"SIP/2.0 {self.register_code} Whatever", *kept, "Expires: 60", "Content-Length: 0", "", ""]
            await self.socket.sendto("\r\n".join(reply).encode(), source)


OPTIONS = (
    b"OPTIONS sip:2001@127.10.1.1:5060 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKabc;rport\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKdef\r\n"
    b"From: <sip:q@127.0.0.1>;tag=1\r\nTo: <sip:2001@127.10.1.1>\r\nCall-ID: c1\r\nCSeq: 7 OPTIONS\r\n"
    b"Content-Length: 0\r\n\r\n"
)


def notify(event: str, cseq: int = 1) -> bytes:
    """A NOTIFY that nobody subscribed to."""
    return (
        f"NOTIFY sip:2001@127.10.1.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKn{cseq};rport\r\n"
        f"From: <sip:q@127.0.0.1>;tag=1\r\nTo: <sip:2001@127.10.1.1>\r\nCall-ID: n1\r\nCSeq: {cseq} NOTIFY\r\n"
        f"Event: {event}\r\nSubscription-State: terminated\r\nContent-Length: 0\r\n\r\n"
    ).encode()


async def run_fake_daemon(*, task_status: trio.TaskStatus[FakeDaemon]) -> None:
    """Live on loopback until cancelled; reports the daemon once it can be talked to."""
    daemon = FakeDaemon()
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, daemon.serve_http, 0, host="127.0.0.1"))
        daemon.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/"
        with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as daemon.socket:
            await daemon.socket.bind(("127.0.0.1", 0))
            daemon.sip_address = daemon.socket.getsockname()
            task_status.started(daemon)
            await daemon.serve_sip()
