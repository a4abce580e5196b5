from __future__ import annotations

from daemon.fleet.records import Role
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.operators_desk import DeskWithFleet


async def test_a_phone_takes_anothers_place_and_the_old_one_is_gone() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(f"/api/v1/devices/{MAC}/swap", json={"to": "00:90:8F:00:00:02"})
        assert (answer.status_code, answer.json()["mac"], answer.json()["number"]) == (200, OTHER_MAC, "2041")
        assert (await client.get(f"/api/v1/devices/{MAC}")).status_code == 404


async def test_what_cannot_be_swapped_is_said() -> None:
    desk = DeskWithFleet(record(), record(OTHER_MAC, number="2042"))
    async with desk.script(Role.OPERATOR) as client:
        path = f"/api/v1/devices/{MAC}/swap"
        assert (await client.post(path, json={"to": "nobody"})).status_code == 422
        assert (await client.post(path, json={"to": OTHER_MAC})).status_code == 409
        assert (await client.post("/api/v1/devices/00908fffffff/swap", json={"to": OTHER_MAC})).status_code == 404
