"""TLS without sockets: the contexts that certificates and authorities make, and one connection's records.

`load_contexts` reads files and is called in a thread, at start and at each reload; connections that exist keep the
certificate they were begun with. Not here: sockets and time limits (`connections`).
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from dataclasses import dataclass

from daemon.config.settings import SipTls
from daemon.config.tls_contexts import accepting_context, load_own
from daemon.errors import BadMessage, RingkeeperError

# A record holds 16 KiB (RFC 8446 section 5.1); reading goes on until nothing is left, so this is only a piece.
_PIECE = 16 * 1024


@dataclass(frozen=True, slots=True)
class Contexts:
    """What connections are begun with: accepted ones (None without a certificate), and those we open."""

    server: ssl.SSLContext | None
    client: ssl.SSLContext


def load_contexts(settings: SipTls) -> Contexts:
    """Reads the files, some 20 ms of it the system's authorities; `RingkeeperError` if one will not do."""
    try:
        return Contexts(_server_context(settings), _client_context(settings))
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise RingkeeperError(f"sip.tls: a certificate, key or authority cannot be used: {error}") from None


class TlsSession:
    """One connection's TLS: bytes from the net in, bytes for the net out, and what they say in clear."""

    __slots__ = ("_from_net", "_object", "_to_net", "ended", "established")

    def __init__(self, context: ssl.SSLContext, name: str | None = None) -> None:
        """`name` is the server's, on the side that opened the connection; None on the side that accepted it."""
        self._from_net, self._to_net = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._from_net, self._to_net, server_side=name is None, server_hostname=name)
        self.established = False
        self.ended = False  # the far end said that it says no more

    def __len__(self) -> int:
        """Bytes of a record that wait for its rest."""
        return self._from_net.pending

    def receive(self, data: bytes = b"") -> bytes:
        """What `data` says in clear; without data, the side that opened the connection begins.

        `BadMessage` says why the connection is over; `outgoing` then holds the alert that tells the far end.
        """
        self._from_net.write(data)
        try:
            if not self.established:
                self._object.do_handshake()
                self.established = True
            return self._clear()
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLError as error:
            raise BadMessage(_reason(error), str(error)) from None

    def send(self, data: bytes) -> None:
        """Make records of `data`; only once established. `OSError` if the far end has ended already."""
        while data:
            data = data[self._object.write(data) :]  # one record at a time

    def close(self) -> None:
        """Tell the far end that nothing more comes; its own farewell is not waited for."""
        with suppress(ssl.SSLError):
            self._object.unwrap()

    def outgoing(self) -> bytes:
        """What is to go out on the net now."""
        return self._to_net.read()

    def _clear(self) -> bytes:
        pieces = []
        with suppress(ssl.SSLWantReadError):
            while piece := self._read():
                pieces.append(piece)
        return b"".join(pieces)

    def _read(self) -> bytes:
        try:
            piece = self._object.read(_PIECE)
        except ssl.SSLZeroReturnError:
            piece = b""
        self.ended = not piece
        return piece


def _server_context(settings: SipTls) -> ssl.SSLContext | None:
    context = accepting_context(settings)
    if context is not None and settings.client_ca is not None:
        context.load_verify_locations(settings.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _client_context(settings: SipTls) -> ssl.SSLContext:
    """Shows our own certificate as well, to servers that ask for one."""
    context = ssl.create_default_context(cafile=settings.ca)
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    load_own(context, settings)
    return context


def _reason(error: ssl.SSLError) -> str:
    """A short word for a counter: whose certificate was not believed, or that the two do not speak the same."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate"
    name = error.reason or ""
    if "ALERT" in name and ("CERTIFICATE" in name or "UNKNOWN_CA" in name):
        return "certificate-refused"
    return "certificate" if "CERTIFICATE" in name else "tls"
