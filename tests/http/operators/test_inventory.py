from __future__ import annotations

from daemon.fleet.acts import InventoryApplied
from daemon.fleet.records import Role
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.operators_desk import DeskWithFleet

PATH = "/api/v1/inventory"
GOOD = f"devices: [{{mac: {OTHER_MAC}, model: 450HD, tenant: acme, number: '2042'}}]\n"


async def test_an_inventory_is_applied_and_weighed() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(PATH, content=GOOD)

    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "applied": True,
        "tenants": 0,
        "servers": 0,
        "devices": 1,
        "new_devices": 1,
        "numbers": 0,
        "connections": 0,
        "users": 0,
    }
    assert desk.fleet.device(OTHER_MAC) is not None
    assert [type(event) for event in desk.heard] == [InventoryApplied]


async def test_a_dry_run_changes_nothing() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(f"{PATH}?dry_run=true", content=GOOD)

    assert answer.json()["applied"] is False
    assert desk.heard == []


async def test_a_dry_run_says_what_the_fleet_would_refuse() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answers = [
            await client.post(PATH + query, content=GOOD.replace("acme", "nobody")) for query in ("?dry_run=true", "")
        ]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert answers[0].json() == answers[1].json()


async def test_every_fault_is_named_with_its_line() -> None:
    desk = DeskWithFleet(record())
    text = "devices:\n  - {mac: nonsense, model: 420HD}\n  - {mac: 00908f000009, colour: red}\n"
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(PATH, content=text)

    assert answer.status_code == 422
    assert [error["line"] for error in answer.json()["errors"]] == [2, 3]
    assert desk.heard == []


async def test_what_is_no_text_is_refused() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(PATH, content=b"\xff\xfe\x00")

    assert answer.status_code == 422


async def test_what_is_exported_can_be_imported_and_holds_no_password() -> None:
    desk = DeskWithFleet(record(sip_password="sealed-text"))
    async with desk.script(Role.OPERATOR) as client:
        exported = await client.get(PATH)
        again = await client.post(PATH, content=exported.text)

    assert exported.headers["content-type"].startswith("application/yaml")
    assert MAC in exported.text
    assert "sealed-text" not in exported.text
    assert again.status_code == 200, again.text
    kept = desk.fleet.device(MAC)
    assert kept is not None
    assert kept.record.sip_password == "sealed-text"
