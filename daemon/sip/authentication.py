"""Who may register: the policy, and whether a REGISTER's digest credentials prove its user (RFC 3261 section 22).

Strangers learn nothing: a user nobody knows and one with another password meet the same challenges and the same
refusals, and the sums are done for both. What an attacker sends leaves nothing behind but two bounded tables of who
failed lately. There are two limits on failing:

- per user. Beyond it nobody's password for that user is looked at for a while, or guessing would only be noisy, not
  slow. The phone itself still gets in, since whoever comes from the socket address of a binding is always looked at.
- per source. Whoever is looked at and right always gets in, so a guesser does not lock out the office behind the same
  NAT. Failures beyond the limit get a 503, which tells an honest phone to come back later; beyond twice the limit they
  get silence, since answering a flood would only be a second flood, and a forged source would make it somebody else's.

Not here: the sums and what a nonce is (`daemon.authentication`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from ipaddress import IPv6Address
from typing import Protocol

from daemon.authentication.digest import Credentials, expected_response, hashed, parse_credentials
from daemon.authentication.nonces import Nonces
from daemon.config.settings import Sip
from daemon.errors import BadMessage
from daemon.fleet.device import Device
from daemon.fleet.model import Mac, Tenant
from daemon.sip.locate import is_numeric
from daemon.sip.message import Header, Request, Source
from daemon.sip.refusals import Refusal
from daemon.sip.throttle import Throttle
from daemon.sip.uri import parse_sip_uri

PasswordOf = Callable[[Mac], str | None]


def nobodys_password(mac: Mac) -> str | None:
    """Where no password can be opened: whoever must prove something cannot."""
    return None


RETRY_AFTER: Header = ("retry-after", "60")  # after a minute a full minute's share is there again
# H(user:realm:password) of those who registered: some 300 bytes each. Opening a sealed password and hashing it anew for
# a fleet larger than this costs more time, nothing else.
MAX_SECRETS = 65_536
_LONGEST_USER = 64  # characters of a user's name that the throttle looks at; SIP users are shorter
_MAX_CREDENTIALS = 4  # Authorization headers looked at; a phone sends one per realm it ever met


class Directory(Protocol):
    """What authentication asks the fleet."""

    @property
    def tenants(self) -> Mapping[str, Tenant]:
        """Tenants by name."""

    def mac_of_user(self, user: str) -> Mac | None:
        """Whose SIP user (number) this is."""

    def device(self, mac: Mac) -> Device | None:
        """The device."""


@dataclass(frozen=True, slots=True)
class AuthenticationStatistics:
    """Since start; the last three are of this moment."""

    challenged: int  # asked for credentials
    stale: int  # right credentials with a nonce that is used up; asked again
    proved: int  # credentials that were right
    nonces_pushed_out: int  # that were still good and made room for others
    nonces: int  # remembered
    failing_users: int
    failing_sources: int


class Authentication:
    """Judges REGISTERs. `key` (secret) makes nonces; `password_of` opens a device's password.

    It returns None for a device without one; `StoreUnavailable`, if one cannot be opened, goes on to whoever asked.
    """

    def __init__(self, settings: Sip, directory: Directory, key: bytes, password_of: PasswordOf) -> None:
        self._directory = directory
        self._password_of = password_of
        self._nonces = Nonces(key)
        self._opaque = hashed("SHA-256", "opaque", key.hex())[:16]
        self._nobodys_password = hashed("SHA-256", "nobody", key.hex())
        self._secrets: dict[tuple[str, str, str, str], str] = {}
        self._users = self._sources = Throttle(1, 1)
        self._challenged = self._stale = self._proved = 0
        self.apply(settings)

    def apply(self, settings: Sip) -> None:
        """Go on with these settings; who failed lately starts anew."""
        self._settings = settings
        users, sources = settings.wrong_passwords_per_minute, settings.failures_per_minute
        self._users, self._sources = Throttle(users, users), Throttle(sources, 2 * sources)

    def statistics(self) -> AuthenticationStatistics:
        """A snapshot."""
        return AuthenticationStatistics(
            challenged=self._challenged,
            stale=self._stale,
            proved=self._proved,
            nonces_pushed_out=self._nonces.pushed_out,
            nonces=len(self._nonces),
            failing_users=len(self._users),
            failing_sources=len(self._sources),
        )

    def refusal_of(self, request: Request, user: str, source: Source, now: float) -> Refusal | None:
        """Why `request` may not touch the bindings of `user`, who need not exist; None if it may.

        A refusal without a reason is a mere question, as every phone is asked. `BadMessage` ("authorization",
        "digest-uri", "uri"), and "flood" for what deserves no answer at all.
        """
        device = self._device_of(user)
        if not self._must_prove(device):
            honest = parse_sip_uri(request.from_().uri).user == user
            return None if honest else self.failed(Refusal(403, "third-party"), source, now)
        credentials = self._credentials(request)
        if credentials is None or credentials.algorithm not in self._settings.digest_algorithms:
            self._challenged += 1
            return self._challenge(now)
        if not _means(credentials.uri, request.uri, self._settings.domain):
            return self.failed(Refusal(400, "digest-uri"), source, now)
        return self._judge(request, credentials, user, source, now)

    def failed(self, refusal: Refusal, source: Source, now: float) -> Refusal:
        """The refusal, as far as its source has not had too many of them; `BadMessage` ("flood") for silence."""
        left = self._sources.take(_network_of(source.host), now)
        if left < 1:
            raise BadMessage("flood", f"failures of {source.host}", 503)
        return refusal if left > self._sources.per_minute else Refusal(503, "throttled", (RETRY_AFTER,))

    def _must_prove(self, device: Device | None) -> bool:
        tenant = self._directory.tenants.get(device.record.tenant) if device else None
        policy = (tenant.authentication if tenant else "") or self._settings.authentication
        if policy == "passwords":
            return device is None or bool(device.record.sip_password)
        return policy == "always"

    def _credentials(self, request: Request) -> Credentials | None:
        """Those for our realm; other realms and schemes are not for us (RFC 4475 section 3.1.2.15)."""
        for value in request.all("authorization")[:_MAX_CREDENTIALS]:
            credentials = parse_credentials(value)
            if credentials and credentials.realm == self._settings.domain:
                return credentials
        return None

    def _challenge(self, now: float, reason: str = "", stale: bool = False) -> Refusal:
        """401 with one challenge per algorithm (RFC 8760 section 2.3)."""
        always = f'Digest realm="{self._settings.domain}", opaque="{self._opaque}", qop="auth"'
        ending = ", stale=true" if stale else ""
        offers = [
            f'{always}, nonce="{self._nonces.make(algorithm, now)}", algorithm={algorithm}{ending}'
            for algorithm in self._settings.digest_algorithms
        ]
        return Refusal(401, reason, tuple(("www-authenticate", offer) for offer in offers))

    def _judge(
        self, request: Request, credentials: Credentials, user: str, source: Source, now: float
    ) -> Refusal | None:
        named = self._named(credentials, user, request)
        owner, throttled = self._device_of(named), named[:_LONGEST_USER]
        if self._users.left(throttled, now) < 1 and not _comes_from(owner, source):
            return self.failed(Refusal(503, "throttled-user", (RETRY_AFTER,)), source, now)
        written = named if credentials.userhash else credentials.username
        secret = self._secret(written, owner, credentials.algorithm)
        expected = expected_response(credentials, secret, request.method, request.body)
        if not compare_digest(expected.encode(), credentials.response.lower().encode("utf-8", "surrogateescape")):
            self._users.take(throttled, now)
            return self.failed(self._challenge(now, "wrong-password"), source, now)
        if not self._nonces.spend(
            credentials.nonce, credentials.algorithm, credentials.count(), now, self._settings.nonce_lifetime
        ):
            self._stale += 1
            return self._challenge(now, stale=True)
        self._proved += 1
        return None if named == user else self.failed(Refusal(403, "third-party"), source, now)

    def _named(self, credentials: Credentials, user: str, request: Request) -> str:
        """The user whose password it is to be: as written, or whoever's hash it is of those the request names."""
        if not credentials.userhash:
            return credentials.username.removesuffix(f"@{self._settings.domain}")
        for name in (user, parse_sip_uri(request.from_().uri).user):
            if hashed(credentials.algorithm, name, self._settings.domain) == credentials.username.lower():
                return name
        return ""

    def _secret(self, user: str, owner: Device | None, algorithm: str) -> str:
        """H(user:realm:password); with a password that nobody can know if there is none, and as much work."""
        realm = self._settings.domain
        sealed = owner.record.sip_password if owner else ""
        key = user, realm, algorithm, sealed
        if sealed and key in self._secrets:
            return self._secrets[key]
        password = self._password_of(owner.mac) if owner and sealed else None
        secret = hashed(algorithm, user, realm, self._nobodys_password if password is None else password)
        if password is not None:
            if len(self._secrets) >= MAX_SECRETS:
                del self._secrets[next(iter(self._secrets))]
            self._secrets[key] = secret
        return secret

    def _device_of(self, user: str) -> Device | None:
        mac = self._directory.mac_of_user(user)
        return self._directory.device(mac) if mac else None


