from __future__ import annotations

from daemon.fleet.events import AlertsHeard
from daemon.fleet.notifications import Severity
from daemon.fleet.records import Role
from tests.support.builders import MAC, OTHER_MAC, alert, record
from tests.support.operators_desk import DeskWithFleet

CONTRACT = {
    "id", "sequence", "source", "device", "name", "severity", "description", "event_type", "probable_cause",
    "additional_info", "raised_at", "updated_at",
}  # fmt: skip


async def test_an_alarm_has_the_fields_of_the_contract() -> None:
    desk = DeskWithFleet(record())
    desk.deliver(AlertsHeard(MAC, (alert(),), "10.1.2.7", with_secret=True))
    async with desk.script(Role.MONITOR) as client:
        items = (await client.get("/api/v1/alarms")).json()["items"]

    assert len(items) == 1
    assert set(items[0]) >= CONTRACT
    assert (items[0]["severity"], items[0]["device"]) == ("CRITICAL", MAC)


async def test_alarms_sort_by_how_bad_they_are_and_filter_by_its_name() -> None:
    desk = DeskWithFleet(record(), record(OTHER_MAC, number="2042"))
    minor = alert("IPPHONE GENERAL LOCAL EVENT", Severity.MINOR)
    desk.deliver(AlertsHeard(MAC, (minor,), "10.1.2.7", with_secret=True))
    desk.deliver(AlertsHeard(OTHER_MAC, (alert(),), "10.1.2.8", with_secret=True))
    async with desk.script(Role.MONITOR) as client:
        worst = (await client.get("/api/v1/alarms?sort=-severity")).json()["items"]
        minors = (await client.get("/api/v1/alarms?severity=minor")).json()["items"]

    assert [alarm["severity"] for alarm in worst] == ["CRITICAL", "MINOR"]
    assert [alarm["device"] for alarm in minors] == [MAC]
