"""A phone that takes a check-sync only from somebody who knows its password; its sums are its own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

_HASHES: dict[str, Callable[[bytes], hashlib._Hash]] = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class ChallengingPhone:
    """Bytes in, bytes out. `stale` nonces are found too old before one is taken."""

    def __init__(self, *algorithms: str, password: str = "s3cret", status: int = 401, stale: int = 0) -> None:
        self._algorithms = algorithms
        self._password = password
        self._status = status
        self._stale = stale
        self._issued: set[str] = set()
        self.heard: list[str] = []  # the Event of every NOTIFY it took

    def answer(self, datagram: bytes) -> bytes:
        """What it says to a request."""
        request = datagram.decode()
        asked, answered = ("WWW-Authenticate", "Authorization")
        if self._status == 407:
            asked, answered = ("Proxy-Authenticate", "Proxy-Authorization")
        credentials = re.search(rf"^{answered}: Digest (.*)\r$", request, re.MULTILINE)
        if self._algorithms and (credentials is None or self._stale):
            self._stale -= credentials is not None
            return said(request, f"{self._status} Prove it", *self._challenges(asked, stale=credentials is not None))
        if credentials and not self._proves(credentials[1], request.partition(" ")[0]):
            return said(request, f"{self._status} Prove it", *self._challenges(asked, stale=False))
        self.heard += re.findall(r"^Event: (.*)\r$", request, re.MULTILINE)
        return said(request, "200 OK")

    def _challenges(self, name: str, *, stale: bool) -> list[str]:
        nonce = f"n{len(self._issued)}"
        self._issued.add(nonce)
        tail = ", stale=true" if stale else ""
        return [
            f'{name}: Digest realm="phone", nonce="{nonce}", qop="auth", algorithm={algorithm}{tail}'
            for algorithm in self._algorithms
        ]

    def _proves(self, credentials: str, method: str) -> bool:
        given = {name: value.strip('"') for name, value in re.findall(r'(\w+)=("[^"]*"|[^,\s]+)', credentials)}

        def hashed(*parts: str) -> str:
            return _HASHES[given["algorithm"]](":".join(parts).encode()).hexdigest()

        secret = hashed(given["username"], "phone", self._password)
        fresh = given["nonce"] in self._issued and given["algorithm"] in self._algorithms
        told = (given["nonce"], given["nc"], given["cnonce"], "auth", hashed(method, given["uri"]))
        return fresh and given["username"] == "2041" and given["response"] == hashed(secret, *told)


def said(request: str, status: str, *headers: str) -> bytes:
    """An answer: the headers a request must see again, then these."""
    copied = re.findall(r"^(?:Via|From|To|Call-ID|CSeq): .*(?=\r$)", request, re.MULTILINE)
    return "\r\n".join([f"SIP/2.0 {status}", *copied, *headers, "Content-Length: 0", "", ""]).encode()
