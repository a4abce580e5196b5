"""How our OPTIONS looks, and how an answer to it is recognised.

The request is written straight into its text: at 20,000 phones it leaves 333 times a second, and everything but
the URI and the token is the same for all. Its branch, Call-ID and From tag all carry the token, so an answer is
matched by one search for the branch before anything is parsed. Any final answer proves life (facts of every
peer: 404, 405 and 486 too), so of an answer only the status code is read. Not here: who waits for it (`probes`).
"""

from __future__ import annotations

from daemon.sip.message import Address
from daemon.sip.uri import request_uri

# Section 8.1.1.7's magic cookie, then our mark: 64 random bits follow.
BRANCH = b"z9hG4bKrk"
TOKEN_LENGTH = 16
_RESPONSE = b"SIP/2.0 "
_CODE = slice(8, 11)


class OptionsTemplate:
    """OPTIONS requests from one socket. `address` is where it listens, `domain` stands in for "any address"."""

    def __init__(self, address: Address, domain: str, user_agent: str) -> None:
        host, port = address
        sent_by = f"{_uri_host(host, domain)}:{port}"
        # rport (RFC 3581): the answer comes back to this very socket, whatever NAT made of our address.
        self._via = f"Via: SIP/2.0/UDP {sent_by};rport;branch={BRANCH.decode()}"
        self._from = f"\r\nMax-Forwards: 70\r\nFrom: <sip:ringkeeper@{domain}>;tag="
        self._call_id = "\r\nCall-ID: "
        self._rest = (
            f"@{domain}\r\nCSeq: 1 OPTIONS\r\nContact: <sip:ringkeeper@{sent_by}>\r\n"
            f"Accept: application/sdp\r\nUser-Agent: {user_agent}\r\nContent-Length: 0\r\n\r\n"
        )

    def render(self, uri: str, token: str) -> bytes:
        """One ping. `uri` is a contact's: `uri.parse_contact_uri` saw that it is short and cannot break a line."""
        uri = request_uri(uri)
        return (
            f"OPTIONS {uri} SIP/2.0\r\n{self._via}{token}{self._from}{token}\r\nTo: <{uri}>"
            f"{self._call_id}{token}{self._rest}"
        ).encode("ascii")


def match_answer(datagram: bytes) -> tuple[int, str] | None:
    """A response that carries our branch -> its status code and token; None for everything else.

    The token is as unguessable as what it came from, so nothing else needs to be looked at.
    """
    if not datagram.startswith(_RESPONSE):
        return None
    at = datagram.find(BRANCH)
    code = datagram[_CODE]
    if at < 0 or not code.isdigit():
        return None
    at += len(BRANCH)
    return int(code), datagram[at : at + TOKEN_LENGTH].decode("ascii", "replace")


def _uri_host(host: str, domain: str) -> str:
    if host in ("0.0.0.0", "::"):
        return domain
    return f"[{host}]" if ":" in host else host
