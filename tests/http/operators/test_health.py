from __future__ import annotations

from tests.support.builders import MAC, record
from tests.support.operators_desk import DeskWithFleet


async def test_machines_that_watch_need_no_token() -> None:
    desk = DeskWithFleet(record())
    async with desk.script() as client:
        answers = [await client.get(path) for path in ("/metrics", "/-/healthy", "/-/ready")]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].text == "ringkeeper_up 1\n"
    assert answers[0].headers["content-type"].startswith("text/plain; version=0.0.4")
    assert MAC not in "".join(answer.text for answer in answers)


async def test_what_is_not_ready_says_why() -> None:
    desk = DeskWithFleet()
    desk.not_ready = ("the disk refuses writes",)
    async with desk.script() as client:
        ready, healthy = await client.get("/-/ready"), await client.get("/-/healthy")

    assert (ready.status_code, healthy.status_code) == (503, 200)
    assert "the disk refuses writes" in ready.json()["detail"]
