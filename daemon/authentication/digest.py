"""Digest credentials (RFC 7616, RFC 8760 for SIP): reading them, the arithmetic, and answering a challenge with them.

Both sides in one file, since both do the same sums. Quoting is read as phones write it: quotes may be missing or too
many, the order and the spaces are free. Not here: nonces (`nonces`), and whether credentials are good enough
(`daemon.sip.authentication`, `daemon.http.phones.logins`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from daemon.errors import BadMessage

# RFC 7616 section 6.1, the most trusted first: our preference wherever there is a choice. MD5 is for old phones.
ALGORITHMS: Mapping[str, Callable[[bytes], hashlib._Hash]] = {
    "SHA-256": hashlib.sha256,
    "SHA-512-256": partial(hashlib.new, "sha512_256"),
    "MD5": partial(hashlib.md5, usedforsecurity=False),
}
_SESSION = "-SESS"
# auth-param (RFC 7235 section 2.1). A quoted value ends only at its own quote, so nothing is scanned twice.
_PARAM = re.compile(r'\s*([A-Za-z0-9_*\-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*+)"|([^",]*))\s*(?:,|\Z)')
_COUNT = re.compile(r"[0-9A-Fa-f]{1,8}")  # section 3.4: eight hex digits
_NEEDED = ("username", "realm", "nonce", "uri", "response")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody proves himself with. Texts are as sent, since the sums are made over them.

    `session` is the "-sess" of the algorithm; `username` is a hash where `userhash` says so; `nc` is "" without `qop`.
    """

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str = "MD5"
    session: bool = False
    userhash: bool = False
    qop: str = ""
    nc: str = ""
    cnonce: str = ""

    def count(self) -> int:
        """How often the nonce was used with this one; without `qop` it can be used once (RFC 2069)."""
        return int(self.nc, 16) if self.qop else 1


def parse_digest(value: str) -> dict[str, str] | None:
    """`Digest name="value", ...` -> values by lower-case name; None for another scheme.

    `BadMessage` ("authorization") for what has no such form.
    """
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    params: dict[str, str] = {}
    at = 0
    while at < len(rest):
        match = _PARAM.match(rest, at)
        if match is None:
            raise BadMessage("authorization", f"not digest parameters: {rest[at : at + 60]!r}")
        params.setdefault(match[1].lower(), match[3].strip() if match[2] is None else match[2])
        at = match.end()
    return params


def parse_credentials(value: str) -> Credentials | None:
    """An Authorization value; None for another scheme. `BadMessage` ("authorization") if a part is missing."""
    params = parse_digest(value)
    if params is None:
        return None
    if missing := [name for name in _NEEDED if name not in params]:
        raise BadMessage("authorization", f"without {missing[0]}")
    algorithm, session = _algorithm(params)
    qop = params.get("qop", "").lower()
    if qop not in ("", "auth", "auth-int") or (qop and not _COUNT.fullmatch(params.get("nc", ""))):
        raise BadMessage("authorization", "a qop that was not offered, or no count")
    return Credentials(
        username=params["username"],
        realm=params["realm"],
        nonce=params["nonce"],
        uri=params["uri"],
        response=params["response"],
        algorithm=algorithm,
        session=session,
        userhash=params.get("userhash", "").lower() == "true",
        qop=qop,
        nc=params.get("nc", ""),
        cnonce=params.get("cnonce", ""),
    )


def hashed(algorithm: str, *parts: str) -> str:
    """H of the parts with a colon between: lower-case hex. `algorithm` is one of `ALGORITHMS`."""
    return ALGORITHMS[algorithm](":".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def expected_response(credentials: Credentials, secret: str, method: str, body: bytes = b"") -> str:
    """The response that belongs to these credentials; `secret` is H(username:realm:password) (section 3.4.1)."""
    algorithm, nonce = credentials.algorithm, credentials.nonce
    if credentials.session:
        secret = hashed(algorithm, secret, nonce, credentials.cnonce)
    request = [method, credentials.uri]
    if credentials.qop == "auth-int":
        request.append(ALGORITHMS[algorithm](body).hexdigest())
    freshness = [credentials.nc, credentials.cnonce, credentials.qop] if credentials.qop else []
    return hashed(algorithm, secret, nonce, *freshness, hashed(algorithm, *request))


def answer_challenge(  # noqa: PLR0917 - six texts, in the order in which the sums take them
    challenges: Iterable[str], method: str, uri: str, username: str, password: str, cnonce: str
) -> str | None:
    """The Authorization value for the best of these challenges; None if none of them can be answered.

    Best is the algorithm that stands first in `ALGORITHMS`: RFC 8760 section 2.4 has the topmost one used, unless local
    policy knows better. `cnonce` is fresh and unguessable; it and `username` hold neither quotes nor backslashes.
    """
    answerable = sorted(filter(None, map(_challenge, challenges)), key=lambda params: _rank(_algorithm(params)[0]))
    if not answerable:
        return None
    params = answerable[0]
    algorithm, session = _algorithm(params)
    realm, qop = params["realm"], "auth" if "qop" in params else ""
    credentials = Credentials(
        username=username,
        realm=realm,
        nonce=params["nonce"],
        uri=uri,
        response="",
        algorithm=algorithm,
        session=session,
        qop=qop,
        nc="00000001" if qop else "",
        cnonce=cnonce,
    )
    secret = hashed(algorithm, username, realm, password)
    return _written(credentials, params, expected_response(credentials, secret, method))


def _challenge(value: str) -> dict[str, str] | None:
    """A challenge that we know how to answer: a known algorithm, and `auth` or no qop at all."""
    try:
        params = parse_digest(value)
    except BadMessage:
        return None
    if params is None or not {"realm", "nonce"} <= params.keys() or _algorithm(params)[0] not in ALGORITHMS:
        return None
    offered = [qop.strip().lower() for qop in params["qop"].split(",")] if "qop" in params else ["auth"]
    return params if "auth" in offered else None


def _algorithm(params: Mapping[str, str]) -> tuple[str, bool]:
    """The hash, and whether it is the "-sess" kind. Without the parameter it is MD5 (section 3.3)."""
    name = params.get("algorithm", "MD5").upper()
    return name.removesuffix(_SESSION), name.endswith(_SESSION)


def _rank(algorithm: str) -> int:
    return list(ALGORITHMS).index(algorithm)


def _written(credentials: Credentials, challenge: Mapping[str, str], response: str) -> str:
    """Section 3.4: which values are quoted, and which never are."""
    quoted = {"username": credentials.username, "realm": credentials.realm, "nonce": credentials.nonce}
    quoted |= {"uri": credentials.uri, "response": response}
    if credentials.qop or credentials.session:
        quoted["cnonce"] = credentials.cnonce
    if "opaque" in challenge:
        quoted["opaque"] = challenge["opaque"]
    plain = {"algorithm": challenge["algorithm"]} if "algorithm" in challenge else {}
    if credentials.qop:
        plain |= {"qop": credentials.qop, "nc": credentials.nc}
    written = [*(f'{name}="{value}"' for name, value in quoted.items()), *(f"{k}={v}" for k, v in plain.items())]
    return f"Digest {', '.join(written)}"
