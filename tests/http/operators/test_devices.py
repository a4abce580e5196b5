from __future__ import annotations

from typing import Any

import pytest

from daemon.fleet.acts import DeviceArmed, DeviceDeleted, RequestQueued
from daemon.fleet.events import (
    KeepAliveHeard,
    ProbeAnswered,
    ProbeMissed,
    ProbesAnswered,
    Registered,
)
from daemon.fleet.model import DeviceRecord, Mac
from daemon.fleet.records import Role
from tests.support.builders import MAC, OTHER_MAC, binding, record, report
from tests.support.operators_desk import DeskWithFleet

DEVICES, DEVICE = "/api/v1/devices", f"/api/v1/devices/{MAC}"
CONTRACT = {
    "mac", "model", "tenant", "site", "user", "number", "firmware", "ip", "reachability", "presence", "status",
    "reason", "rtt_ms", "last_seen",
}  # fmt: skip


def _records(count: int) -> list[DeviceRecord]:
    """Devices with numbers and two models, in no particular order of MAC."""
    macs = [Mac(f"00908f{(i * 7919) % 65536:06x}") for i in range(count)]
    models = ("420HD", "450HD")
    return [record(mac, number=str(2000 + i), model=models[i % 2], site="hq") for i, mac in enumerate(macs)]


async def _get(desk: DeskWithFleet, path: str, role: Role = Role.MONITOR) -> Any:
    async with desk.script(role) as client:
        answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("limit", [1, 7, 40, 41])
async def test_paging_shows_every_device_exactly_once(limit: int) -> None:
    desk = DeskWithFleet(*_records(40))
    macs: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await _get(desk, f"{DEVICES}?limit={limit}&cursor={cursor}&sort=-number")
        macs += [item["mac"] for item in page["items"]]
        cursor = page["next"]

    assert sorted(macs) == sorted(device.mac for device in desk.fleet.devices())


async def test_a_device_has_the_fields_of_the_contract() -> None:
    desk = DeskWithFleet(record(site="hq"))
    desk.deliver(Registered(MAC, (binding(),), "pbx-a.example.net", "AUDC"))
    desk.deliver(KeepAliveHeard(MAC, report(), "10.1.2.7", with_secret=True))
    desk.deliver(ProbesAnswered((ProbeAnswered(MAC, 200, 0.0231),)))
    item = (await _get(desk, DEVICES))["items"][0]

    assert set(item) >= CONTRACT
    assert item["mac"] == MAC
    assert (item["reachability"], item["presence"], item["status"]) == ("OK", "REGISTERED", "OK")
    assert item["rtt_ms"] == 23.1
    assert item["last_seen"].endswith("Z")
    assert item["ip"] == "10.1.2.7"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("model=420HD", 2),
        ("model=420HD&model=450HD", 3),
        ("status=UNMONITORED&tenant=acme", 3),
        ("reachability=OK", 0),
        ("search=2001", 1),
        ("search=00:90:8f", 3),
        (f"mac={MAC.upper()}", 1),
        ("approved=true", 3),
        ("approved=false", 0),
        ("rtt_ms=", 3),
    ],
)
async def test_filters_and_search_leave_what_fits(query: str, found: int) -> None:
    desk = DeskWithFleet(
        record(MAC, number="2001"),
        record(OTHER_MAC, number="2002", model="450HD"),
        record(Mac("00908f000003"), number="2003"),
    )

    assert len((await _get(desk, f"{DEVICES}?{query}"))["items"]) == found


async def test_sorting_goes_both_ways() -> None:
    desk = DeskWithFleet(*_records(9))
    up = [item["number"] for item in (await _get(desk, f"{DEVICES}?sort=number"))["items"]]
    down = [item["number"] for item in (await _get(desk, f"{DEVICES}?sort=-number"))["items"]]

    assert up == sorted(up)
    assert down == up[::-1]


