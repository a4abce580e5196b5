"""What stands in the scalars: the system and snmp groups of SNMPv2-MIB, our health and counts, the newest notification.

Not here: how they are walked (`tables`), which numbers names have (`mib`, `oids`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from daemon.fleet.model import Presence, Reachability, Status
from daemon.fleet.notifications import Notification
from daemon.snmp import ber, mib, oids
from daemon.snmp.agent.fleet_tables import Waiting
from daemon.snmp.agent.mib_values import counter, natural, text, ticks, truth
from daemon.snmp.agent.snapshot import Counts, Listed, Scope
from daemon.snmp.agent.tables import Column, scalar
from daemon.snmp.ber import Oid
from daemon.snmp.sending.traps import Varbind, notification_to_trap

SYSTEM: Oid = (1, 3, 6, 1, 2, 1, 1)
SNMP: Oid = (1, 3, 6, 1, 2, 1, 11)

_DISPLAY_LIMIT = 255  # octets of a DisplayString (RFC 2579)
_SERVICES = 72  # end-to-end and applications (RFC 3418, sysServices)
_TRAPS_DISABLED = ber.integer(2)  # snmpEnableAuthenTraps: a wrong community is told to nobody


@dataclass(frozen=True, slots=True)
class Health:
    """How this daemon is: `uptime` and lags in seconds; `receivers` are those of notifications."""

    version: str
    uptime: float
    ready: bool
    store_pending: int
    store_failing: bool
    loop_lag: float
    worst_loop_lag: float
    receivers: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """What operators decided that the system group says."""

    name: str
    contact: str
    location: str


@dataclass(frozen=True, slots=True)
class Traffic:
    """What arrived at the agent since its start."""

    packets: int
    bad_versions: int
    bad_communities: int
    parse_errors: int
    silent_drops: int


class Newest:
    """The newest notification of each tenant, for whoever reads of notifications what they carried."""

    def __init__(self) -> None:
        self._of_tenant: dict[str, Notification] = {}
        self._of_scope: dict[Scope, Notification | None] = {}  # as it was found, so that not every varbind looks

    def note(self, notification: Notification) -> None:
        """This one is told now."""
        self._of_tenant[notification.alarm.tenant] = notification
        self._of_scope.clear()

    def of(self, listed: Listed) -> Notification | None:
        """The newest that this scope may see, of those since the daemon's start."""
        if listed.scope not in self._of_scope:
            seen = (each for tenant, each in self._of_tenant.items() if listed.admits(tenant))
            self._of_scope[listed.scope] = max(seen, key=lambda notification: notification.sequence, default=None)
        return self._of_scope[listed.scope]


def system_columns(enterprise: int, identity: Identity, health: Callable[[], Health]) -> list[Column[Any]]:
    """The system group."""
    fixed: Mapping[int, bytes] = {
        2: ber.object_identifier(mib.agent_identity(enterprise)),
        4: text(identity.contact, _DISPLAY_LIMIT),
        5: text(identity.name, _DISPLAY_LIMIT),
        6: text(identity.location, _DISPLAY_LIMIT),
        7: ber.integer(_SERVICES),
    }
    return [
        scalar((*SYSTEM, 1), lambda: text(f"Ringkeeper {health().version}", _DISPLAY_LIMIT)),
        scalar((*SYSTEM, 3), lambda: ticks(health().uptime)),
        *(_fixed((*SYSTEM, arc), fixed[arc]) for arc in fixed),
    ]


def snmp_columns(traffic: Callable[[], Traffic]) -> list[Column[Any]]:
    """The snmp group, as far as RFC 3418 still has it."""
    counted: Mapping[int, Callable[[Traffic], int]] = {
        1: lambda seen: seen.packets,
        3: lambda seen: seen.bad_versions,
        4: lambda seen: seen.bad_communities,
        5: lambda _: 0,  # snmpInBadCommunityUses: no community may do less than another
        6: lambda seen: seen.parse_errors,
        31: lambda seen: seen.silent_drops,
        32: lambda _: 0,  # snmpProxyDrops: we are nobody's proxy
    }

    def reading(count: Callable[[Traffic], int]) -> Callable[[], bytes]:
        return lambda: counter(count(traffic()))

    columns = [scalar((*SNMP, arc), reading(count)) for arc, count in counted.items()]
    return [*columns, _fixed((*SNMP, 30), _TRAPS_DISABLED)]


