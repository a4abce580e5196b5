"""What stands in the scalars."""

from __future__ import annotations

from typing import Any

from daemon.snmp import ber, mib, oids
from daemon.snmp.agent.scalars import (
    SNMP,
    Identity,
    Newest,
    Traffic,
    count_columns,
    health_columns,
    notification_columns,
    snmp_columns,
    system_columns,
)
from daemon.snmp.agent.snapshot import ALL, Snapshot
from daemon.snmp.agent.tables import Column
from daemon.snmp.ber import Oid, Syntax
from daemon.snmp.sending.traps import notification_to_trap
from tests.support.agent_peers import HEALTH, PlainFleet, a_device
from tests.support.notifications import a_notification

ACME, BETA = frozenset({"acme"}), frozenset({"beta"})


def values(columns: list[Column[Any]]) -> dict[Oid, bytes]:
    """Object -> value, of those that have one."""
    found = {column.oid: column.get((0,)) for column in columns}
    return {oid: value for oid, value in found.items() if value is not None}


def texts(value: str) -> bytes:
    return ber.wrap(Syntax.OCTETS, value.encode())


def test_the_system_group_says_who_this_is() -> None:
    found = values(system_columns(32473, Identity("here", "noc@example.net", "Hall 3"), lambda: HEALTH))
    assert {oid[-1]: value for oid, value in found.items()} == {
        1: texts("Ringkeeper 0.4.0"),
        2: ber.object_identifier(mib.agent_identity(32473)),
        3: ber.integer(6000, Syntax.TIME_TICKS),
        4: texts("noc@example.net"),
        5: texts("here"),
        6: texts("Hall 3"),
        7: ber.integer(72),
    }


def test_the_snmp_group_counts_what_came() -> None:
    found = values(snmp_columns(lambda: Traffic(9, 1, 2, 3, 4)))
    counted = {arc: found[*SNMP, arc] for arc in (1, 3, 4, 6, 31)}
    expected = {1: 9, 3: 1, 4: 2, 6: 3, 31: 4}
    assert counted == {arc: ber.integer(count, Syntax.COUNTER32) for arc, count in expected.items()}
    assert found[*SNMP, 30] == ber.integer(2)


def test_our_health_is_told() -> None:
    found = values(health_columns(32473, lambda: HEALTH))
    assert list(found.values()) == [
        texts("0.4.0"),
        ber.integer(6000, Syntax.TIME_TICKS),
        ber.integer(1),
        ber.integer(3, Syntax.UNSIGNED),
        ber.integer(2),
        ber.integer(2, Syntax.UNSIGNED),
        ber.integer(200, Syntax.UNSIGNED),
    ]


def test_each_state_is_counted_under_its_own_name() -> None:
    snapshot = Snapshot(PlainFleet(a_device("00908f000001"), a_device("00908f000002", tenant="beta")))
    snapshot.apply([ALL, BETA])
    list(snapshot.renew(0.0))

    def counted(scope: frozenset[str]) -> dict[str, int]:
        names = {mib.scalar(32473, mib.COUNTS, each): each.name for each in mib.COUNTS.scalars}
        found = values(count_columns(32473, snapshot.listed(scope)))
        return {names[oid]: value[-1] for oid, value in found.items() if value[-1]}

    states = ("rkCountDevices", "rkCountReachabilityNoStatus", "rkCountPresenceNeverSeen", "rkCountStatusUnmonitored")
    assert counted(ALL) == dict.fromkeys(states, 2)
    assert counted(BETA) == dict.fromkeys(states, 1)


def test_what_the_newest_notification_carried_can_be_read_by_whom_it_concerns() -> None:
    snapshot, newest = Snapshot(PlainFleet()), Newest()
    snapshot.apply([ALL, ACME, BETA])

    def read(scope: frozenset[str]) -> dict[Oid, bytes]:
        return values(notification_columns(32473, newest, snapshot.listed(scope)))

    assert read(ALL) == {}
    told = a_notification()
    newest.note(told)
    assert told.alarm.tenant == "acme"
    assert read(BETA) == {}
    assert read(ALL) == read(ACME)
    trap = notification_to_trap(told, "ringkeeper", 32473, 0.0, told.sequence)
    carried = trap.varbinds[2 : 2 + len(oids.OBJECTS)]
    assert list(read(ACME)) == [varbind.oid[:-1] for varbind in carried]
    assert read(ACME)[carried[3].oid[:-1]] == texts(told.alarm.name)
