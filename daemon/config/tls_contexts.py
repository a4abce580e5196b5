"""From the certificates that the configuration names to what TLS connections are accepted with, by SIP and HTTP alike.

Files are read here, so this is called in a thread, at start and at each reload; connections that exist keep what they
were begun with. Not here: whether the files are any good, said with file and line (`certificates`); connections that we
open (`daemon.sip.tls`).
"""

from __future__ import annotations

import ssl
import warnings
from dataclasses import dataclass

from daemon.config.http_settings import Http, PhonesTls, ServerTls
from daemon.errors import RingkeeperError

_VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
# OpenSSL 3 signs nothing with SHA-1 above level 0, and TLS 1.0 and 1.1 have nothing else (SSL_CTX_set_security_level).
_FOR_OLD_PHONES = "DEFAULT:@SECLEVEL=0"


@dataclass(frozen=True, slots=True)
class HttpContexts:
    """What the two HTTP listeners accept TLS connections with; None without a certificate."""

    phones: ssl.SSLContext | None
    operators: ssl.SSLContext | None


def load_http_contexts(settings: Http) -> HttpContexts:
    """Reads the files of both listeners; `RingkeeperError` if one will not do."""
    return HttpContexts(_phones_context(settings.phones.tls), _operators_context(settings.operators.tls))


def accepting_context(tls: ServerTls) -> ssl.SSLContext | None:
    """Speaks TLS 1.2 and above (RFC 8996) with our own certificate; `OSError` or `ValueError` if it will not do."""
    if tls.certificate is None or tls.key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load_own(context, tls)
    return context


def load_own(context: ssl.SSLContext, tls: ServerTls) -> None:
    """Show our own certificate to whoever asks, if there is one."""
    if tls.certificate is not None:
        # An empty password: OpenSSL would otherwise ask for that of a locked key at the terminal.
        context.load_cert_chain(tls.certificate, tls.key, password="")


def _phones_context(tls: PhonesTls) -> ssl.SSLContext | None:
    try:
        context = accepting_context(tls)
        if context is not None:
            _speak(context, tls.minimum)
            if tls.client_ca is not None:
                context.load_verify_locations(tls.client_ca)
                context.verify_mode = ssl.CERT_OPTIONAL  # phones without one still come in
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise _unusable("http.phones.tls", error) from None
    return context


def _operators_context(tls: ServerTls) -> ssl.SSLContext | None:
    try:
        return accepting_context(tls)
    except (OSError, ValueError) as error:
        raise _unusable("http.operators.tls", error) from None


def _speak(context: ssl.SSLContext, minimum: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # for 1.0 and 1.1: the operator knows, it stands written
        context.minimum_version = _VERSIONS[minimum]
    if minimum in {"1.0", "1.1"}:
        context.set_ciphers(_FOR_OLD_PHONES)


def _unusable(block: str, error: Exception) -> RingkeeperError:
    return RingkeeperError(f"{block}: a certificate, key or authority cannot be used: {error}")
