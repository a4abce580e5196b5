"""An Asterisk that plays a script: a TCP server on loopback that speaks its manager interface as transcripts say.

`async with ami_peer(Script(...)) as peer:` starts it; `peer.port` is where it listens, `peer.actions` what it was
asked, `peer.say(...)` sends a live event to everybody who is logged in. Transcripts are of Asterisk 13 to 22.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import md5

import trio

USER, SECRET = "ringkeeper", "top secret"
CHALLENGE = "840415273"
UNKNOWN = "Invalid/unknown command: {}. Use Action: ListCommands to show available commands."


def packet(*lines: str) -> bytes:
    """Lines as a packet."""
    return "\r\n".join([*lines, "", ""]).encode()


def contact_list(user: str, port: int = 5060, expires: int = 1_800_003_600, **fields: str) -> list[str]:
    """An entry of PJSIPShowContacts, as Asterisk 18 writes it."""
    written = {
        "Event": "ContactList",
        "ObjectType": "contact",
        "ObjectName": f"{user};@5b69d3f8c1e2f6b4a7d0e9c8b1a2f3d4",
        "ViaAddr": "10.1.2.7",
        "QualifyTimeout": "3.000000",
        "CallId": f"{user}-call@10.1.2.7",
        "RegServer": "",
        "PruneOnBoot": "no",
        "Path": "",
        "Endpoint": user,
        "ViaPort": "5060",
        "AuthenticateQualify": "no",
        "Uri": f"sip:{user}@10.1.2.7:{port}",
        "QualifyFrequency": "60",
        "UserAgent": "AUDC-IPPhone/2.2.16",
        "ExpirationTime": str(expires),
        "OutboundProxy": "",
        "Status": "Reachable",
        "RoundtripUsec": "12345",
        **fields,
    }
    return [f"{key}: {value}" for key, value in written.items()]


def contact_status(user: str, status: str, port: int = 5060) -> list[str]:
    """A live event of PJSIP, as Asterisk 16 and later write it."""
    return [
        "Event: ContactStatus",
        "Privilege: system,all",
        f"URI: sip:{user}@10.1.2.7:{port}",
        f"ContactStatus: {status}",
        f"AOR: {user}",
        f"EndpointName: {user}",
        "RoundtripUsec: 12345",
        "UserAgent: AUDC-IPPhone/2.2.16",
        "RegExpire: 1800003600",
        "ViaAddress: 10.1.2.7:5060",
        f"CallID: {user}-call@10.1.2.7",
    ]


def status_detail(user: str, port: int = 5060) -> list[str]:
    """An entry of PJSIPShowRegistrationInboundContactStatuses."""
    return ["Event: ContactStatusDetail", *contact_status(user, "Reachable", port)[2:]]


def peer_entry(name: str, address: str = "10.1.2.8", port: int = 5060, dynamic: str = "yes") -> list[str]:
    """An entry of SIPpeers, as Asterisk 13 writes it."""
    return [
        "Event: PeerEntry",
        "Channeltype: SIP",
        f"ObjectName: {name}",
        "ChanObjectType: peer",
        f"IPaddress: {address}",
        f"IPport: {port}",
        f"Dynamic: {dynamic}",
        "AutoForcerport: no",
        "Forcerport: yes",
        "VideoSupport: no",
        "ACL: no",
        "Status: OK (12 ms)",
        "RealtimeDevice: no",
        "Description: ",
    ]


def peer_status(name: str, status: str, *more: str) -> list[str]:
    """A live event of chan_sip."""
    return [
        "Event: PeerStatus",
        "Privilege: system,all",
        "ChannelType: SIP",
        f"Peer: SIP/{name}",
        f"PeerStatus: {status}",
        *more,
    ]


@dataclass
class Script:
    """How this Asterisk behaves. A list that is None belongs to a module that is not loaded."""

    contacts: list[list[str]] | None = field(default_factory=list)  # PJSIP
    statuses: list[list[str]] | None = None  # PJSIP, asked for in the older way
    peers: list[list[str]] | None = None  # chan_sip
    banner: bytes = b"Asterisk Call Manager/5.0.2\r\n"
    challenges: bool = True
    booted: bool = True
    secret: str = SECRET
    cut_after: int | None = None  # the connection ends after so many entries of a list
    count_off: int = 0  # added to the number of entries that the end of a list names
    bytewise: bool = False
    mute: frozenset[str] = frozenset()  # actions that are never answered
    raw: dict[str, bytes] = field(default_factory=dict)  # action -> what is sent instead of an answer


_ENDS = {
    "PJSIPShowContacts": ("contacts", "ContactListComplete", "No Contacts found"),
    "PJSIPShowRegistrationInboundContactStatuses": ("statuses", "ContactStatusDetailComplete", ""),
    "SIPpeers": ("peers", "PeerlistComplete", ""),
}


class AmiPeer:
    """The running server."""

    def __init__(self, script: Script, port: int) -> None:
        self.script = script
        self.port = port
        self.actions: list[dict[str, str]] = []
        self.connections = 0
        self._streams: set[trio.SocketStream] = set()

    def names(self) -> list[str]:
        """The actions asked for so far."""
        return [action["Action"] for action in self.actions]

    async def say(self, *lines: str) -> None:
        """A live event."""
        for stream in [*self._streams]:
            await stream.send_all(packet(*lines))

    async def hang_up(self) -> None:
        """Asterisk is restarted."""
        for stream in [*self._streams]:
            await stream.aclose()

    async def serve(self, stream: trio.SocketStream) -> None:
        """One connection."""
        self.connections += 1
        buffer = b""
        try:
            await self._send(stream, self.script.banner)
            while True:
                while b"\r\n\r\n" in buffer:
                    text, _, buffer = buffer.partition(b"\r\n\r\n")
                    action = dict(line.split(": ", 1) for line in text.decode().split("\r\n"))
                    self.actions.append(action)
                    await self._answer(stream, action)
                data = await stream.receive_some(65536)
                if not data:
                    return
                buffer += data
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return
        finally:
            self._streams.discard(stream)
            await stream.aclose()

    async def _answer(self, stream: trio.SocketStream, action: dict[str, str]) -> None:
        name, action_id = action["Action"], f"ActionID: {action['ActionID']}"
        if name in self.script.mute:
            return
        if name in self.script.raw:
            await self._send(stream, self.script.raw[name])
        elif name == "Challenge" and self.script.challenges:
            await self._send(stream, packet("Response: Success", action_id, f"Challenge: {CHALLENGE}"))
        elif name == "Challenge":
            await self._send(stream, packet("Response: Error", action_id, "Message: Must specify AuthType"))
        elif name == "Login":
            await self._log_in(stream, action, action_id)
        elif name == "Ping":
            await self._send(stream, packet("Response: Success", action_id, "Ping: Pong", "Timestamp: 1800000000.1"))
        else:
            await self._list(stream, name, action_id)

    async def _log_in(self, stream: trio.SocketStream, action: dict[str, str], action_id: str) -> None:
        proof = md5(f"{CHALLENGE}{self.script.secret}".encode(), usedforsecurity=False).hexdigest()
        right = action.get("Key") == proof or action.get("Secret") == self.script.secret
        if action["Username"] != USER or not right:
            await self._send(stream, packet("Response: Error", action_id, "Message: Authentication failed"))
            await stream.aclose()
            return
        await self._send(stream, packet("Response: Success", action_id, "Message: Authentication accepted"))
        self._streams.add(stream)
        if self.script.booted:
            await self._send(
                stream, packet("Event: FullyBooted", "Privilege: system,all", "Uptime: 1", "Status: Fully Booted")
            )

    async def _list(self, stream: trio.SocketStream, name: str, action_id: str) -> None:
        which, end, none = _ENDS[name]
        entries = getattr(self.script, which)
        if entries is None or (not entries and none):
            said = UNKNOWN.format(name) if entries is None else none
            await self._send(stream, packet("Response: Error", action_id, f"Message: {said}"))
            return
        start = packet("Response: Success", action_id, "EventList: start", "Message: A listing follows")
        written = [packet(entry[0], action_id, *entry[1:]) for entry in entries]
        if self.script.cut_after is not None:
            await self._send(stream, start + b"".join(written[: self.script.cut_after])[:-20])
            await stream.aclose()
            return
        items = f"ListItems: {len(entries) + self.script.count_off}"
        finish = packet(f"Event: {end}", action_id, "EventList: Complete", items)
        await self._send(stream, start + b"".join(written) + finish)

    async def _send(self, stream: trio.SocketStream, data: bytes) -> None:
        for index in range(0, len(data), step := 1 if self.script.bytewise else len(data) or 1):
            await stream.send_all(data[index : index + step])


@asynccontextmanager
async def ami_peer(script: Script | None = None) -> AsyncIterator[AmiPeer]:
    """A server that plays the script, on a port that the kernel chose."""
    async with trio.open_nursery() as nursery:
        peer = AmiPeer(script or Script(), 0)
        listeners = await nursery.start(partial(trio.serve_tcp, peer.serve, 0, host="127.0.0.1"))
        peer.port = listeners[0].socket.getsockname()[1]
        yield peer
        nursery.cancel_scope.cancel()
