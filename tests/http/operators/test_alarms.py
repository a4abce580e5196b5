from __future__ import annotations

import pytest

from daemon.fleet.acts import AlarmAcknowledged, AlarmDeleted
from daemon.fleet.events import AlertsHeard, KeepAliveHeard
from daemon.fleet.notifications import Severity
from daemon.fleet.records import Role
from daemon.http.operators import alarms
from tests.support.builders import MAC, OTHER_MAC, alert, record, report
from tests.support.operators_desk import DeskWithFleet

CONTRACT = {
    "id", "sequence", "source", "device", "name", "severity", "description", "event_type", "probable_cause",
    "additional_info", "raised_at", "updated_at", "tenant", "site", "telling", "known", "parent", "raises",
    "acknowledged_by", "acknowledged_at", "note", "action",
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


def with_two_alarms() -> DeskWithFleet:
    """Alice's phone has a minor alarm, Bob's a critical one."""
    desk = DeskWithFleet(record(site="hq"), record(OTHER_MAC, number="2042"))
    minor = alert("IPPHONE GENERAL LOCAL EVENT", Severity.MINOR)
    desk.deliver(AlertsHeard(MAC, (minor,), "10.1.2.7", with_secret=True))
    desk.deliver(AlertsHeard(OTHER_MAC, (alert(),), "10.1.2.8", with_secret=True))
    desk.deliver(KeepAliveHeard(MAC, report(), "10.1.2.7", with_secret=True))
    desk.heard.clear()
    return desk


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=generallocal", [MAC]),
        ("search=00:90:8F:48:67:AF", [MAC]),
        ("search=10.1.2.7", [MAC]),
        ("search=nobody", []),
        ("ip=10.1.2.7", [MAC]),
        ("site=acme/hq", [MAC]),
        ("device=00-90-8F-48-67-AF", [MAC]),
        ("known=true&sort=severity", [MAC, OTHER_MAC]),
        ("telling=shelved", []),
        ("acknowledged_by=&sort=-severity", [OTHER_MAC, MAC]),
    ],
)
async def test_alarms_are_found_by_name_mac_address_and_every_field(query: str, found: list[str]) -> None:
    async with with_two_alarms().script(Role.MONITOR) as client:
        items = (await client.get(f"/api/v1/alarms?{query}")).json()["items"]
    assert [alarm["device"] for alarm in items] == found


async def test_one_alarm_says_who_is_told_and_what_to_do() -> None:
    desk = with_two_alarms()
    (identity,) = (alarm.id for alarm in desk.fleet.alarms.values() if alarm.device == MAC)
    async with desk.script(Role.MONITOR) as client:
        alarm = (await client.get(f"/api/v1/alarms/{identity}")).json()
        missing = await client.get("/api/v1/alarms/0123")

    assert (alarm["site"], alarm["ip"], alarm["telling"], alarm["raises"]) == ("acme/hq", "10.1.2.7", "told", 1)
    assert alarm["action"] == "Look the code up in the phone's manual."
    assert missing.status_code == 404
    assert "/api/v1/alarms/history" in missing.json()["detail"]


async def test_an_alarm_is_acknowledged_with_a_note_and_that_is_taken_back() -> None:
    desk = with_two_alarms()
    identity = min(desk.fleet.alarms)
    path = f"/api/v1/alarms/{identity}/acknowledge"
    async with desk.script(Role.OPERATOR) as client:
        taken = (await client.post(path, json={"note": "ticket 17"})).json()
        assert (taken["acknowledged_by"], taken["note"]) == ("operator", "ticket 17")
        assert taken["acknowledged_at"] is not None
        assert (await client.get("/api/v1/alarms?acknowledged_by=operator")).json()["items"] == [taken]
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(f"/api/v1/alarms/{identity}")).json()["acknowledged_by"] == ""
        assert (await client.post(path, json={"note": "x" * 300})).status_code == 422
        assert (await client.post("/api/v1/alarms/none/acknowledge", json={})).status_code == 404
        assert (await client.delete("/api/v1/alarms/none/acknowledge")).status_code == 404
    assert desk.heard == [
        AlarmAcknowledged(identity, "ticket 17", "operator"),
        AlarmAcknowledged(identity, "", "operator", taken_back=True),
    ]


@pytest.mark.parametrize(("filtered", "count"), [({}, 2), ({"severity": ["CRITICAL", "MAJOR"]}, 1), ({"name": "x"}, 0)])
async def test_many_are_acknowledged_by_a_filter(filtered: dict[str, object], count: int) -> None:
    desk = with_two_alarms()
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post("/api/v1/alarms/acknowledge", json={"filter": filtered, "note": "seen"})
    assert len(answer.json()["ids"]) == count
    assert sum(alarm.note == "seen" for alarm in desk.fleet.alarms.values()) == count


async def test_of_those_that_are_named_the_answer_has_what_is_still_active() -> None:
    desk = with_two_alarms()
    identity = min(desk.fleet.alarms)
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post("/api/v1/alarms/acknowledge", json={"ids": ["gone", *[identity] * 99]})
    assert answer.json() == {"ids": [identity]}


@pytest.mark.parametrize(
    "body", [{}, {"ids": []}, {"ids": ["a"], "filter": {}}, {"filter": {"limit": "1"}}, {"filter": {"colour": "red"}}]
)
async def test_it_must_be_said_which_alarms_are_meant(body: dict[str, object]) -> None:
    desk = with_two_alarms()
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post("/api/v1/alarms/acknowledge", json=body)
    assert answer.status_code == 422
    assert desk.heard == []


async def test_more_alarms_than_one_request_may_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarms, "MOST", 1)
    desk = with_two_alarms()
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post("/api/v1/alarms/acknowledge", json={"filter": {}})
    assert (answer.status_code, answer.json()["detail"]) == (422, "more than 1 alarms fit: narrow the filter")


async def test_an_alarm_whose_clear_will_not_come_is_deleted() -> None:
    desk = with_two_alarms()
    identity = min(desk.fleet.alarms)
    async with desk.script(Role.OPERATOR) as client:
        assert (await client.delete(f"/api/v1/alarms/{identity}")).status_code == 204
        assert (await client.delete(f"/api/v1/alarms/{identity}")).status_code == 404
    assert desk.heard == [AlarmDeleted(identity, "operator")]
    assert [past.reason for past in desk.past_alarms] == ["deleted by operator"]


async def test_who_may_only_look_does_not_act_and_nothing_is_said_before_it_is_durable() -> None:
    desk = with_two_alarms()
    path = f"/api/v1/alarms/{min(desk.fleet.alarms)}"
    async with desk.script(Role.MONITOR) as client:
        assert (await client.post(f"{path}/acknowledge", json={})).status_code == 403
        assert (await client.post("/api/v1/alarms/acknowledge", json={"filter": {}})).status_code == 403
        assert (await client.delete(path)).status_code == 403
    desk.disk_full = True
    async with desk.script(Role.OPERATOR) as client:
        assert (await client.post(f"{path}/acknowledge", json={})).status_code == 503
        assert (await client.post("/api/v1/alarms/acknowledge", json={"filter": {}})).status_code == 503
        assert (await client.delete(path)).status_code == 503
