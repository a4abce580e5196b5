"""What a phone must show before it is believed or given a secret: a ladder of rungs, each a predicate with its reason.

A MAC is printed on every box, so knowing one proves nothing. What counts is a table (`LADDER`): the phone's permanent
secret, in its URL or as its login; the certificate its factory gave it; a token that was made for it once; the time
window that an operator opened, for its tenant's own networks; the addresses that a tenant trusts. Which rungs count is
the tenant's to say, else `provisioning.rungs`. Whoever has reached none gets a file without a single secret, or none;
and whoever shows something wrong gets nothing at all, for a wrong proof is worse than none.

`examine` looks at what was shown, `decide_file` and `believe` decide by it. Not here: how a secret is made and compared
(`sealing`), what a token looks like (`tokens`), the wire (`daemon.http.phones`), and what follows from a proof: the
window closes, the token is spent (the fleet).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from hmac import compare_digest
from typing import Protocol

from daemon.config.settings import Provisioning
from daemon.fleet.model import DeviceRecord, Mac, Tenant
from daemon.provisioning.tokens import token_hash
from daemon.provisioning.zero_touch import address_of

SecretMatches = Callable[[Mac, int, str], bool]  # a MAC, its secret's generation, and what was given


class Rung(StrEnum):
    """What may count as proof; spelled as in the settings."""

    SECRET = "secret"  # noqa: S105 - the name of a rung
    LOGIN = "login"
    CERTIFICATE = "certificate"
    TOKEN = "token"  # noqa: S105 - the name of a rung
    WINDOW = "window"
    ADDRESSES = "addresses"


class Reason(StrEnum):
    """Why a report was (not) believed, and why a file was served as it was."""

    SECRET = "permanent secret"  # noqa: S105 - the name of a reason
    LOGIN = "login"
    CERTIFICATE = "factory certificate"
    TOKEN = "one-time token"  # noqa: S105 - the name of a reason
    FIRST_CONTACT = "first contact"
    ADDRESS = "trusted address"
    NETWORK = "network of the tenant"
    NO_NETWORK = "tenant without a network"
    FOREIGN_NETWORK = "outside the tenant's networks"
    WINDOW_CLOSED = "window closed"
    UNAPPROVED = "unapproved"
    UNKNOWN_PHONE = "unknown phone"
    BLOCKED = "blocked by the licence"  # whatever it proved
    WRONG_SECRET = "wrong_secret"  # noqa: S105 - the name of a reason
    WRONG_LOGIN = "wrong_login"
    WRONG_CERTIFICATE = "wrong_certificate"
    WRONG_TOKEN = "wrong_token"  # noqa: S105 - the name of a reason


class Extent(StrEnum):
    """How much of its file a phone gets."""

    COMPLETE = "complete"
    STRIPPED = "stripped"
    REFUSED = "refused"


class Proof(Enum):
    """What came of looking at one thing that a phone may show."""

    ABSENT = "absent"
    RIGHT = "right"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Shown:
    """Where a phone comes from (`source`, its address), and what it showed of all that it could."""

    source: str
    secret: Proof = Proof.ABSENT
    login: Proof = Proof.ABSENT
    certificate: Proof = Proof.ABSENT
    token: Proof = Proof.ABSENT

    @property
    def with_secret(self) -> bool:
        """Whether it has its permanent secret, in whichever way it showed that."""
        return self.secret is Proof.RIGHT or self.login is Proof.RIGHT

    @property
    def wrong(self) -> Reason | None:
        """Which of the things it showed was wrong, if one was."""
        proofs = self.secret, self.login, self.certificate, self.token
        return _WRONG[proofs.index(Proof.WRONG)] if Proof.WRONG in proofs else None


_WRONG = Reason.WRONG_SECRET, Reason.WRONG_LOGIN, Reason.WRONG_CERTIFICATE, Reason.WRONG_TOKEN


class Approach(Protocol):
    """A request as far as it says who comes, and with what."""

    @property
    def source(self) -> str:
        """The peer's address; "" over a Unix socket."""

    @property
    def secret(self) -> str:
        """What stood behind `/k/`; "" if nothing did."""

    @property
    def token(self) -> str:
        """What stood behind `/t/`; "" if nothing did."""

    @property
    def login(self) -> Mac | None:
        """Whose permanent secret was its password; None without a login. A wrong one has not come this far."""

    @property
    def certificate(self) -> Mac | None:
        """Whose factory certificate it showed; None without one, or with one that names no MAC."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a tenant asks of its phones: which rungs count, and what a fetch without any of them gets."""

    rungs: tuple[str, ...]
    unprotected: Extent


@dataclass(frozen=True, slots=True)
class Belief:
    """Whether a report is taken for the phone's own."""

    believed: bool
    reason: Reason


@dataclass(frozen=True, slots=True)
class Serving:
    """How much of its file a phone gets, and why."""

    extent: Extent
    reason: Reason


Reached = Callable[[Shown, DeviceRecord, Tenant, float], bool]


def _window(shown: Shown, record: DeviceRecord, tenant: Tenant, now: float) -> bool:
    return now < record.armed_until and in_networks(tenant, shown.source)


def _addresses(shown: Shown, record: DeviceRecord, tenant: Tenant, now: float) -> bool:
    address = address_of(shown.source)
    return address is not None and any(address in network for network in tenant.addresses)


