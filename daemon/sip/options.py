"""How our OPTIONS looks, and how an answer to it is recognised.

The request is written straight into its text: at 20,000 phones it leaves 333 times a second, and everything but
the URI and the token is the same for all. Its branch and its Call-ID carry the token, so an answer is matched by one
search for the branch before anything is parsed; the From tag is that of the template. Any final answer proves life
(facts of every peer: 404, 405 and 486 too), so of an answer only the status code is read. Not here: who waits for it
(`probes`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from daemon.fleet.model import Contact
from daemon.sip.message import Address
from daemon.sip.uri import request_uri

# Section 8.1.1.7's magic cookie, then our mark: 64 random bits follow.
BRANCH = b"z9hG4bKrk"
TOKEN_LENGTH = 16
_TO_TOKEN, _PAST_TOKEN = len(BRANCH), len(BRANCH) + TOKEN_LENGTH
# How a final response begins, with its code; a provisional one only promises an answer.
_FINAL = {b"SIP/2.0 %d " % code: code for code in range(200, 700)}


class OptionsTemplate:
    """OPTIONS requests from one place of ours. `address` is where it listens, `domain` stands in for "any address"."""

    def __init__(self, address: Address, domain: str, user_agent: str, tag: str, transport: str = "udp") -> None:
        """`tag` is the From tag of all of them; with a Call-ID of its own each is a dialog of its own."""
        host, port = address
        self.sent_by = f"{_uri_host(host, domain)}:{port}"
        over = "" if transport == "udp" else f";transport={transport}"
        # rport (RFC 3581): the answer comes back to this very socket, whatever NAT made of our address.
        self._via = f"Via: SIP/2.0/{transport.upper()} {self.sent_by};rport;branch={BRANCH.decode()}"
        self._middle = f"\r\nMax-Forwards: 70\r\nFrom: <sip:ringkeeper@{domain}>;tag={tag}\r\nCall-ID: "
        self._rest = (
            f"@{domain}\r\nCSeq: 1 OPTIONS\r\nContact: <sip:ringkeeper@{self.sent_by}{over}>\r\n"
            f"Accept: application/sdp\r\nUser-Agent: {user_agent}\r\nContent-Length: 0\r\n\r\n"
        )

    def render(self, contact: Contact, token: str) -> str:
        """One ping, ASCII. `uri.parse_contact_uri` saw that the URIs are short and cannot break a line."""
        uri = request_uri(contact.uri)
        route = "".join(f"Route: <{hop}>\r\n" for hop in contact.route)
        return f"OPTIONS {uri} SIP/2.0\r\n{self._via}{token}\r\n{route}To: <{uri}>{self._middle}{token}{self._rest}"

    def render_all(self, contacts: Sequence[Contact], tokens: Sequence[str]) -> list[str]:
        """The same for many at once, all with a `Contact.family`: what a whole fleet's pings cost is decided here."""
        via, middle, rest = self._via, self._middle, self._rest
        return [
            f"OPTIONS {(uri := contact.uri)} SIP/2.0\r\n{via}{token}\r\nTo: <{uri}>{middle}{token}{rest}"
            for contact, token in zip(contacts, tokens, strict=True)
        ]


def match_answers(datagrams: Iterable[bytes]) -> list[tuple[int, str] | None]:
    """Of each final response that carries our branch the status code and the token; None for everything else.

    The token is as unguessable as what it came from, so nothing else needs to be looked at.
    """
    matches = list[tuple[int, str] | None]()
    for datagram in datagrams:
        code = _FINAL.get(datagram[:12])
        at = datagram.find(BRANCH) if code else -1
        if code is None or at < 0:
            matches.append(None)
        else:  # Latin-1, since it takes any byte
            matches.append((code, datagram[at + _TO_TOKEN : at + _PAST_TOKEN].decode("latin-1")))
    return matches


def quoted_token(datagram: bytes) -> str | None:
    """The token of a ping of ours that somebody quotes; None if it is none."""
    at = datagram.find(BRANCH)
    if at < 0 or not datagram.startswith(b"OPTIONS "):
        return None
    return datagram[at + _TO_TOKEN : at + _PAST_TOKEN].decode("ascii", "replace")


def _uri_host(host: str, domain: str) -> str:
    if host in ("0.0.0.0", "::"):
        return domain
    return f"[{host}]" if ":" in host else host