async def test_one_device_is_shown_with_reasons_report_contact_requests_and_timeline() -> None:
    desk = DeskWithFleet(record())
    desk.deliver(Registered(MAC, (binding(),), "pbx-a.example.net", "AUDC"))
    desk.deliver(KeepAliveHeard(MAC, report(vlan="120"), "10.1.2.7", with_secret=True))
    desk.deliver(RequestQueued(MAC, "reset_graceful", {}, 60.0, "test"))
    shown = await _get(desk, "/api/v1/devices/00:90:8F:48:67:AF")

    assert shown["reasons"]["presence"]["value"] == "REGISTERED"
    assert shown["reasons"]["presence"]["since"].endswith("Z")
    assert shown["contact"]["uri"] == "sip:2041@10.1.2.7:5060"
    assert shown["report"]["vlan"] == "120"
    assert [request["action"] for request in shown["requests"]] == ["reset_graceful"]
    assert {step["axis"] for step in shown["timeline"]} >= {"presence"}


async def test_a_device_tells_of_every_binding_and_how_its_pings_fare() -> None:
    desk = DeskWithFleet(record())
    lesser = binding(5061, q=0.5, instance="<urn:uuid:1>", reg_id=2)
    desk.deliver(Registered(MAC, (lesser, binding()), "pbx-a.example.net", "AUDC"))
    desk.deliver(ProbesAnswered((ProbeAnswered(MAC, 200, 0.02),)))
    desk.deliver(ProbeMissed(MAC, "timeout"))
    shown = await _get(desk, DEVICE)

    keys = ("uri", "transport", "q", "instance", "reg_id", "pinged", "source")
    assert [[each[key] for key in keys] for each in shown["bindings"]] == [
        ["sip:2041@10.1.2.7:5061", "udp", 0.5, "<urn:uuid:1>", 2, False, "registered"],
        ["sip:2041@10.1.2.7:5060", "udp", 1.0, "", 0, True, "registered"],
    ]
    assert (shown["contact"]["transport"], shown["contact"]["source"]) == ("udp", "registered")
    assert (shown["interval"], shown["pings"], shown["loss"], shown["rtt_history"]["samples"]) == (60.0, 2, 50.0, 1)


async def test_what_is_not_pinged_has_neither_interval_nor_loss() -> None:
    desk = DeskWithFleet(record())
    shown = await _get(desk, DEVICE)

    assert (shown["interval"], shown["pings"], shown["loss"], shown["bindings"]) == (None, 0, None, [])


async def test_no_password_is_ever_shown() -> None:
    desk = DeskWithFleet(record(sip_password="sealed-text"))

    assert "sealed-text" not in str(await _get(desk, DEVICE))


@pytest.mark.parametrize("name", [str(OTHER_MAC), "nonsense", "00908f4867a", "%2e%2e"])
async def test_a_device_that_is_not_there_is_not_found(name: str) -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answers = [
            await client.get(f"{DEVICES}/{name}"),
            await client.delete(f"{DEVICES}/{name}"),
            await client.post(f"{DEVICES}/{name}/arm"),
        ]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert desk.heard == []


async def test_deleting_is_acknowledged_once_it_is_stored() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.delete(DEVICE)
        again = await client.delete(DEVICE)

    assert (answer.status_code, answer.content, again.status_code) == (204, b"", 404)
    assert desk.heard == [DeviceDeleted(MAC, "operator")]


async def test_while_the_disk_is_full_nothing_is_acknowledged() -> None:
    desk = DeskWithFleet(record())
    desk.disk_full = True
    async with desk.script(Role.OPERATOR) as client:
        answers = [await client.delete(DEVICE)]

    assert [answer.status_code for answer in answers] == [503]
    assert int(answers[0].headers["retry-after"]) > 0


async def test_arming_opens_the_window() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(f"{DEVICE}/arm")

    assert answer.json()["armed_until"] is not None
    assert desk.heard == [DeviceArmed(MAC, "operator")]


async def test_what_the_rules_forbid_is_refused_with_reasons() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(f"{DEVICE}/approve", json={"tenant": "nobody"})

    assert answer.status_code == 409
    assert "nobody" in answer.json()["errors"][0]["wrong"]
