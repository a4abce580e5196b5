"""What RINGKEEPER-MIB holds besides what notifications carry: its tables and scalars by name, and their numbers.

Names and arcs alone; `etc/RINGKEEPER-MIB.txt` says the same in SMIv2, and a test holds the two together. What stands
in a cell is said in `fleet_tables` and `scalars`. Not here: the objects of notifications (`oids`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from daemon.fleet.model import Presence, Reachability, Status
from daemon.fleet.notifications import Telling
from daemon.snmp.ber import Oid
from daemon.snmp.oids import MibObject, ringkeeper_mib


@dataclass(frozen=True, slots=True)
class Table:
    """A table below rkObjects: its arc, how many columns are its index (not accessible), and all of its columns."""

    name: str
    arc: int
    index: int
    columns: tuple[MibObject, ...]

    def named(self, name: str) -> MibObject:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True, slots=True)
class Group:
    """Scalars that stand together below rkObjects."""

    name: str
    arc: int
    scalars: tuple[MibObject, ...]


def _numbered(*objects: str | tuple[str, int]) -> tuple[MibObject, ...]:
    """Objects in order, each with the next arc; a text with the most octets it has."""
    pairs = ((each, 0) if isinstance(each, str) else each for each in objects)
    return tuple(MibObject(name, arc, limit) for arc, (name, limit) in enumerate(pairs, start=1))


DEVICES = Table(
    "rkDevice",
    20,
    1,
    _numbered(
        "rkDevMac",
        ("rkDevModel", 64),
        ("rkDevTenant", 64),
        ("rkDevSite", 64),
        ("rkDevUser", 128),
        ("rkDevNumber", 64),
        ("rkDevFirmware", 64),
        ("rkDevAddress", 45),
        "rkDevReachability",
        "rkDevPresence",
        "rkDevStatus",
        ("rkDevStatusReason", 128),
        "rkDevRoundTrip",
        "rkDevLastSeen",
        "rkDevWorstAlarm",
    ),
)

# The longest names that an identifier of 128 arcs can hold beside the twelve of the column.
SITE_TENANT_LIMIT, SITE_NAME_LIMIT, RECEIVER_NAME_LIMIT = 63, 51, 115

SITES = Table(
    "rkSite",
    21,
    2,
    _numbered(
        ("rkSiteTenant", SITE_TENANT_LIMIT),
        ("rkSiteName", SITE_NAME_LIMIT),
        "rkSiteDevices",
        "rkSiteDevicesOk",
        "rkSiteDevicesWarning",
        "rkSiteDevicesError",
        "rkSiteDevicesUnmonitored",
        "rkSiteDown",
    ),
)

ALARMS = Table(
    "rkActiveAlarm",
    22,
    1,
    _numbered(
        "rkActiveIndex",
        ("rkActiveId", 128),
        ("rkActiveName", 64),
        ("rkActiveSource", 128),
        "rkActiveDevice",
        ("rkActiveTenant", 64),
        "rkActiveSeverity",
        "rkActiveEventType",
        "rkActiveProbableCause",
        ("rkActiveText", 255),
        ("rkActiveInfo", 255),
        "rkActiveRaised",
        "rkActiveUpdated",
        "rkActiveTelling",
        "rkActiveAcknowledged",
    ),
)

RECEIVERS = Table(
    "rkReceiver",
    23,
    1,
    _numbered(
        ("rkReceiverName", RECEIVER_NAME_LIMIT),
        "rkReceiverWaiting",
        "rkReceiverLastNumber",
        "rkReceiverDropped",
        "rkReceiverOldest",
    ),
)

TABLES = (DEVICES, SITES, ALARMS, RECEIVERS)

COUNTS = Group(
    "rkCounts",
    24,
    _numbered(
        "rkCountDevices",
        *(
            f"rkCountReachability{name}"
            for name in ("Ok", "Lagged", "Unreachable", "Unknown", "Unmonitored", "NoStatus")
        ),
        *(
            f"rkCountPresence{name}"
            for name in ("Started", "Registered", "Unregistered", "Offline", "Disconnected", "NeverSeen")
        ),
        *(f"rkCountStatus{name}" for name in ("Ok", "Warning", "Error", "Unmonitored")),
    ),
)

HEALTH = Group(
    "rkHealth",
    25,
    _numbered(
        ("rkVersion", 64), "rkUpTime", "rkReady", "rkStorePending", "rkStoreFailing", "rkLoopLag", "rkLoopLagWorst"
    ),
)

GROUPS = (COUNTS, HEALTH)

# The states, as their textual conventions number them: in the order in which the daemon's own nouns have them.
REACHABILITY: Mapping[Reachability, int] = MappingProxyType({s: n for n, s in enumerate(Reachability, start=1)})
PRESENCE: Mapping[Presence, int] = MappingProxyType({s: n for n, s in enumerate(Presence, start=1)})
STATUS: Mapping[Status, int] = MappingProxyType({s: n for n, s in enumerate(Status, start=1)})
TELLING: Mapping[Telling, int] = MappingProxyType({s: n for n, s in enumerate(Telling, start=1)})


def column(enterprise: int, table: Table, wanted: MibObject) -> Oid:
    """A column, to which a row's index is added."""
    return (*ringkeeper_mib(enterprise), 1, table.arc, 1, wanted.arc)


def scalar(enterprise: int, group: Group, wanted: MibObject) -> Oid:
    """A scalar, to which 0 is added."""
    return (*ringkeeper_mib(enterprise), 1, group.arc, wanted.arc)


def agent_identity(enterprise: int) -> Oid:
    """What sysObjectID says we are: rkDaemon."""
    return (*ringkeeper_mib(enterprise), 3)
