"""The little SIP that a phone needs: answer a request, ask to be registered, publish a report, read an answer.

Written from RFC 3261 alone and sharing nothing with `daemon.sip`, so that the daemon is tested by a peer that cannot
have its mistakes. Pure text and bytes. Not here: when to send what (`registration`, `phone`), sockets (`sip_side`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

from daemon.simulate.acts import SendCallReport, SendRegister
from daemon.simulate.calls import session_report
from daemon.simulate.credentials import authorization
from daemon.simulate.plan import Identity

Address = tuple[str, int]

# RFC 3261 section 7.3.3.
_COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length"}
_ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER, INFO, UPDATE, PRACK"
_EXPIRES = re.compile(r";\s*expires\s*=\s*(\d{1,9})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SipText:
    """A message taken apart: its first line, and its headers in order with lower-case long names."""

    first_line: str
    headers: tuple[tuple[str, str], ...]

    @property
    def method(self) -> str:
        """The method of a request; "" for an answer."""
        return "" if self.first_line.startswith("SIP/2.0 ") else self.first_line.partition(" ")[0]

    @property
    def code(self) -> int:
        """The status code of an answer; 0 for a request."""
        word = self.first_line.split(" ", 2)[1] if self.first_line.startswith("SIP/2.0 ") else ""
        return int(word) if word.isdecimal() else 0

    def all(self, name: str) -> Iterator[str]:
        """The values of a header, one per line of the message."""
        return (value for key, value in self.headers if key == name)

    def first(self, name: str) -> str:
        """The first value of a header, "" if it is missing."""
        return next(self.all(name), "")

    @property
    def cseq(self) -> int:
        """The number in CSeq; 0 if there is none."""
        number = self.first("cseq").partition(" ")[0]
        return int(number) if number.isdecimal() else 0

    @property
    def answers(self) -> str:
        """The method in CSeq, which is that of the request an answer is for."""
        return self.first("cseq").rpartition(" ")[2]


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who answers: a name that nobody else has, and what it calls itself."""

    name: str
    agent: str


def read_sip(datagram: bytes) -> SipText | None:
    """A datagram -> its parts; None for keep-alive CRLFs and everything else that is no SIP message."""
    head = datagram.decode(errors="replace").partition("\r\n\r\n")[0]
    lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
    if " " not in lines[0] or "SIP/2.0" not in lines[0]:
        return None
    split = (line.partition(":") for line in lines[1:] if ":" in line)
    named = ((name.strip().lower(), value.strip()) for name, _, value in split)
    return SipText(lines[0], tuple((_COMPACT.get(name, name), value) for name, value in named))


def answer(request: SipText, speaker: Speaker, source: Address, code: int = 200, reason: str = "OK") -> bytes:
    """The speaker's final answer, with every Via, From, To, Call-ID and CSeq of the request (RFC 3261 8.2.6.2)."""
    top, *below = request.all("via")
    call_id = request.first("call-id")
    lines = [
        f"SIP/2.0 {code} {reason}",
        *(f"Via: {via}" for via in (_top_via(top, source), *below)),
        f"From: {request.first('from')}",
        f"To: {_tagged(request.first('to'), f'{speaker.name} {call_id}')}",
        f"Call-ID: {call_id}",
        f"CSeq: {request.first('cseq')}",
        f"Allow: {_ALLOW}",
        "Accept: application/sdp",
        "Supported: replaces, timer",
        f"User-Agent: {speaker.agent}",
    ]
    return _to_bytes(lines)


def answer_to(request: SipText, speaker: Speaker, source: Address) -> bytes | None:
    """What a phone or trunk answers: 200 to OPTIONS and check-sync, nothing to ACK or without a Via, no to the rest."""
    if request.method == "ACK" or not request.first("via"):
        return None
    if request.method == "OPTIONS":
        return answer(request, speaker, source)
    if request.method == "NOTIFY":  # RFC 6665 section 8.2.1: a package that nobody here knows is a bad event
        known = request.first("event").lower().startswith("check-sync")
        return answer(request, speaker, source, *((200, "OK") if known else (489, "Bad Event")))
    return answer(request, speaker, source, 405, "Method Not Allowed")


