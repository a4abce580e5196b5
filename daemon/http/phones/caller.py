"""Who is calling: the address, the secret in front of the path, and whether a phone is believed.

Phones cannot send a header of our choosing, but they keep the URL they are given: `/k/<secret>` in front of any path is
a phone's permanent secret, `/t/<token>` the token of its first contact. It is taken off here, before anything else sees
the path. Not here: the rule itself (`daemon.provisioning.first_contact`), logins (`logins`), who is refused (`gate`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request

from daemon.fleet.device import Device
from daemon.fleet.model import DeviceRecord, Mac, Network, Tenant, mac_or_none
from daemon.http.asgi import Scope
from daemon.http.peer_certificate import PeerCertificate
from daemon.provisioning.first_contact import Belief, Reason, SecretMatches, believe, examine
from daemon.provisioning.served import FileKind
from daemon.provisioning.zero_touch import address_of, place_newcomer

_PREFIXES = {"/k/": "secret", "/t/": "token"}
_MAX_AGENT = 256  # characters of a User-Agent; the longest seen have some 80
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}\Z")
_FORWARDED_FOR = b"x-forwarded-for"
_PORT_BEHIND = re.compile(r"\[([^\]]*)\](?::\d{1,5})?\Z|([^:]*):\d{1,5}\Z")
# Two proxies in a row are many. What stands further left than this was written by somebody else, so the end is enough.
_MAX_FORWARDED = 512


class Directory(Protocol):
    """What the listener asks the fleet."""

    @property
    def tenants(self) -> Mapping[str, Tenant]:
        """Every tenant by name."""

    def device(self, mac: Mac) -> Device | None:
        """The live record of a phone, if there is one."""

    def default_tenant(self) -> Tenant | None:
        """Whose a phone is that nothing else places."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One request's sender. `source` is its address, "" over a Unix socket; `host` how it addressed us.

    `secret` and `token` stood in front of the path, `authorization` in the header, "" if nothing did; `certificate` is
    the MAC that a factory certificate names, and `login` the phone whose right login this is (`gate` sees to that).
    """

    source: str
    secret: str
    user_agent: str
    host: str
    token: str = ""
    authorization: str = ""
    certificate: Mac | None = None
    login: Mac | None = None

    @property
    def shows_something(self) -> bool:
        """Whether it shows anything that may be right or wrong."""
        return bool(self.secret or self.token or self.authorization or self.certificate)


def real_source(peer: str, headers: Iterable[tuple[bytes, bytes]], trusted: Collection[Network]) -> str:
    """The phone's own address if `peer` is a proxy in a `trusted` network, else `peer`.

    A proxy writes whom it heard at the right end of X-Forwarded-For, and anybody may have written what stands left of
    that: so the first address from the right that is no proxy of ours is the phone's. An entry that is no address ends
    the search, and the proxy itself stays the source.
    """
    if not trusted or not _within(peer, trusted):
        return peer
    lines = [value.decode("latin-1") for name, value in headers if name.lower() == _FORWARDED_FOR]
    for entry in reversed(",".join(lines)[-_MAX_FORWARDED:].split(",")):
        with_port = _PORT_BEHIND.match(entry.strip())
        address = address_of((with_port[1] or with_port[2] or "") if with_port else entry.strip())
        if address is None:
            return peer
        if not _within(str(address), trusted):
            return str(address)
    return peer


def _within(source: str, networks: Collection[Network]) -> bool:
    address = address_of(source)
    return address is not None and any(address in network for network in networks)


def take_off_secret(scope: Scope) -> None:
    """Move a secret or token from the front of the path to `scope["state"]`.

    What came stays there as `["method"]` and `["target"]`, the whole path.
    """
    path: str = scope["path"]
    state = scope["state"]
    state["secret"] = state["token"] = ""
    state["method"], state["target"] = scope["method"], path
    shown = _PREFIXES.get(path[:3])
    if shown:
        state[shown], _, rest = path[3:].partition("/")
        scope["path"] = f"/{rest}" if state[shown] else "/"
        scope["raw_path"] = scope["path"].encode()


def caller_of(request: Request) -> Caller:
    """Everything about the sender that the rules look at."""
    scope = request.scope
    state = scope["state"]
    agent = host = authorization = b""
    for name, value in scope["headers"]:  # one pass: Starlette's headers take one for each question
        if name == b"host":
            host = value
        elif name == b"user-agent":
            agent = value
        elif name == b"authorization":
            authorization = value
    address = host.decode("latin-1")
    if not _HOST.match(address):
        server, port = scope["server"]
        address = server if port is None else f"{server}:{port}"
    return Caller(
        scope["client"][0] if scope["client"] else "",
        state["secret"],
        agent.decode("latin-1")[:_MAX_AGENT],
        address,
        state["token"],
        authorization.decode("latin-1"),
        _mac_in(state.get("certificate")),
    )


def _mac_in(certificate: PeerCertificate | None) -> Mac | None:
    """The MAC that is a certificate's common name, in any punctuation, as phones' factories write it."""
    return mac_or_none(certificate.common_name) if certificate else None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is made of a phone. `device` is None for one that nobody defined; `tenant` is then where it would belong.

    `wrong_secret`: it showed a secret, token or certificate that is not this phone's.
    """

    device: Device | None
    tenant: str
    belief: Belief
    with_secret: bool
    wrong_secret: bool = False


_BY_SECRET = Belief(True, Reason.SECRET)
_BLOCKED = Belief(False, Reason.BLOCKED)


def _unless_blocked(device: Device | None, belief: Belief) -> Belief:
    """A phone that the licence does not cover is not heard, whatever it proves; a wrong proof stays one."""
    return _BLOCKED if device and device.blocked and belief.believed else belief


class Doorkeeper:
    """Tells which phones are believed. `now` gives UTC seconds."""

    def __init__(self, directory: Directory, secret_matches: SecretMatches, now: Callable[[], float]) -> None:
        self._directory = directory
        self._secret_matches = secret_matches
        self._now = now

    def standing(self, mac: Mac, caller: Caller, region: str = "") -> Standing:
        """How a phone that calls itself `mac` stands; `region` is the tenant or site it names."""
        device = self._directory.device(mac)
        record = device.record if device else None
        if record and self._has_nothing_but_its_secret(record, caller):  # as nearly every report
            return Standing(device, record.tenant, _unless_blocked(device, _BY_SECRET), True)
        shown = examine(mac, record, caller, self._secret_matches, self._now())
        tenant = self._directory.tenants.get(record.tenant) if record else self._tenant_of_newcomer(caller, region)
        name = record.tenant if record else tenant.name if tenant else ""
        belief = _unless_blocked(device, believe(record, tenant, shown))
        return Standing(device, name, belief, shown.with_secret, wrong_secret=shown.wrong is not None)

    def _has_nothing_but_its_secret(self, record: DeviceRecord, caller: Caller) -> bool:
        if not caller.secret or caller.certificate is not None:
            return False
        return self._secret_matches(record.mac, record.secret_generation, caller.secret)

    def _tenant_of_newcomer(self, caller: Caller, region: str) -> Tenant:
        kind = FileKind.REGION if region else FileKind.SYSTEM
        tenants, default = self._directory.tenants.values(), self._directory.default_tenant()
        return place_newcomer(kind, region, caller.source, tenants, default).tenant
