"""Operations over the API: ordered, watched, steered, removed."""

from __future__ import annotations

from daemon.fleet.events import FileFetched
from daemon.fleet.records import Role
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.operators_desk import DeskWithFleet

PATH = "/api/v1/operations"
RESTART = {"kind": "restart", "macs": [MAC, OTHER_MAC]}


def a_desk() -> DeskWithFleet:
    contact = "sip:2041@10.1.2.7"
    return DeskWithFleet(record(contact=contact), record(OTHER_MAC, number="2042", contact=contact))


def time_passes(desk: DeskWithFleet) -> None:
    """What is due now is done."""
    desk.fleet.expire(desk.clock.now() + 1)


async def test_an_operation_is_ordered_watched_and_removed() -> None:
    desk = a_desk()
    async with desk.script(Role.OPERATOR) as client:
        ordered = await client.post(PATH, json={**RESTART, "filter": {}})
        assert ordered.status_code == 202, ordered.text
        assert (ordered.json()["id"], ordered.json()["devices"], ordered.json()["delay"]) == (1, 2, 120.0)
        time_passes(desk)
        seen = (await client.get(f"{PATH}/1", params={"step": "ASKED", "limit": "1"})).json()
        assert (seen["state"], seen["steps"], seen["next"] is not None) == ("RUNNING", {"ASKED": 2}, True)
        (item,) = seen["items"]
        assert (item["mac"], item["waits_for"], item["way"]) == (OTHER_MAC, "DELIVERED", "check-sync")
        assert item["web_admin_url"] == "http://10.1.2.7/"
        assert (await client.delete(f"{PATH}/1")).status_code == 409
        for mac in (MAC, OTHER_MAC):
            desk.deliver(FileFetched(mac, "config", "10.1.2.7", "", "", complete=True, with_secret=False))
        listed = (await client.get(PATH, params={"state": "finished"})).json()["items"]
        assert [(entry["id"], entry["steps"]) for entry in listed] == [(1, {"PROVED": 2})]
        assert (await client.delete(f"{PATH}/1")).status_code == 204
        assert (await client.get(f"{PATH}/1")).status_code == 404


async def test_an_operation_is_paused_resumed_and_cancelled() -> None:
    desk = a_desk()
    async with desk.script(Role.OPERATOR) as client:
        await client.post(PATH, json={**RESTART, "batch": 1})
        assert (await client.post(f"{PATH}/1/pause")).json()["state"] == "PAUSED"
        assert (await client.post(f"{PATH}/1/resume")).json()["state"] == "SCHEDULED"
        cancelled = (await client.post(f"{PATH}/1/cancel")).json()
        assert (cancelled["state"], cancelled["steps"]) == ("CANCELLED", {"CANCELLED": 2})
        assert (await client.post(f"{PATH}/1/resume")).status_code == 409
        assert (await client.post(f"{PATH}/9/pause")).status_code == 404


async def test_who_may_only_look_orders_nothing() -> None:
    async with a_desk().script(Role.MONITOR) as client:
        assert (await client.post(PATH, json=RESTART)).status_code == 403
        assert (await client.get(PATH)).status_code == 200


async def test_only_the_operations_that_are_meant_are_listed() -> None:
    desk = a_desk()
    async with desk.script(Role.OPERATOR) as client:
        for nickname in "ab":
            await client.post(PATH, json={"kind": "nickname", "macs": [MAC], "parameters": {"nickname": nickname}})
        found = (await client.get(PATH, params={"sort": "-id"})).json()["items"]
        assert [entry["parameters"]["nickname"] for entry in found] == ["b", "a"]
        assert [entry["id"] for entry in (await client.get(PATH, params={"id": "2"})).json()["items"]] == [2]
