"""The beginning of an HTTPS connection: TLS on an accepted socket, bounded in time, and a word for why it failed.

Not here: the certificates behind it (`daemon.config.tls_contexts`), counting (`server`).
"""

from __future__ import annotations

import ssl
from contextlib import suppress

import trio

from daemon.errors import BadMessage
from daemon.http.limits import HANDSHAKE
from daemon.http.peer_certificate import PeerCertificate, read_certificate
from daemon.http.peer_stream import PeerStream

TlsStream = trio.SSLStream[PeerStream]

# OpenSSL's reason -> ours, which becomes a label of a counter.
_REASONS = {
    "HTTP_REQUEST": "plain_http",  # http:// where https:// was meant
    "UNSUPPORTED_PROTOCOL": "version",
    "VERSION_TOO_LOW": "version",
    "WRONG_VERSION_NUMBER": "version",
    "TLSV1_ALERT_PROTOCOL_VERSION": "version",
    "NO_SHARED_CIPHER": "cipher",
    "NO_SUITABLE_SIGNATURE_ALGORITHM": "cipher",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "cipher",
}


async def shake_hands(peer: PeerStream, context: ssl.SSLContext | None) -> TlsStream:
    """TLS on `peer`; `BadMessage` if it does not come about within `HANDSHAKE` seconds.

    Its reason is "slow", "left", "plain_http", "version", "cipher", "certificate" (the peer's is not believed),
    "certificate_refused" (the peer does not believe ours), "malformed", or "no_certificate" if there is no context.
    """
    if context is None:
        raise BadMessage("no_certificate", "tls.certificate was taken out of the configuration")
    stream = trio.SSLStream(peer, context, server_side=True)
    with trio.move_on_after(HANDSHAKE):
        try:
            await stream.do_handshake()
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            await _tell(peer, stream)
            raise _failure(error.__cause__) from None
        return stream
    raise BadMessage("slow")


def certificate_of(stream: TlsStream) -> PeerCertificate | None:
    """Whom the peer has proved to be; None if it showed no certificate."""
    der = stream.getpeercert(binary_form=True)
    return read_certificate(der, stream.getpeercert() or {}) if der else None


async def say_goodbye(stream: TlsStream) -> None:
    """Say goodbye and close; a peer that does not read is not waited for."""
    with trio.move_on_after(HANDSHAKE):
        await stream.aclose()


async def _tell(peer: PeerStream, stream: TlsStream) -> None:
    """Send the alert that says why, which Trio 0.35 keeps to itself: a phone's own log is all that its owner sees."""
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        await peer.send_all(stream._outgoing.read())  # noqa: SLF001


def _failure(error: BaseException | None) -> BadMessage:
    if not isinstance(error, ssl.SSLError) or isinstance(error, ssl.SSLEOFError | ssl.SSLSyscallError):
        return BadMessage("left")
    if isinstance(error, ssl.SSLCertVerificationError):
        return BadMessage("certificate", error.verify_message)
    name = error.reason or ""
    if "ALERT" in name and ("CERTIFICATE" in name or "UNKNOWN_CA" in name):
        return BadMessage("certificate_refused", name)
    return BadMessage("certificate" if "CERTIFICATE" in name else _REASONS.get(name, "malformed"), name)
