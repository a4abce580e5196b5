"""A phone's proof that it knows its password: the Authorization header for a challenge (RFC 7616).

Written from the RFC alone and sharing nothing with `daemon.sip`, as `sip_text`. Knows SHA-256 and, as old phones do,
MD5; with `qop=auth` and without. Not here: when to prove anything (`registration`).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_PART = re.compile(r'(\w+)=(?:"([^"]*)"|([^",\s]+))')


@dataclass(frozen=True, slots=True)
class Proof:
    """A password, the challenges it is to answer, and how often their nonce was used (1 at first)."""

    challenges: tuple[str, ...]
    password: str
    count: int


def authorization(proof: Proof, method: str, uri: str, user: str) -> str:
    """The header's value for the first challenge that this phone understands; "" if it understands none."""
    for challenge in proof.challenges:
        parts = {name.lower(): quoted or plain for name, quoted, plain in _PART.findall(challenge)}
        algorithm = parts.get("algorithm", "MD5")
        if algorithm in ("SHA-256", "MD5") and "nonce" in parts:
            return _answer(proof, parts, algorithm, f"{method}:{uri}", user)
    return ""


def _answer(proof: Proof, parts: dict[str, str], algorithm: str, request: str, user: str) -> str:
    realm, nonce = parts.get("realm", ""), parts["nonce"]
    count, client = f"{proof.count:08x}", _hash(algorithm, f"{nonce}:{proof.password}")[:16]
    fresh = f"{count}:{client}:auth:" if "qop" in parts else ""
    secret = _hash(algorithm, f"{user}:{realm}:{proof.password}")
    response = _hash(algorithm, f"{secret}:{nonce}:{fresh}{_hash(algorithm, request)}")
    uri = request.partition(":")[2]
    answer = f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}"'
    answer += f", algorithm={algorithm}"
    if "opaque" in parts:
        answer += f', opaque="{parts["opaque"]}"'
    return f'{answer}, qop=auth, nc={count}, cnonce="{client}"' if fresh else answer


def _hash(algorithm: str, text: str) -> str:
    name = {"SHA-256": "sha256", "MD5": "md5"}[algorithm]
    return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()
