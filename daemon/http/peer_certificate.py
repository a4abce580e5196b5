"""The certificate that a peer showed and proved to own, as the application sees it in `scope["state"]["certificate"]`.

Only one that an authority of `client_ca` has signed comes this far. Pure. Not here: the handshake (`handshake`), whose
certificate it must be for which path (`daemon.http.phones`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any


@dataclass(frozen=True, slots=True)
class PeerCertificate:
    """`fingerprint` is the SHA-256 of the certificate in DER, 64 hexadecimal digits in lower case.

    `common_name` is the subject's, "" without one; `alternative_names` are the DNS names of the extension of that name.
    """

    common_name: str
    fingerprint: str
    alternative_names: tuple[str, ...] = ()


def read_certificate(der: bytes, fields: Mapping[str, Any]) -> PeerCertificate:
    """`fields` as `ssl.SSLObject.getpeercert()` gives them.

    Of several common names the last counts: it is the most specific (RFC 6125 section 2.3.1).
    """
    common_name = ""
    for attributes in fields.get("subject", ()):
        for name, value in attributes:
            if name == "commonName":
                common_name = value
    names = tuple(value for kind, value in fields.get("subjectAltName", ()) if kind == "DNS")
    return PeerCertificate(common_name, sha256(der).hexdigest(), names)
