"""HTTP logins of phones: Basic (RFC 7617) and Digest (RFC 7616). The user is the phone's MAC, the password its secret.

For phones that take a user and a password but no URL of their own. A login says by itself whose it is; whether that is
the phone whose file is asked for, and whether a login counts there at all, is decided elsewhere
(`daemon.provisioning.first_contact`). Somebody nobody knows meets the same sums and the same answers as a phone with
another password. Pure: `now` is an argument. Not here: when a phone is asked to log in (`gate`).
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from hmac import compare_digest
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from daemon.authentication.digest import Credentials, expected_response, hashed, parse_credentials
from daemon.authentication.nonces import Nonces
from daemon.config.settings import Provisioning
from daemon.errors import BadMessage
from daemon.fleet.model import Mac, parse_mac

REALM = "phones"
_MAX_VALUE = 1024  # characters of an Authorization header; a digest of SHA-256 has some 400
_NOBODY = Mac("000000000000")  # does the sums for users that are no MAC


class Passwords(NamedTuple):
    """A phone's permanent secret, and the one before it while that is still put up with; "" if there is none."""

    now: str
    former: str = ""


PasswordsOf = Callable[[Mac], Passwords]  # of a MAC nobody has, too: then nobody can know them


class Verdict(StrEnum):
    """What a login is worth."""

    RIGHT = "right"
    WRONG = "wrong"
    STALE = "stale"  # right, over a nonce that is used up: to be made once more
    FORMER = "former"  # the secret before the last renewal: no proof, but no guess either


@dataclass(frozen=True, slots=True)
class Login:
    """A judged login; `mac`, whose it is, only if it is right."""

    verdict: Verdict
    mac: Mac | None = None


@dataclass(frozen=True, slots=True)
class LoginStatistics:
    """Logins since start by verdict, how often phones were asked for one, and nonces remembered now.

    `nonces_pushed_out` were still good and made room for others.
    """

    verdicts: dict[str, int]
    challenged: int
    nonces: int
    nonces_pushed_out: int


class Logins:
    """Asks for logins and judges them. `key` (secret) makes nonces; `settings` gives those in force."""

    def __init__(self, key: bytes, settings: Callable[[], Provisioning], passwords_of: PasswordsOf) -> None:
        self._nonces = Nonces(key)
        self._settings = settings
        self._passwords_of = passwords_of
        self._verdicts = dict.fromkeys(map(str, Verdict), 0)
        self._challenged = 0

    def challenges(self, now: float, *, stale: bool = False) -> list[str]:
        """Values of WWW-Authenticate, one for each way to log in, the best first."""
        self._challenged += 1
        ending = ", stale=true" if stale else ""
        return [
            f'Basic realm="{REALM}", charset="UTF-8"'
            if scheme == "Basic"
            else f'Digest realm="{REALM}", qop="auth", nonce="{self._nonces.make(scheme, now)}",'
            f" algorithm={scheme}{ending}"
            for scheme in self._settings().logins
        ]

    def judge(self, authorization: str, method: str, target: str, now: float) -> Login:
        """What an Authorization header is worth on a request for `target`, its path without escapes. Total."""
        login = self._judge(authorization, method, target, now)
        self._verdicts[login.verdict] += 1
        return login

    def statistics(self) -> LoginStatistics:
        """A snapshot."""
        return LoginStatistics(dict(self._verdicts), self._challenged, len(self._nonces), self._nonces.pushed_out)

    def _judge(self, authorization: str, method: str, target: str, now: float) -> Login:
        if len(authorization) > _MAX_VALUE:
            return Login(Verdict.WRONG)
        scheme, _, rest = authorization.strip().partition(" ")
        if scheme.lower() == "basic" and "Basic" in self._settings().logins:
            return self._basic(rest)
        try:
            credentials = parse_credentials(authorization)
        except BadMessage:
            credentials = None
        if credentials is None or credentials.algorithm not in self._settings().logins:
            return Login(Verdict.WRONG)
        return self._digest(credentials, method, target, now)

    def _basic(self, encoded: str) -> Login:
        try:
            # The last colon: a MAC may have some (RFC 7617 section 2 knows of none in a user), our secrets have not.
            user, _, password = b64decode(encoded.strip(), validate=True).decode().rpartition(":")
        except ValueError:
            return Login(Verdict.WRONG)
        return _verdict(user, self._passwords_of(_mac_of(user)), lambda own: own, password)

    def _digest(self, credentials: Credentials, method: str, target: str, now: float) -> Login:
        def response(own: str) -> str:
            secret = hashed(credentials.algorithm, credentials.username, credentials.realm, own)
            return expected_response(credentials, secret, method)

        user = credentials.username
        if credentials.realm != REALM or _path_of(credentials.uri) != target:
            return Login(Verdict.WRONG)
        login = _verdict(user, self._passwords_of(_mac_of(user)), response, credentials.response.lower())
        if login.verdict is Verdict.RIGHT and not self._nonces.spend(
            credentials.nonce, credentials.algorithm, credentials.count(), now, self._settings().nonce_lifetime
        ):
            return Login(Verdict.STALE)
        return login


def _verdict(user: str, passwords: Passwords, shown_with: Callable[[str], str], shown: str) -> Login:
    """Whether `shown` is what somebody with one of these passwords would show."""
    verdicts = {Verdict.RIGHT: passwords.now, Verdict.FORMER: passwords.former}
    for verdict, password in verdicts.items():
        same = compare_digest(shown_with(password).encode(errors="replace"), shown.encode(errors="replace"))
        if password and same:
            return Login(verdict, _mac_of(user) if verdict is Verdict.RIGHT else None)
    return Login(Verdict.WRONG)


def _mac_of(user: str) -> Mac:
    try:
        return parse_mac(user)
    except BadMessage:
        return _NOBODY


def _path_of(uri: str) -> str:
    """The path of a digest's uri, which some clients write with scheme and host."""
    try:
        return unquote(urlsplit(uri).path)
    except ValueError:
        return ""