def register(act: SendRegister, phone: Identity, port: int) -> bytes:
    """A REGISTER for the phone's account, its contact being its own socket; over TCP a flow of RFC 5626."""
    uri = f"sip:{act.domain}"
    proof = authorization(act.proof, "REGISTER", uri, act.user) if act.proof else ""
    contact = f"<sip:{act.user}@{phone.address}:{port}>"
    if phone.transport == "tcp":
        contact = f'<sip:{act.user}@{phone.address}:{port};transport=tcp>;reg-id=1;+sip.instance="{instance(phone)}"'
    return _to_bytes(
        [
            f"REGISTER {uri} SIP/2.0",
            *_identities(phone, port, act.user, act.domain, act.call_id, f"{act.cseq} REGISTER"),
            f"Contact: {contact}",
            f"Expires: {act.expires}",
            *(["Supported: path, outbound"] if phone.transport == "tcp" else []),
            *([f"Authorization: {proof}"] if proof else []),
            f"Allow: {_ALLOW}",
            f"User-Agent: {agent(phone)}",
        ]
    )


def publish(act: SendCallReport, phone: Identity, port: int) -> bytes:
    """A PUBLISH of how a call sounded (RFC 6035 section 4.5)."""
    call_id = f"vq-{act.call.id}@{phone.address}"
    return _to_bytes(
        [
            f"PUBLISH sip:{act.domain} SIP/2.0",
            *_identities(phone, port, act.user, act.domain, call_id, f"{act.number} PUBLISH"),
            "Event: vq-rtcpxr",
            "Content-Type: application/vq-rtcpxr",
            f"User-Agent: {agent(phone)}",
        ],
        session_report(act.call, phone, act.domain),
    )


def instance(phone: Identity) -> str:
    """Who the phone is whatever its address (RFC 5626 section 4.1): a UUID that ends in its MAC."""
    return f"<urn:uuid:00000000-0000-1000-8000-{phone.mac}>"


def granted_expires(reply: SipText, phone: Identity, port: int) -> int:
    """How many seconds the answer gives this phone's contact; 0 if it does not say."""
    own = f"@{phone.address}:{port}"
    for value in reply.all("contact"):
        for contact in value.split(","):
            found = _EXPIRES.search(contact) if own in contact else None
            if found:
                return int(found.group(1))
    return number_in(reply, "expires")


def number_in(message: SipText, name: str) -> int:
    """A header that is one number; 0 if it is missing or something else."""
    value = message.first(name)
    return int(value) if value.isdecimal() else 0


def agent(phone: Identity) -> str:
    """What the phone calls itself over SIP."""
    return f"AUDC-IPPhone/{phone.firmware} ({phone.model}-Rev0; {phone.mac.upper()})"


def speaker(phone: Identity) -> Speaker:
    """The phone as one who answers."""
    return Speaker(phone.mac, agent(phone))


def _identities(  # noqa: PLR0917 - what tells a request from all others
    phone: Identity, port: int, user: str, domain: str, call_id: str, cseq: str
) -> list[str]:
    """Via to CSeq of a request that the phone sends about its own account."""
    aor, key = f"<sip:{user}@{domain}>", f"{crc32(call_id.encode()):08x}"
    branch = f"z9hG4bK{key}{cseq.partition(' ')[0]}"
    return [
        f"Via: SIP/2.0/{phone.transport.upper()} {phone.address}:{port};branch={branch};rport",
        "Max-Forwards: 70",
        f'From: "{phone.display_name}" {aor};tag={key}',
        f"To: {aor}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq}",
    ]


def _tagged(to: str, key: str) -> str:
    """To with a tag, the same one for a retransmission."""
    return to if ";tag=" in to.lower() else f"{to};tag={crc32(key.encode()):08x}"


def _top_via(value: str, source: Address) -> str:
    """The top Via with what RFC 3581 section 4 asks for, if it asks."""
    top, comma, rest = value.partition(",")
    bare_rport = re.search(r";\s*rport(?=\s*(?:;|$))", top, re.IGNORECASE)
    if bare_rport:
        begin, end = bare_rport.span()
        top = f"{top[:begin]};received={source[0]};rport={source[1]}{top[end:]}"
    return top + comma + rest


def _to_bytes(lines: list[str], body: bytes = b"") -> bytes:
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body
