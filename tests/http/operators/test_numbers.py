from __future__ import annotations

from daemon.fleet.acts import DeviceDeleted
from daemon.fleet.records import Role
from tests.support.builders import MAC, record
from tests.support.operators_desk import DeskWithFleet


async def test_a_number_in_use_names_its_device() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.MONITOR) as client:
        shown = (await client.get("/api/v1/numbers/2041")).json()
        found = (await client.get("/api/v1/numbers?status=Used")).json()

    assert set(shown) == {"number", "status", "usage", "vendor", "device", "tag", "release_date"}
    assert (shown["status"], shown["device"], shown["release_date"]) == ("Used", MAC, None)
    assert found == {"items": [shown], "next": None}


async def test_a_cooling_number_says_until_when() -> None:
    desk = DeskWithFleet(record())
    desk.deliver(DeviceDeleted(MAC, "test"))
    async with desk.script(Role.MONITOR) as client:
        shown = (await client.get("/api/v1/numbers/2041")).json()

    assert shown["status"] == "Cooling"
    assert shown["release_date"].endswith("Z")
