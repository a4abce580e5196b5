"""Who may ask the agent, and what each of them sees: communities of v2c and users of v3, as the settings have them.

The first access that fits counts, by community or user and by the network that a question comes from. What is seen
is put together once for each access; accesses with the same tenants share their rows. Not here: what the engine makes
of a v3 message (`engine`), how an answer is made (`answers`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from ipaddress import IPv6Address, ip_address
from typing import Any

from daemon.config.snmp_settings import Access, Agent, Network, Snmp
from daemon.snmp.agent.fleet_tables import fleet_columns, receiver_columns
from daemon.snmp.agent.scalars import (
    Health,
    Identity,
    Newest,
    Traffic,
    count_columns,
    health_columns,
    notification_columns,
    snmp_columns,
    system_columns,
)
from daemon.snmp.agent.snapshot import Directory, Scope, Snapshot
from daemon.snmp.agent.tables import Column
from daemon.snmp.agent.views import Sight, View, parse_oid


@dataclass(frozen=True, slots=True)
class Sources:
    """Where everything comes from that can be asked for."""

    directory: Directory
    health: Callable[[], Health]
    traffic: Callable[[], Traffic]
    newest: Newest
    host: str  # what sysName says


@dataclass(frozen=True, slots=True)
class Admitted:
    """An access in force."""

    community: bytes | None
    user: str
    networks: tuple[Network, ...]
    sight: Sight

    def admits(self, host: str) -> bool:
        """Whether a question may come from that address."""
        if not self.networks:
            return True
        address = ip_address(host.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self.networks)


class Accesses:
    """The accesses of the settings in force."""

    def __init__(self, settings: Snmp, sources: Sources, snapshot: Snapshot) -> None:
        given = _given(settings.agent)
        scopes = {frozenset(access.tenants) for access in given}
        snapshot.apply(scopes)
        identity = Identity(sources.host, settings.agent.contact, settings.agent.location)
        columns = {scope: _columns(settings.enterprise, scope, sources, snapshot, identity) for scope in scopes}
        self._admitted = [_admitted(access, columns[frozenset(access.tenants)]) for access in given]

    def of_community(self, community: bytes) -> Sequence[Admitted]:
        """The accesses of a community. All are compared, so that the time taken says nothing of nearly right ones."""
        return [each for each in self._admitted if compare_digest(each.community or b"", community) and each.community]

    def of_user(self, user: str) -> Sequence[Admitted]:
        """The accesses of a user of v3."""
        return [each for each in self._admitted if each.user and each.user == user]


def _given(agent: Agent) -> list[Access]:
    """The accesses, the short form first."""
    short = [] if agent.community is None else [Access(community=agent.community)]
    return [*short, *agent.access]


def _admitted(access: Access, columns: Sequence[Column[Any]]) -> Admitted:
    community = None if access.community is None else access.community.get_secret_value().encode()
    view = View(map(parse_oid, access.include), map(parse_oid, access.exclude))
    return Admitted(community, access.user, access.networks, Sight(columns, view))


def _columns(
    enterprise: int, scope: Scope, sources: Sources, snapshot: Snapshot, identity: Identity
) -> list[Column[Any]]:
    """All that a scope can see; receivers belong to no tenant, so tenants' accesses do not see them."""
    listed = snapshot.listed(scope)
    health = sources.health
    receivers = [] if scope else receiver_columns(enterprise, lambda: health().receivers)
    return [
        *system_columns(enterprise, identity, health),
        *snmp_columns(sources.traffic),
        *notification_columns(enterprise, sources.newest, listed),
        *fleet_columns(enterprise, listed, snapshot, sources.directory),
        *receivers,
        *count_columns(enterprise, listed),
        *health_columns(enterprise, health),
    ]
