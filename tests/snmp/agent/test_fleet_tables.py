"""What stands in the tables."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.fleet.model import Mac, Presence, Reachability, Status
from daemon.fleet.notifications import Severity, Telling
from daemon.snmp import ber, mib
from daemon.snmp.agent.fleet_tables import Waiting, fleet_columns, receiver_columns
from daemon.snmp.agent.mib_values import NO_TIME, moment
from daemon.snmp.agent.snapshot import ALL, Snapshot, device_index
from daemon.snmp.agent.tables import Column
from daemon.snmp.ber import Oid, Syntax
from tests.support.agent_peers import PlainFleet, a_device, alarm, tenant
from tests.support.builders import report

MAC = "00908f000001"


def row(table: mib.Table, columns: list[Column[Any]], index: Oid) -> dict[str, bytes]:
    """Name -> value of one row."""
    names = {mib.column(32473, table, each): each.name for each in table.columns}
    found = {names[column.oid]: column.get(index) for column in columns if column.oid in names}
    return {name: value for name, value in found.items() if value is not None}


def shown(fleet: PlainFleet) -> list[Column[Any]]:
    """All columns of a fleet, looked at once."""
    snapshot = Snapshot(fleet)
    snapshot.apply([ALL])
    list(snapshot.renew(0.0))
    return fleet_columns(32473, snapshot.listed(ALL), snapshot, fleet)


def octets(value: str) -> bytes:
    return ber.wrap(Syntax.OCTETS, value.encode())


def natural(value: int) -> bytes:
    return ber.integer(value, Syntax.UNSIGNED)


def test_a_phone_is_told_with_all_that_is_known_of_it() -> None:
    device = a_device(MAC, site="hq", user="a" * 200)
    device.report, device.last_seen = report(), 1_800_000_000.0
    device.reachability, device.presence, device.status = Reachability.OK, Presence.REGISTERED, Status.OK
    device.status_reason = "all is well"
    device.round_trips.add(0.0123, 1.0)
    fleet = PlainFleet(device)
    fleet.alarms = {"a": alarm("a", device=Mac(MAC), severity=Severity.MINOR)}
    assert row(mib.DEVICES, shown(fleet), device_index(device)) == {
        "rkDevModel": octets("420HD"),
        "rkDevTenant": octets("acme"),
        "rkDevSite": octets("hq"),
        "rkDevUser": octets("a" * 128),
        "rkDevNumber": octets("2041"),
        "rkDevFirmware": octets("2.2.16"),
        "rkDevAddress": octets("10.1.2.7"),
        "rkDevReachability": ber.integer(1),
        "rkDevPresence": ber.integer(2),
        "rkDevStatus": ber.integer(1),
        "rkDevStatusReason": octets("all is well"),
        "rkDevRoundTrip": natural(12),
        "rkDevLastSeen": moment(1_800_000_000.0),
        "rkDevWorstAlarm": ber.integer(5),
    }


def test_what_is_not_known_of_a_phone_has_a_value_that_says_so() -> None:
    device = a_device(MAC)
    found = row(mib.DEVICES, shown(PlainFleet(device)), device_index(device))
    assert len(found) == len(mib.DEVICES.columns) - 1
    assert found["rkDevAddress"] == octets("")
    assert found["rkDevRoundTrip"] == natural(0)
    assert found["rkDevLastSeen"] == NO_TIME
    assert found["rkDevWorstAlarm"] == ber.integer(1)


@pytest.mark.parametrize(("seconds", "told"), [(0.0001, 1), (0.0016, 2), (1.5, 1500)])
def test_a_round_trip_is_at_least_a_millisecond(seconds: float, told: int) -> None:
    device = a_device(MAC)
    device.round_trips.add(seconds, 1.0)
    assert row(mib.DEVICES, shown(PlainFleet(device)), device_index(device))["rkDevRoundTrip"] == natural(told)


def test_a_site_counts_its_phones() -> None:
    sick = a_device("00908f000002", site="hq")
    sick.status = Status.ERROR
    fleet = PlainFleet(a_device(MAC, site="hq"), sick)
    fleet.tenants = {"acme": tenant("acme", "hq", "lab")}
    fleet.alarms = {"a": alarm("a", name="siteDown", site="acme/hq")}
    columns = shown(fleet)
    assert row(mib.SITES, columns, (4, *b"acme", 2, *b"hq")) == {
        "rkSiteDevices": natural(2),
        "rkSiteDevicesOk": natural(0),
        "rkSiteDevicesWarning": natural(0),
        "rkSiteDevicesError": natural(1),
        "rkSiteDevicesUnmonitored": natural(1),
        "rkSiteDown": ber.integer(1),
    }
    empty = row(mib.SITES, columns, (4, *b"acme", 3, *b"lab"))
    assert (empty["rkSiteDevices"], empty["rkSiteDown"]) == (natural(0), ber.integer(2))


def test_an_active_alarm_is_told_with_all_its_particulars() -> None:
    fleet = PlainFleet()
    fleet.alarms = {
        "a": alarm(
            "a", device=Mac(MAC), additional_info=("x", "", "y"), telling=Telling.FOLDED, acknowledged_by="alice"
        )
    }
    columns = shown(fleet)
    assert row(mib.ALARMS, columns, (1,)) == {
        "rkActiveId": octets("a"),
        "rkActiveName": octets("deviceUnreachable"),
        "rkActiveSource": octets("10.1.2.7"),
        "rkActiveDevice": ber.wrap(Syntax.OCTETS, bytes.fromhex(MAC)),
        "rkActiveTenant": octets("acme"),
        "rkActiveSeverity": ber.integer(4),
        "rkActiveEventType": ber.integer(2),
        "rkActiveProbableCause": ber.integer(527),
        "rkActiveText": octets("gone"),
        "rkActiveInfo": octets("x; y"),
        "rkActiveRaised": moment(1.0),
        "rkActiveUpdated": moment(2.0),
        "rkActiveTelling": ber.integer(3),
        "rkActiveAcknowledged": ber.integer(1),
    }
    fleet.alarms["a"] = alarm("a", probable_cause=99_999)
    assert row(mib.ALARMS, columns, (1,))["rkActiveProbableCause"] == ber.integer(1024)
    fleet.alarms.clear()
    assert row(mib.ALARMS, columns, (1,)) == {}


def test_receivers_are_looked_up_whenever_somebody_asks() -> None:
    receivers = [Waiting("nms:162/ringkeeper", 2, 2**32 + 41, 1, 7.5)]
    columns = receiver_columns(32473, lambda: receivers)
    index = (len(receivers[0].name), *receivers[0].name.encode())
    assert row(mib.RECEIVERS, columns, index) == {
        "rkReceiverWaiting": natural(2),
        "rkReceiverLastNumber": natural(41),
        "rkReceiverDropped": ber.integer(1, Syntax.COUNTER32),
        "rkReceiverOldest": natural(7),
    }
    receivers[:] = [Waiting("x" * 116, 0, 0, 0, 0.0), Waiting("mail", 0, 0, 0, 0.0)]
    assert row(mib.RECEIVERS, columns, index) == {}
    assert len([cell for column in columns for cell in column.cells(None, (), None)]) == len(columns)