def _comes_from(device: Device | None, source: Source) -> bool:
    """Whether the sender is where the device registered from: nobody else behind its NAT has that port."""
    contacts = (binding.contact for binding in device.bindings) if device else ()
    return any((contact.host, contact.port, contact.transport) == source[:3] for contact in contacts)


def _means(digest_uri: str, request_uri: str, domain: str) -> bool:
    """Whether both may be the same resource (RFC 7616 section 3.4.6).

    Phones drop the port, the parameters or the domain; and some, SIPp among them, write the address they send to, which
    is one of ours as far as we can know: NAT may have made anything of it. In IPv6 SIPp 3.6.1 leaves the brackets out.
    """
    if digest_uri == request_uri or digest_uri.rstrip(":") in ("", "sip", "sips"):
        return True
    written = digest_uri if ":" in digest_uri else f"sip:{digest_uri}"
    bare = written.partition(":")[2]
    if is_numeric(bare) or is_numeric(bare.rpartition(":")[0]):
        return True
    host = parse_sip_uri(written).host
    return host in (parse_sip_uri(request_uri).host, domain.lower()) or is_numeric(host)


def _network_of(host: str) -> str:
    """Whom an address stands for: itself, or its /64 in IPv6, where one customer has that many."""
    return IPv6Address(host.partition("%")[0]).packed[:8].hex() if ":" in host else host
