"""All files made ahead of their asking, and those that cannot be made named."""

from __future__ import annotations

import json

from daemon.fleet.acts import InventoryApplied
from daemon.fleet.model import Mac
from daemon.fleet.records import Role
from tests.support.builders import MAC, OTHER_MAC, inventory, record
from tests.support.operators_desk import DeskWithFleet


async def test_every_file_is_made_and_those_that_cannot_be_are_named() -> None:
    desk = DeskWithFleet(record(), record(OTHER_MAC, number="2042", template="lobby"))
    async with desk.script(Role.OPERATOR) as script:
        answer = await script.post("/api/v1/files/generate")
        one = await script.post("/api/v1/files/generate", params={"mac": MAC})
    told = json.loads(answer.text.splitlines()[-1])
    assert (told["done"], told["total"], told["failed"]) == (2, 2, 1)
    assert told["faults"][0].startswith(f"{OTHER_MAC}: ")
    assert "is chosen, but not there" in told["faults"][0]
    assert json.loads(one.text)["total"] == 1


async def test_progress_is_told_on_the_way() -> None:
    desk = DeskWithFleet()
    for first in range(0, 1001, 91):
        records = (record(Mac(f"00908f{number:06x}"), number=str(number)) for number in range(first, first + 91))
        desk.deliver(InventoryApplied(inventory(*records), "ops"))
    async with desk.script(Role.OPERATOR) as script:
        lines = (await script.post("/api/v1/files/generate")).text.splitlines()
    assert [json.loads(line)["done"] for line in lines] == [500, 1000, 1001]
    assert desk.provisioner.statistics().cached_bytes > 1001 * 500


async def test_a_monitor_may_not() -> None:
    desk = DeskWithFleet()
    async with desk.script(Role.MONITOR) as script:
        assert (await script.post("/api/v1/files/generate")).status_code == 403
