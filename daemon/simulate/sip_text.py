"""The little SIP that a phone needs: answer a request, ask to be registered, read an answer.

Written from RFC 3261 alone and sharing nothing with `daemon.sip`, so that the daemon is tested by a peer that cannot
have its mistakes. Pure text and bytes. Not here: when to send what (`registration`, `phone`), sockets (`sip_side`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

from daemon.simulate.acts import SendRegister
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


def read_sip(datagram: bytes) -> SipText | None:
    """A datagram -> its parts; None for keep-alive CRLFs and everything else that is no SIP message."""
    head = datagram.decode(errors="replace").partition("\r\n\r\n")[0]
    lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
    if " " not in lines[0] or "SIP/2.0" not in lines[0]:
        return None
    split = (line.partition(":") for line in lines[1:] if ":" in line)
    named = ((name.strip().lower(), value.strip()) for name, _, value in split)
    return SipText(lines[0], tuple((_COMPACT.get(name, name), value) for name, value in named))


def answer(request: SipText, phone: Identity, source: Address, code: int = 200, reason: str = "OK") -> bytes:
    """The phone's final answer, with every Via, From, To, Call-ID and CSeq of the request (RFC 3261 8.2.6.2)."""
    top, *below = request.all("via")
    call_id = request.first("call-id")
    lines = [
        f"SIP/2.0 {code} {reason}",
        *(f"Via: {via}" for via in (_top_via(top, source), *below)),
        f"From: {request.first('from')}",
        f"To: {_tagged(request.first('to'), f'{phone.mac} {call_id}')}",
        f"Call-ID: {call_id}",
        f"CSeq: {request.first('cseq')}",
        f"Allow: {_ALLOW}",
        "Accept: application/sdp",
        "Supported: replaces, timer",
        f"User-Agent: {agent(phone)}",
    ]
    return _to_bytes(lines)


def answer_to(request: SipText, phone: Identity, source: Address) -> bytes | None:
    """What this phone answers: 200 to OPTIONS, nothing to ACK or without a Via, 405 to the rest."""
    if request.method == "ACK" or not request.first("via"):
        return None
    if request.method == "OPTIONS":
        return answer(request, phone, source)
    return answer(request, phone, source, 405, "Method Not Allowed")


def register(act: SendRegister, phone: Identity, port: int) -> bytes:
    """A REGISTER for the phone's account, its contact being the phone's own socket."""
    aor = f"<sip:{act.user}@{act.domain}>"
    branch = f"z9hG4bK{crc32(act.call_id.encode()):08x}{act.cseq}"
    uri = f"sip:{act.domain}"
    proof = authorization(act.proof, "REGISTER", uri, act.user) if act.proof else ""
    return _to_bytes(
        [
            f"REGISTER {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {phone.address}:{port};branch={branch};rport",
            "Max-Forwards: 70",
            f'From: "{phone.display_name}" {aor};tag={crc32(act.call_id.encode()):08x}',
            f"To: {aor}",
            f"Call-ID: {act.call_id}",
            f"CSeq: {act.cseq} REGISTER",
            f"Contact: <sip:{act.user}@{phone.address}:{port}>",
            f"Expires: {act.expires}",
            *([f"Authorization: {proof}"] if proof else []),
            f"Allow: {_ALLOW}",
            f"User-Agent: {agent(phone)}",
        ]
    )


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


def _to_bytes(lines: list[str]) -> bytes:
    return "\r\n".join([*lines, "Content-Length: 0", "", ""]).encode()