# Rung -> whether a phone has reached it, and the reason it is then served by. From the surest to the weakest: the
# first that a phone has reached gives the reason.
LADDER: Mapping[Rung, tuple[Reached, Reason]] = {
    Rung.SECRET: (lambda shown, *_: shown.secret is Proof.RIGHT, Reason.SECRET),
    Rung.LOGIN: (lambda shown, *_: shown.login is Proof.RIGHT, Reason.LOGIN),
    Rung.CERTIFICATE: (lambda shown, *_: shown.certificate is Proof.RIGHT, Reason.CERTIFICATE),
    Rung.TOKEN: (lambda shown, *_: shown.token is Proof.RIGHT, Reason.TOKEN),
    Rung.WINDOW: (_window, Reason.FIRST_CONTACT),
    Rung.ADDRESSES: (_addresses, Reason.ADDRESS),
}


def terms_of(tenant: Tenant, settings: Provisioning) -> Terms:
    """The tenant's own terms, and the settings' where it says nothing."""
    return Terms(tenant.rungs or settings.rungs, Extent(tenant.unprotected or settings.unprotected))


def examine(
    mac: Mac, record: DeviceRecord | None, approach: Approach, secret_matches: SecretMatches, now: float
) -> Shown:
    """Look at what somebody shows who says to be `mac`; as much work for a MAC nobody has (`record` None)."""
    return Shown(
        approach.source,
        secret=_secret(mac, record, approach.secret, secret_matches, now) if approach.secret else Proof.ABSENT,
        login=_names(approach.login, mac),
        certificate=_names(approach.certificate, mac),
        token=_token(record, approach.token, now) if approach.token else Proof.ABSENT,
    )


def believe(record: DeviceRecord | None, tenant: Tenant | None, shown: Shown) -> Belief:
    """Whether a keep-alive or alarm is believed; `record` is None for a phone nobody defined.

    A phone that proves who it is is believed wherever it comes from; without proof, only from a network of its tenant.
    """
    if wrong := shown.wrong:
        return Belief(False, wrong)
    if record is not None:
        for rung in (Rung.SECRET, Rung.LOGIN, Rung.CERTIFICATE):
            reached, reason = LADDER[rung]
            if reached(shown, record, tenant or _NOBODYS, 0.0):
                return Belief(True, reason)
    if tenant is None or not tenant.networks():
        return Belief(False, Reason.NO_NETWORK)
    if in_networks(tenant, shown.source):
        return Belief(True, Reason.NETWORK)
    return Belief(False, Reason.FOREIGN_NETWORK)


def decide_file(record: DeviceRecord | None, tenant: Tenant, shown: Shown, terms: Terms, now: float) -> Serving:
    """How much of its file a phone gets. Only an approved device that has reached a rung gets a complete one."""
    if wrong := shown.wrong:
        return Serving(Extent.REFUSED, wrong)
    if record is not None and record.approved:
        for rung, (reached, reason) in LADDER.items():
            if rung in terms.rungs and reached(shown, record, tenant, now):
                return Serving(Extent.COMPLETE, reason)
    if not in_networks(tenant, shown.source):
        # Whoever merely knows a MAC learns nothing, not even that we know it too.
        return Serving(Extent.REFUSED, Reason.UNKNOWN_PHONE if record is None else Reason.FOREIGN_NETWORK)
    if record is None:
        return Serving(Extent.STRIPPED, Reason.UNKNOWN_PHONE)  # enough to report itself
    if not record.approved:
        return Serving(Extent.STRIPPED, Reason.UNAPPROVED)
    return Serving(terms.unprotected, Reason.WINDOW_CLOSED)


def keeps_its_urls(record: DeviceRecord | None) -> bool:
    """Whether a stripped file must leave the phone's URLs alone, because they hold its secret by now.

    A device is disarmed (`armed_until` 0) by the first use of its secret. If it then asks without it, after a
    reboot over the DHCP option say, URLs without the secret would cost it the secret for good.
    """
    return record is not None and record.approved and record.armed_until == 0.0


def in_networks(tenant: Tenant | None, source: str) -> bool:
    """Whether an address belongs to a network of the tenant or one of its sites."""
    address = address_of(source)
    return tenant is not None and address is not None and any(address in network for network in tenant.networks())


_NOBODYS = Tenant(name="")


def _secret(mac: Mac, record: DeviceRecord | None, given: str, secret_matches: SecretMatches, now: float) -> Proof:
    generation = record.secret_generation if record else 0
    if secret_matches(mac, generation, given):
        return Proof.RIGHT
    # After a renewal the phone still asks by the URLs it has. While it is armed its former secret proves nothing, but
    # it is no wrong one either, or the phone could never come by the new one.
    armed = record is not None and now < record.armed_until
    former = armed and generation > 0 and secret_matches(mac, generation - 1, given)
    return Proof.ABSENT if former else Proof.WRONG


def _token(record: DeviceRecord | None, given: str, now: float) -> Proof:
    kept = record.token_hash if record else ""
    same = compare_digest(token_hash(given).encode(), kept.encode())  # a stranger's costs as much
    return Proof.RIGHT if same and record is not None and now < record.token_until else Proof.WRONG


def _names(named: Mac | None, mac: Mac) -> Proof:
    if named is None:
        return Proof.ABSENT
    return Proof.RIGHT if named == mac else Proof.WRONG