def health_columns(enterprise: int, health: Callable[[], Health]) -> list[Column[Any]]:
    """How the daemon is."""
    read: Mapping[str, Callable[[Health], bytes]] = {
        "rkVersion": lambda now: text(now.version, 64),
        "rkUpTime": lambda now: ticks(now.uptime),
        "rkReady": lambda now: truth(now.ready),
        "rkStorePending": lambda now: natural(now.store_pending),
        "rkStoreFailing": lambda now: truth(now.store_failing),
        "rkLoopLag": lambda now: natural(round(now.loop_lag * 1000)),
        "rkLoopLagWorst": lambda now: natural(round(now.worst_loop_lag * 1000)),
    }
    wanted = {each.name: each for each in mib.HEALTH.scalars}

    def reading(name: str) -> Callable[[], bytes]:
        return lambda: read[name](health())

    return [scalar(mib.scalar(enterprise, mib.HEALTH, wanted[name]), reading(name)) for name in read]


def count_columns(enterprise: int, listed: Listed) -> list[Column[Any]]:
    """How many devices that this scope sees are in which state."""
    counted: list[Callable[[Counts], int]] = [
        *(partial(_of_reachability, state) for state in Reachability),
        *(partial(_of_presence, state) for state in Presence),
        *(partial(_of_status, state) for state in Status),
    ]

    def reading(count: Callable[[Counts], int]) -> Callable[[], bytes]:
        return lambda: natural(count(listed.counts))

    return [
        scalar(mib.scalar(enterprise, mib.COUNTS, each), reading(count))
        for each, count in zip(mib.COUNTS.scalars, [_of_all, *counted], strict=True)
    ]


def notification_columns(enterprise: int, newest: Newest, listed: Listed) -> list[Column[Any]]:
    """What the newest notification carried; nothing before the first since the daemon's start."""
    read: Notification | None = None
    carried: Mapping[Oid, bytes] = {}

    def look() -> Mapping[Oid, bytes]:
        """Encoded once for each notification, and not for each of the varbinds that may ask for it."""
        nonlocal read, carried
        notification = newest.of(listed)
        if notification is not read:
            read, carried = notification, _carried(notification, enterprise) if notification else {}
        return carried

    def reading(wanted: Oid) -> Callable[[], bytes | None]:
        return lambda: look().get(wanted)

    instances = (oids.ringkeeper_instance(enterprise, wanted) for wanted in oids.OBJECTS)
    return [scalar(instance[:-1], reading(instance)) for instance in instances]


def _of_all(counts: Counts) -> int:
    return sum(counts.status.values())


def _of_reachability(state: Reachability, counts: Counts) -> int:
    return counts.reachability.get(state, 0)


def _of_presence(state: Presence, counts: Counts) -> int:
    return counts.presence.get(state, 0)


def _of_status(state: Status, counts: Counts) -> int:
    return counts.status.get(state, 0)


def _carried(notification: Notification, enterprise: int) -> dict[Oid, bytes]:
    """Instance -> value. The number is that of the notification itself, which counts whoever was told."""
    trap = notification_to_trap(notification, "ringkeeper", enterprise, 0.0, notification.sequence)
    return {varbind.oid: _value(varbind) for varbind in trap.varbinds}


def _value(varbind: Varbind) -> bytes:
    if isinstance(varbind.value, int):
        return ber.integer(varbind.value, varbind.syntax)
    if isinstance(varbind.value, bytes):
        return ber.wrap(varbind.syntax, varbind.value)
    return ber.object_identifier(varbind.value)


def _fixed(oid: Oid, value: bytes) -> Column[int]:
    return scalar(oid, lambda: value)
