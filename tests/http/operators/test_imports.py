from __future__ import annotations

import json

import httpx

from daemon.exchange.bundle import pack
from daemon.fleet.acts import InventoryApplied
from daemon.fleet.records import Inventory, Role, User
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.operators_desk import DeskWithFleet
from tests.support.provisioned import SEALER

PATH = "/api/v1/imports"
GOOD = f"Name,Password,Tenant,MAC,Model\nbob,0123,acme,{OTHER_MAC},450HD\n"
BAD = f"{GOOD}carol,,acme,nonsense,\ndave,,nobody,00908f000003,\n"
CSV = {"Content-Type": "text/csv"}
NDJSON = {**CSV, "Accept": "application/x-ndjson"}


async def sent(desk: DeskWithFleet, content: str | bytes, query: str = "", **headers: str) -> httpx.Response:
    async with desk.script(Role.OPERATOR) as client:
        return await client.post(PATH + query, content=content, headers={**CSV, **headers})


async def test_users_and_devices_are_taken_from_a_table() -> None:
    desk = DeskWithFleet(record())
    answer = await sent(desk, GOOD, "?file=users.csv")
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["state"], said["file"], said["rows"]) == ("done", "users.csv", 1)
    assert (said["users"], said["devices"], said["new_devices"]) == (1, 1, 1)
    device = desk.fleet.device(OTHER_MAC)
    assert device is not None
    assert SEALER.open(device.record.sip_password) == "0123"
    assert desk.fleet.users["acme/bob"].sip_password == device.record.sip_password


async def test_what_the_file_and_the_fleet_object_to_is_told_with_its_line() -> None:
    desk = DeskWithFleet(record())
    in_file, in_fleet = await sent(desk, BAD), await sent(desk, GOOD.replace("acme", "nobody"))
    assert (in_file.status_code, in_fleet.status_code) == (422, 422)
    assert [(error["line"], error["key"]) for error in in_file.json()["errors"]] == [(3, "MAC")]
    assert [(error["line"], error["key"]) for error in in_fleet.json()["errors"]] == [
        (2, "user nobody/bob"),
        (2, f"device {OTHER_MAC}"),
    ]
    assert desk.heard == []


async def test_a_partial_one_takes_the_good_lines_and_names_the_bad() -> None:
    desk = DeskWithFleet(record())
    answer = await sent(desk, BAD, "?partial=true")
    assert answer.status_code == 200, answer.text
    assert [error["line"] for error in answer.json()["faults"]] == [3, 4]
    assert [device.mac for device in desk.fleet.devices()] == [MAC, OTHER_MAC]


async def test_a_dry_run_changes_nothing() -> None:
    desk = DeskWithFleet(record())
    assert (await sent(desk, GOOD, "?dry_run=true")).json()["new_devices"] == 1
    assert (await sent(desk, BAD, "?dry_run=true")).status_code == 422
    assert desk.heard == []


async def test_whoever_watches_gets_lines_and_the_result_last() -> None:
    desk = DeskWithFleet(record())
    answer = await sent(desk, GOOD, **NDJSON)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert (lines[0]["state"], lines[-1]["state"], lines[-1]["done"]) == ("checking", "done", 2)
    refused = await sent(desk, BAD, **NDJSON)
    assert json.loads(refused.text.splitlines()[-1])["state"] == "refused"
    async with desk.script(Role.MONITOR) as client:
        seen = (await client.get(PATH)).json()["items"]
        assert [item["state"] for item in seen] == ["refused", "done"]
        assert (await client.get(f"{PATH}/1")).json() == lines[-1]
        assert (await client.get(f"{PATH}/99")).status_code == 404


async def test_a_disk_that_does_not_take_it_is_told() -> None:
    desk = DeskWithFleet(record())
    desk.disk_full = True
    assert (await sent(desk, GOOD)).status_code == 503
    watched = await sent(desk, GOOD, **NDJSON)
    assert "no space left" in watched.text.splitlines()[-1]


async def test_an_archive_brings_what_users_set_and_gives_it_back() -> None:
    desk = DeskWithFleet(record())
    line = "personal_settings/functional_key/0/speed_dial_number=2042\n"
    assert (await sent(desk, pack(GOOD, {OTHER_MAC: line}))).status_code == 200
    assert SEALER.open(desk.fleet.documents[f"user/{OTHER_MAC}"].body) == line
    async with desk.script(Role.ADMINISTRATOR) as client:
        archive = (await client.get("/api/v1/exports/users.zip?secrets=true")).content
    desk.heard.clear()
    again = await sent(desk, archive)
    assert again.json()["warnings"] == []
    assert desk.fleet.documents[f"user/{OTHER_MAC}"].version == 1


async def test_an_inventory_is_taken_too_and_never_in_part() -> None:
    desk, yaml = DeskWithFleet(record()), {"Content-Type": "application/yaml"}
    text = f"users: [{{name: bob, tenant: acme}}]\ndevices: [{{mac: {OTHER_MAC}, user: bob, tenant: acme}}]\n"
    assert (await sent(desk, text, **yaml)).json()["devices"] == 1
    assert "acme/bob" in desk.fleet.users
    assert (await sent(desk, text, "?partial=true", **yaml)).status_code == 422
    assert (await sent(desk, "devices: 7", **yaml)).json()["errors"][0]["line"] == 1


async def test_passwords_leave_for_administrators_who_ask() -> None:
    desk = DeskWithFleet(record(sip_password=SEALER.seal("hush")))
    desk.deliver(InventoryApplied(Inventory(users=(User("alice", "acme"),)), "test"))
    for path in ("/api/v1/exports/users.csv", "/api/v1/inventory"):
        async with desk.script(Role.OPERATOR) as client:
            assert "hush" not in (await client.get(path)).text
            assert (await client.get(f"{path}?secrets=true")).status_code == 403
        async with desk.script(Role.ADMINISTRATOR) as client:
            assert "hush" in (await client.get(f"{path}?secrets=true")).text
