"""Who is calling: the address, the secret in front of the path, and whether a phone is believed.

Phones cannot send a header of our choosing, but they keep the URL they are given: `/k/<secret>` in front of any path is
a phone's permanent secret. It is taken off here, before anything else sees the path. A wrong secret refuses the
request, it never turns it into one without. Not here: the rule itself (`daemon.provisioning.first_contact`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request

from daemon.fleet.device import Device
from daemon.fleet.model import Mac, Tenant
from daemon.http.asgi import Scope
from daemon.provisioning.first_contact import Belief, Reason, believe
from daemon.provisioning.served import FileKind
from daemon.provisioning.zero_touch import place_newcomer

SecretMatches = Callable[[Mac, int, str], bool]  # a MAC, its secret's generation, and what was given

_PREFIX = "/k/"
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}\Z")


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
    """One request's sender. `source` is its address, "" over a Unix socket; `host` how it addressed us."""

    source: str
    secret: str
    user_agent: str
    host: str


def take_off_secret(scope: Scope) -> None:
    """Move a secret from the front of the path to `scope["state"]["secret"]`."""
    path: str = scope["path"]
    secret = ""
    if path.startswith(_PREFIX):
        secret, _, rest = path[len(_PREFIX) :].partition("/")
        scope["path"] = f"/{rest}" if secret else "/"
        scope["raw_path"] = scope["path"].encode()
    scope["state"]["secret"] = secret


def caller_of(request: Request) -> Caller:
    """Everything about the sender that the rules look at."""
    scope, headers = request.scope, request.headers
    host = headers.get("host", "")
    if not _HOST.match(host):
        name, port = scope["server"]
        host = name if port is None else f"{name}:{port}"
    source = scope["client"][0] if scope["client"] else ""
    return Caller(source, scope["state"]["secret"], headers.get("user-agent", "")[:256], host)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is made of a phone. `device` is None for one that nobody defined; `tenant` is then where it would belong."""

    device: Device | None
    tenant: str
    belief: Belief
    with_secret: bool
    wrong_secret: bool = False


class Doorkeeper:
    """Tells which phones are believed."""

    def __init__(self, directory: Directory, secret_matches: SecretMatches) -> None:
        self._directory = directory
        self._secret_matches = secret_matches

    def standing(self, mac: Mac, caller: Caller, region: str = "") -> Standing:
        """How a phone that calls itself `mac` stands; `region` is the tenant or site it names."""
        device = self._directory.device(mac)
        with_secret = False
        if caller.secret:
            generation = device.record.secret_generation if device else 0
            with_secret = self._secret_matches(mac, generation, caller.secret)
            if not with_secret:
                return Standing(device, "", Belief(False, Reason.FOREIGN_NETWORK), False, wrong_secret=True)
        if device is None:
            return self._newcomer(caller, region)
        tenant = self._directory.tenants.get(device.record.tenant)
        belief = believe(device.record, tenant, caller.source, with_secret)
        return Standing(device, device.record.tenant, belief, with_secret)

    def _newcomer(self, caller: Caller, region: str) -> Standing:
        kind = FileKind.REGION if region else FileKind.SYSTEM
        tenants, default = self._directory.tenants.values(), self._directory.default_tenant()
        tenant = place_newcomer(kind, region, caller.source, tenants, default).tenant
        return Standing(None, tenant.name, believe(None, tenant, caller.source, False), False)
